/** One strike, seen on one row: a cell of this lab, with the end that was struck and the one that has to find out. */
import { type HostSide, sideOf } from '../../src/events/host-names.ts'
import { Cell, type End } from '../../src/lab/cell.ts'
import type { Claims } from '../../src/lab/claims.ts'
import type { LabLog, Period, Strike } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import type { Mechanism } from '../../src/programs/scripts/host-messages.ts'
import type { Column } from './expectations.ts'

/** One fault: who notices what of it, and what else is claimed. */
export interface FaultCase {
  /** The end that has to find out, row by row. */
  readonly other: Column
  /** The end on the struck host. */
  readonly struck: Column
  /** Beyond who notices, in the order of time; only of whole runs, not in play. */
  readonly further?: Readonly<Partial<Record<Mechanism, (seen: Struck) => Claims>>>
}

export interface Struck {
  /** Until the watch of the strike is over; what came before the strike is in it, to predict from. */
  readonly cell: Cell
  readonly strike: Strike
  /** From the moment the fault is true until its watch ends. */
  readonly watch: Period
  readonly struck: End
  readonly other: End
}

/** Marks of the experiment: a fault is about to be taken back; somebody is about to write on what is left; it is over. */
export const UNDOING = 'undoing'
export const WRITING = 'writing'
export const OVER = 'over'

/** @param until by default the end of the watch */
export function seenOn(
  log: LabLog,
  plan: Plan,
  strike: Strike,
  row: string,
  until: number = strike.until,
): Struck {
  const { fault, pair, at, complete } = strike
  // Whatever came before the strike is there to predict from.
  const cell = new Cell(log, plan, { case: fault, row, pair }, { from: 0, to: until, complete })
  const end = (host: string) => cell.at(sideOf(host) as HostSide)
  return {
    cell,
    strike,
    watch: { from: at, to: strike.until },
    struck: end(strike.struck),
    other: end(strike.other),
  }
}

/** The same cell until the end of the run: what came after the watch. */
export function sequelOf({ cell: { log, plan, row }, strike }: Struck): Cell {
  return seenOn(log, plan, strike, row, log.events.at(-1)?.time).cell
}
