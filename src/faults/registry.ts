import { afterBytes } from './after-bytes.ts'
import { blip, cut } from './cut.ts'
import { delay } from './delay.ts'
import { duplication } from './duplication.ts'
import { exit } from './exit.ts'
import type { Fault } from './fault.ts'
import { freeze } from './freeze.ts'
import { hold } from './hold.ts'
import { jitter } from './jitter.ts'
import { kill } from './kill.ts'
import { lbForgets } from './lb-forgets.ts'
import { loss } from './loss.ts'
import { move } from './move.ts'
import { mtuBlackHole } from './mtu-black-hole.ts'
import { natForgets } from './nat-forgets.ts'
import { none } from './none.ts'
import { oneWay } from './one-way.ts'
import { powerOff } from './power-off.ts'
import { reboot } from './reboot.ts'
import { reject } from './reject.ts'
import { reordering } from './reordering.ts'
import { reset } from './reset.ts'

/** What can be wrong with the network between: of a cable, a router, a balancer, a firewall. In their default strength. */
export const wireFaults = {
  delay: delay(),
  jitter: jitter(),
  loss: loss(),
  duplication: duplication(),
  reordering: reordering(),
  hold,
  'one-way': oneWay,
  'after-bytes': afterBytes(),
  'mtu-black-hole': mtuBlackHole(),
  reject,
  'nat-forgets': natForgets,
  'lb-forgets': lbForgets(),
} as const satisfies Record<string, Fault>

/** Every fault, in the order in which people meet them: from what the peer says to what nobody says. */
export const faults = {
  none,
  exit,
  kill,
  reset,
  reboot,
  'power-off': powerOff,
  cut,
  blip,
  freeze,
  move: move(),
  ...wireFaults,
} as const satisfies Record<string, Fault>

export type FaultId = keyof typeof faults
