/**
 * The questions about one run, as the page asks them: one at a time, the same one to every browser, and
 * the first to answer has answered for all.
 */

import {
  AnswerSheet,
  compare,
  type Predictions,
  type Question,
  type Told,
  toldOf,
  withObserved,
} from '../lab/predict.ts'
import { savePredictions } from '../launcher/prediction-file.ts'
import type { Outcome } from '../launcher/start.ts'
import type { Plan } from '../plan/plan.ts'
import type { Asked } from './messages.ts'

export class Asking {
  readonly #questions: readonly Question[]
  readonly #plan: Plan
  readonly #sheet: AnswerSheet
  #locked: Predictions | null = null

  constructor(questions: readonly Question[], plan: Plan) {
    this.#questions = questions
    this.#plan = plan
    this.#sheet = new AnswerSheet(questions)
  }

  /** Nothing of the run may be shown before this is false. */
  get isOpen(): boolean {
    return this.#sheet.next !== undefined
  }

  /** What a browser is told: only the question, and nothing about its answer. */
  get asked(): Asked {
    const { next } = this.#sheet
    const count = this.#questions.length
    if (next === undefined) return { count, open: null }
    const choices = next.choices.map(({ id, text }) => ({ id, text }))
    return {
      count,
      open: { id: next.id, text: next.text, choices, number: this.#questions.indexOf(next) + 1 },
    }
  }

  /** @param choice null skips it. @returns whether it was taken */
  give(question: string, choice: string | null): boolean {
    const isTaken = this.#sheet.give(question, choice, new Date())
    if (isTaken && !this.isOpen) this.#lock()
    return isTaken
  }

  skipAll(): void {
    for (let open = this.#sheet.next; open !== undefined; open = this.#sheet.next) this.give(open.id, null)
  }

  /** Keeps what the run supported beside what was predicted. @returns both, in words; null while it is open */
  compareWith({ plan, log, report }: Outcome): Told | null {
    if (this.#locked === null) return null
    const comparisons = compare(this.#questions, this.#locked, log, report.checks, plan)
    savePredictions(plan.folder, withObserved(this.#locked, comparisons))
    return toldOf(comparisons)
  }

  #lock(): void {
    // Locked even where the folder cannot be written: what is shown from now on would tell the answers.
    this.#locked = this.#sheet.lock(this.#plan, new Date())
    savePredictions(this.#plan.folder, this.#locked)
  }
}
