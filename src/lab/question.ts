/** A question of a lab, answered by checks of the very run that the person is about to see. */

import { cellOfCheck } from '../plan/plan.ts'
import type { Check } from './checks.ts'
import type { LabLog } from './log.ts'
import { type Answer, answerFrom, type Choice, type Question } from './predict.ts'

/** A question, in the order in which it is met: asked, chosen, observed, explained. */
export interface Asked<Ids extends readonly string[]> {
  readonly id: string
  readonly text: string
  /** What people believe, the right one among them. */
  readonly choices: readonly Choice[]
  /** The ids of the checks that decide it. It is asked only of a run that looks into all of their cells. */
  readonly checks: Ids
  /**
   * Which choice these checks support, and what was observed, in a sentence. Not called where one is missing.
   * @param all the run's, for what is told where it is there and decides nothing
   */
  answer(
    seen: { readonly [K in keyof Ids]: Check },
    log: LabLog,
    all: readonly Check[],
  ): Pick<Answer, 'choice' | 'observed'>
  /** Why it is so, whatever this run has seen. */
  readonly explanation: string
}

/** What a check observed; null: it did not come. */
export function seen({ observed }: Check): Check['observed']['value'] {
  return observed.value
}

/** The same as a word: `nothing` where it did not come. */
export function said(check: Check): string {
  return String(seen(check) ?? 'nothing')
}

export function question<const Ids extends readonly string[]>(asked: Asked<Ids>): Question {
  const { id, text, choices, checks: ids, explanation } = asked
  return {
    id,
    text,
    choices,
    cells: [...new Set(ids.map(cellOfCheck))],
    answer: (log, checks) =>
      answerFrom(checks, [...ids], explanation, (seen) =>
        asked.answer(seen as unknown as { readonly [K in keyof Ids]: Check }, log, checks),
      ),
  }
}
