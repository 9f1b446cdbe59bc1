/**
 * Predict, observe, explain: a lab asks before it shows. People who have committed to an answer observe better,
 * even after a wrong one; people who only watch see what they believed before.
 *
 * Pure: the terminal and the page ask, `prediction-file.ts` keeps what was answered.
 */
import * as v from 'valibot'
import { parseForeignJson } from '../foreign/json.ts'
import type { Plan } from '../plan/plan.ts'
import { type Check, type Verdict, withUnit } from './checks.ts'
import type { LabLog } from './log.ts'

export const PREDICTIONS_SCHEMA = 'stillhere/predictions@1'

export interface Choice {
  readonly id: string
  readonly text: string
}

export interface Question {
  readonly id: string
  readonly text: string
  /** What people believe, the right one among them. Nine at most: each is one key. */
  readonly choices: readonly Choice[]
  /** As in `cut/tcp-idle`. Asked only of a run that looks into all of them. */
  readonly cells: readonly string[]
  /** What this very run has to say about it. */
  answer(log: LabLog, checks: readonly Check[], plan: Plan): Answer
}

export interface Answer {
  /** The choice that the observation supports; null when this run did not observe it. */
  choice: string | null
  /** What was observed, or why nothing was, in a sentence. */
  observed: string
  /** The ids of the checks it rests on. */
  checks: string[]
  explanation: string
}

const prediction = v.strictObject({
  question: v.string(),
  /** null: skipped. */
  choice: v.nullable(v.string()),
  answeredAt: v.pipe(v.string(), v.isoTimestamp()),
  /** The choice that the run supported; null while it goes on, and when it did not observe it. */
  observed: v.nullable(v.string()),
})
const predictions = v.strictObject({
  schema: v.literal(PREDICTIONS_SCHEMA),
  lab: v.string(),
  run: v.string(),
  /** When the last was given. From then on none can be changed. */
  lockedAt: v.pipe(v.string(), v.isoTimestamp()),
  predictions: v.array(prediction),
})
export type Prediction = v.InferOutput<typeof prediction>
/** `predictions.json`. */
export type Predictions = v.InferOutput<typeof predictions>

/** Reads `predictions.json`; null when it is none of ours. */
export function parsePredictions(text: string): Predictions | null {
  try {
    const result = v.safeParse(predictions, parseForeignJson(text))
    return result.success ? result.output : null
  } catch {
    return null
  }
}

/** The questions that a run can look into, those first that were predicted wrongly in the run before. */
export function questionsToAsk(
  questions: readonly Question[],
  plan: Pick<Plan, 'lab' | 'cells'>,
  before: Predictions | null,
): Question[] {
  const looked = new Set(plan.cells)
  const mistaken = new Set(
    before?.lab === plan.lab ? before.predictions.filter(isMistake).map(({ question }) => question) : [],
  )
  return questions
    .filter((question) => question.cells.every((cell) => looked.has(cell)))
    .sort((one, other) => Number(mistaken.has(other.id)) - Number(mistaken.has(one.id)))
}

function isMistake({ choice, observed }: Prediction): boolean {
  return choice !== null && observed !== null && choice !== observed
}

/** Takes one answer to each question, and never a second one. */
export class AnswerSheet {
  readonly #questions: readonly Question[]
  readonly #given = new Map<string, Prediction>()

  constructor(questions: readonly Question[]) {
    this.#questions = questions
  }

  /** The first question without an answer; undefined when the sheet is locked. */
  get next(): Question | undefined {
    return this.#questions.find(({ id }) => !this.#given.has(id))
  }

