/** Predict, observe, explain: the open question, and at the end each prediction beside its observation. */
/// <reference lib="dom" />
import { fill, within } from '../../viewer/dom.ts'
import { type Child, element, type Markup } from '../../viewer/markup.ts'
import type { Asked, OpenQuestion, Told, ToldPrediction } from '../messages.ts'

/** The word says it, the sign and the colour repeat it. */
const VERDICTS: Record<ToldPrediction['verdict'], { sign: string; words: string }> = {
  right: { sign: '\u2713', words: 'As you predicted.' },
  wrong: { sign: '\u2717', words: 'It went another way.' },
  skipped: { sign: '\u2013', words: 'You made no prediction here.' },
  unobserved: { sign: '?', words: 'This run cannot say. Usually:' },
}

/** A question may rest on a check for each mechanism; more than these say it in one paragraph. */
const CHECKS_ON_LINES_MAX = 4

export interface PredictionOrders {
  /** null skips the question. */
  answer(question: string, choice: string | null): void
  skipAll(): void
}

export class PredictionPanel {
  readonly #place: HTMLElement
  readonly #orders: PredictionOrders
  /** What is drawn now, so that a choice that was made, but not given, outlives news of the run. */
  #drawn = ''

  constructor(place: HTMLElement, orders: PredictionOrders) {
    this.#place = place
    this.#orders = orders
    place.addEventListener('submit', (event) => {
      event.preventDefault()
      const chosen = place.querySelector<HTMLInputElement>('input[name=choice]:checked')
      const question = chosen?.closest('form')?.dataset.question
      if (chosen !== null && question !== undefined) this.#orders.answer(question, chosen.value)
    })
    place.addEventListener('click', ({ target }) => {
      if (!(target instanceof HTMLElement)) return
      const question = target.closest('form')?.dataset.question
      if (target.dataset.skip === 'one' && question !== undefined) this.#orders.answer(question, null)
      if (target.dataset.skip === 'all') this.#orders.skipAll()
    })
  }

  /**
   * @param asked null: there is nothing to ask or to tell
   * @param mayFocus nobody is reading or typing elsewhere
   */
  show(run: string | null, asked: Asked | null, told: Told | null, mayFocus: boolean): void {
    const open = asked?.open ?? null
    const drawn = asked === null ? '' : `${run} ${open?.id} ${told !== null}`
    if (drawn === this.#drawn) return
    const wasInside = this.#place.contains(document.activeElement)
    this.#drawn = drawn
    this.#place.hidden = asked === null
    if (asked === null) fill(this.#place)
    else if (open !== null) fill(this.#place, ...questionParts(open, asked.count))
    else if (told !== null) fill(this.#place, ...toldParts(told))
    else fill(this.#place, lockedPart())
    // Whoever answered by keyboard goes on by keyboard, and hears the next question with its choices.
    if (open !== null && (wasInside || mayFocus)) within<HTMLElement>(this.#place, 'fieldset').focus()
    else if (wasInside) this.#place.focus()
  }
}

function questionParts({ id, text, choices, number }: OpenQuestion, count: number): Child[] {
  return [
    element('h2', { class: 'plain' }, `Predict first: question ${number} of ${count}`),
    element(
      'p',
      { class: 'note quiet' },
      'The lab runs in the background. Nothing of it is shown before the last answer, and no answer can be changed.',
    ),
    element(
      'form',
      { 'data-question': id },
      element(
        'fieldset',
        { tabindex: -1 },
        element('legend', {}, text),
        ...choices.map((choice) =>
          element(
            'label',
            {},
            element('input', { type: 'radio', name: 'choice', value: choice.id, required: true }),
            ` ${choice.text}`,
          ),
        ),
      ),
      element(
        'div',
        { class: 'answers' },
        element('button', { type: 'submit', class: 'knob main' }, 'That is what I expect'),
        element('button', { type: 'button', class: 'knob', 'data-skip': 'one' }, 'Skip'),
        element('button', { type: 'button', class: 'knob', 'data-skip': 'all' }, 'Skip all'),
      ),
    ),
  ]
}

function lockedPart(): Markup {
  return element(
    'p',
    { class: 'note quiet' },
    'Your predictions are locked. When the run has ended, they stand here beside what was observed.',
  )
}

function toldParts({ summary, predictions }: Told): Child[] {
  const kindly = element('p', { class: 'summary', role: 'status' }, summary)
  // Who skipped all wants no lecture.
  if (predictions.every(({ verdict }) => verdict === 'skipped')) return [kindly]
  return [
    element('h2', { class: 'plain' }, 'What you predicted, and what this run observed'),
    kindly,
    element('ol', { class: 'told' }, ...predictions.map(toldItem)),
  ]
}

function toldItem({
  question,
  predicted,
  observed,
  verdict,
  seen,
  checks,
  explanation,
}: ToldPrediction): Markup {
  const { sign, words } = VERDICTS[verdict]
  const doubtful = checks.filter((check) => check.verdict === 'fail' || check.verdict === 'inconclusive')
  return element(
    'li',
    { class: verdict },
    element('h3', {}, question),
    element(
      'dl',
      {},
      ...pair('you said', predicted ?? '(skipped)'),
      ...pair('observed', observed ?? 'nothing that decides it, in this run'),
      element('dd', {}, seen),
      ...checkParts(checks),
      element('dt', { class: 'sign', 'aria-hidden': 'true' }, sign),
      element('dd', { class: 'verdict' }, words),
      ...doubtful.flatMap(({ id, verdict: became }) =>
        pair('careful', `${id} is "${became}": this run is no good witness here.`),
      ),
      ...pair('why', explanation),
    ),
  )
}

function checkParts(checks: ToldPrediction['checks']): Markup[] {
  const lines = checks.map(({ id, observed }): Child[] => [element('code', {}, id), `: ${observed}`])
  if (lines.length <= CHECKS_ON_LINES_MAX) return lines.map((line) => element('dd', {}, ...line))
  return [element('dd', {}, ...lines.flatMap((line, index) => (index === 0 ? line : ['; ', ...line])))]
}

function pair(term: string, text: string): Markup[] {
  return [element('dt', {}, term), element('dd', {}, text)]
}
