/** Predict, observe, explain: the open question, and at the end each prediction beside its observation. */
/// <reference lib="dom" />

import type { Told } from '../../lab/predict.ts'
import { fill, within } from '../../view/viewer/dom.ts'
import { type Child, element, type Markup } from '../../view/viewer/markup.ts'
import { toldParts } from '../../view/viewer/told.ts'
import type { Asked, OpenQuestion } from '../messages.ts'

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