  /**
   * @param choice null skips the question
   * @returns whether it was taken: not for a question that has its answer, or a choice that is none
   */
  give(question: string, choice: string | null, at: Date): boolean {
    const asked = this.#questions.find(({ id }) => id === question)
    if (asked === undefined || this.#given.has(question)) return false
    if (choice !== null && !asked.choices.some(({ id }) => id === choice)) return false
    this.#given.set(question, { question, choice, answeredAt: at.toISOString(), observed: null })
    return true
  }

  /** What was answered, in the order in which it was. @throws Error while a question is open */
  lock({ lab, run }: Pick<Plan, 'lab' | 'run'>, at: Date): Predictions {
    if (this.next !== undefined) throw new Error(`Cannot lock: "${this.next.id}" has no answer`)
    const given = [...this.#given.values()]
    return { schema: PREDICTIONS_SCHEMA, lab, run, lockedAt: at.toISOString(), predictions: given }
  }
}

/** One prediction beside its observation. */
export interface Comparison {
  question: Question
  /** null: skipped. */
  predicted: Choice | null
  /** null: this run did not observe it. */
  observed: Choice | null
  verdict: 'right' | 'wrong' | 'skipped' | 'unobserved'
  answer: Answer
  /** Those of `answer.checks` that this run looked into. */
  checks: Check[]
}

/** Puts predictions beside what a run observed. */
export function compare(
  questions: readonly Question[],
  given: Predictions,
  log: LabLog,
  checks: readonly Check[],
  plan: Plan,
): Comparison[] {
  return given.predictions.flatMap(({ question: id, choice }) => {
    const question = questions.find((one) => one.id === id)
    if (question === undefined) return []
    const answer = question.answer(log, checks, plan)
    const predicted = question.choices.find((one) => one.id === choice) ?? null
    const observed = question.choices.find((one) => one.id === answer.choice) ?? null
    const own = checks.filter(({ id, verdict }) => answer.checks.includes(id) && verdict !== 'skipped')
    return [{ question, predicted, observed, verdict: verdictOf(predicted, observed), answer, checks: own }]
  })
}

function verdictOf(predicted: Choice | null, observed: Choice | null): Comparison['verdict'] {
  if (predicted === null) return 'skipped'
  if (observed === null) return 'unobserved'
  return predicted === observed ? 'right' : 'wrong'
}

/** The same predictions, now with what the run supported: what the next run orders its questions by. */
export function withObserved(given: Predictions, comparisons: readonly Comparison[]): Predictions {
  return {
    ...given,
    predictions: given.predictions.map((one) => ({
      ...one,
      observed: comparisons.find(({ question }) => question.id === one.question)?.observed?.id ?? null,
    })),
  }
}

/** Checks by their ids, or why this run cannot say: one of them was skipped, or is not there at all. */
function observedChecks(
  checks: readonly Check[],
  ids: readonly string[],
): { seen: Check[] } | { missing: string } {
  const seen: Check[] = []
  for (const id of ids) {
    const cell = id.slice(0, id.lastIndexOf('/') + 1)
    const check = checks.find((one) => one.id === id)
    // What was not struck has one skipped check for its whole cell.
    const skipped = checks.find((one) => one.id.startsWith(cell) && one.verdict === 'skipped')
    if (check !== undefined && check.verdict !== 'skipped') seen.push(check)
    else return { missing: `${id} was not observed: ${skipped?.because ?? 'this run has no such check'}` }
  }
  return { seen }
}

/** The answer from these checks, or that this run does not have them. */
export function answerFrom(
  checks: readonly Check[],
  ids: string[],
  explanation: string,
  look: (seen: Check[]) => Pick<Answer, 'choice' | 'observed'>,
): Answer {
  const found = observedChecks(checks, ids)
  const seen = 'seen' in found ? look(found.seen) : { choice: null, observed: found.missing }
  return { ...seen, checks: ids, explanation }
}

/** What a check observed: `4.42 s`, `9 ms`, `fin`, `nothing, for 12.0 s`. */
export function observationWords({ observed: { value, unit, watchedMs } }: Check): string {
  if (value === null) return watchedMs === undefined ? 'nothing' : `nothing, for ${seconds(watchedMs, 1)}`
  if (typeof value !== 'number' || unit !== 'ms') return withUnit(value, unit)
  return value < 1000 ? `${value} ms` : seconds(value, 2)
}

/** How many were right, kindly. */
export function summaryOf(comparisons: readonly Comparison[]): string {
  const count = (verdict: Comparison['verdict']) =>
    comparisons.filter((comparison) => comparison.verdict === verdict).length
  const right = count('right')
  const wrong = count('wrong')
  const skipped = count('skipped')
  const unobserved = count('unobserved')
  const all = right === 1 ? 'the one' : `all ${right}`
  return [
    ...(wrong === 0 && right > 0 ? [`You predicted ${all} correctly.`] : []),
    ...(wrong > 0
      ? [
          `You predicted ${right} of ${right + wrong} correctly.`,
          'What you got wrong comes first next time: a wrong guess is what one remembers best.',
        ]
      : []),
    ...(skipped > 0 ? [`${skipped} skipped; the next run asks again.`] : []),
    ...(unobserved > 0 ? [`${unobserved} could not be observed in this run.`] : []),
  ].join(' ')
}

function seconds(ms: number, digits: number): string {
  return `${(ms / 1000).toFixed(digits)} s`
}

/** What was predicted beside what was observed, in words, for a page. */
export interface Told {
  summary: string
  predictions: ToldPrediction[]
}

export interface ToldPrediction {
  question: string
  /** null: skipped. */
  predicted: string | null
  /** null: this run did not decide it. */
  observed: string | null
  verdict: Comparison['verdict']
  /** What was seen, in a sentence. */
  seen: string
  checks: { id: string; observed: string; verdict: Verdict }[]
  explanation: string
}

export function toldOf(comparisons: readonly Comparison[]): Told {
  return {
    summary: summaryOf(comparisons),
    predictions: comparisons.map(({ question, predicted, observed, verdict, answer, checks }) => ({
      question: question.text,
      predicted: predicted?.text ?? null,
      observed: observed?.text ?? null,
      verdict,
      seen: answer.observed,
      checks: checks.map((check) => ({
        id: check.id,
        observed: observationWords(check),
        verdict: check.verdict,
      })),
      explanation: answer.explanation,
    })),
  }
}
