/** The nine faults: of each, what either end of each row should notice, and what else is claimed. */
import type { Role } from '../../src/events/host-names.ts'
import { type Mechanism, mechanisms } from '../../src/programs/scripts/host-messages.ts'
import { blip } from './cases/blip.ts'
import { cut } from './cases/cut.ts'
import { exit, kill } from './cases/ended.ts'
import { freeze } from './cases/freeze.ts'
import { none } from './cases/none.ts'
import { reboot } from './cases/reboot.ts'
import { reset } from './cases/reset.ts'
import { powerOff } from './cases/silent.ts'
import type { Expectation, Situation } from './expectations.ts'
import type { KeepaliveFault } from './faults.ts'
import type { FaultCase } from './struck.ts'

export const CASES: Readonly<Record<KeepaliveFault, FaultCase>> = {
  none,
  exit,
  kill,
  reset,
  reboot,
  'power-off': powerOff,
  cut,
  blip,
  freeze,
}

/** Which cell, and which of its two ends. */
export interface Place {
  fault: KeepaliveFault
  mechanism: Mechanism
  role: Role
  /** This end is on the host that the fault strikes. */
  struck: boolean
}

/** Whether the lab has such a cell. A log is a file, and names what it likes. */
export function hasCell(fault: string, mechanism: string): boolean {
  return Object.hasOwn(CASES, fault) && (mechanisms as readonly string[]).includes(mechanism)
}

/** The expectation for one end of one cell. */
export function expectationOf({ fault, mechanism, role, struck }: Place, measured: Situation): Expectation {
  return CASES[fault][struck ? 'struck' : 'other'][mechanism][role](measured)
}
