/** Why an end believed what it did: the events that say so, each as it was logged. */
/// <reference lib="dom" />
import { eventText } from '../words.ts'
import { fill } from './dom.ts'
import { element } from './markup.ts'
import type { Evidence } from './parts.ts'

export class WhyPanel {
  readonly #place: HTMLElement

  constructor(place: HTMLElement) {
    this.#place = place
  }

  close(): void {
    this.#place.hidden = true
  }

  /** @param notes sentences before the evidence */
  show(title: string, notes: readonly string[], evidence: readonly Evidence[]): void {
    this.#place.hidden = false
    fill(
      this.#place,
      element(
        'button',
        { type: 'button', class: 'close', 'data-close': true, 'aria-label': 'Close (Escape)' },
        '\u00d7',
      ),
      element('h3', {}, title),
      ...notes.map((words) => element('p', {}, words)),
      element(
        'ol',
        {},
        ...evidence.map(({ address, text, event }) =>
          element(
            'li',
            {},
            element('code', {}, address),
            ` ${text !== '' ? text : event === null ? '' : eventText(event)}`,
            event === null
              ? element('p', { class: 'hint' }, 'This event is not in the log.')
              : element(
                  'details',
                  {},
                  element('summary', {}, 'the event as it was logged'),
                  element('pre', {}, JSON.stringify(event, null, 1)),
                ),
          ),
        ),
      ),
    )
  }
}
