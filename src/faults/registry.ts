import { blip, cut } from './cut.ts'
import { exit } from './exit.ts'
import type { Fault } from './fault.ts'
import { freeze } from './freeze.ts'
import { kill } from './kill.ts'
import { none } from './none.ts'
import { powerOff } from './power-off.ts'
import { reboot } from './reboot.ts'
import { reset } from './reset.ts'

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
} as const satisfies Record<string, Fault>

export type FaultId = keyof typeof faults
