/** From claims to the checks of a whole run: what was not observed is skipped out loud, cell by cell. */

import { cellOfCheck, type Plan } from '../plan/plan.ts'
import { type Check, type Claim, judge, skip } from './checks.ts'
import type { LabLog } from './log.ts'

/** Why the rig ends a run that came to its end by itself. */
export const EXPERIMENT_OVER = 'the experiment is over'

/** The lab made no claim: a mistake in it, or a source of events that this system does not have. */
const NOTHING_JUDGED = 'nothing was observed that could be judged'

/** A claim and the time in which it was observed, for the control timer. */
export interface TimedClaim {
  claim: Claim
  from: number
  to: number
}

/** A claim that this run could not look into: nobody watched what it is about. */
export interface UnseenClaim {
  id: string
  claim: string
  /** Why. */
  because: string
}

/** Judges a claim by itself and by how late the control timer was meanwhile; skips what nobody could see. */
export function checkOf(log: LabLog, made: TimedClaim | UnseenClaim): Check {
  if ('id' in made) return skip(made.id, made.claim, made.because)
  return judge(made.claim, log.controlLateMs(made.from, made.to))
}

/**
 * Judges the claims of a lab. Of a case that was not seen to its end, or whose fault was not seen to happen,
 * no claim counts; each cell without any is one skipped check with the reason.
 * @param claims what is about a cell that this run has not is left out
 */
export function judgeCases(log: LabLog, plan: Plan, claims: readonly (TimedClaim | UnseenClaim)[]): Check[] {
  const checks = claims.flatMap((made) => {
    const cell = cellOfCheck('id' in made ? made.id : made.claim.id)
    if (!plan.cells.includes(cell) || problemOf(log, cell) !== null) return []
    return [checkOf(log, made)]
  })
  return [...checks, ...skippedCells(log, plan, checks)]
}

/** One skipped check for each cell of the run that has no check; `what` ends its id. */
export function skippedCells(
  log: LabLog,
  plan: Pick<Plan, 'cells'>,
  checks: readonly Check[],
  what = 'observed',
  claimOf = (cell: string) => `what happens in ${cell}`,
): Check[] {
  const judged = new Set(checks.map(({ id }) => cellOfCheck(id)))
  return plan.cells
    .filter((cell) => !judged.has(cell))
    .map((cell) => skip(`${cell}/${what}`, claimOf(cell), problemOf(log, cell) ?? NOTHING_JUDGED))
}

/** Why nothing that a run says about a cell counts; null when it was seen from its beginning to its end. */
export function problemOf(log: LabLog, cell: string): string | null {
  const [caseId = '', mechanism] = cell.split('/')
  const skipped = log
    .all('case:skipped')
    .find(({ data }) => data.case === caseId && (data.mechanism ?? mechanism) === mechanism)
  if (skipped !== undefined) return skipped.data.because
  const unproved = log.strikes.find(({ pair, problem }) => pair === caseId && problem !== null)
  if (unproved !== undefined) return `the fault was not seen to happen: ${unproved.problem}`
  if (log.watchOf(caseId)?.complete === true) return null
  const ended = log.last('run:ended')?.data.because
  if (ended !== undefined && ended !== EXPERIMENT_OVER) return `the run ended before: ${ended}`
  return 'the run did not come to its end'
}
