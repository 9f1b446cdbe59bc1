/** The cord boards of a lab's telephone exchanges, while a run goes on. */
/// <reference lib="dom" />
import type { LabEvent } from '../../events/vocabulary.ts'
import { CordBoards } from '../../view/cord-board.ts'
import { fill } from '../../view/viewer/dom.ts'
import { element } from '../../view/viewer/markup.ts'

export class CordBoardPanel {
  readonly #place: HTMLElement
  readonly #boards = new CordBoards()

  /** @param place hidden for as long as no exchange has moved a cord */
  constructor(place: HTMLElement) {
    this.#place = place
    place.hidden = true
  }

  take(events: readonly LabEvent[]): void {
    // Each of them, or what one says after the other would be lost.
    const changed = events.map((event) => this.#boards.take(event))
    if (!changed.includes(true)) return
    const { all } = this.#boards
    this.#place.hidden = all.length === 0
    fill(
      this.#place,
      element('header', {}, element('h2', { class: 'plain' }, 'The cord boards')),
      ...all.map(({ exchange, lines }) =>
        element('figure', {}, element('figcaption', {}, exchange), element('pre', {}, lines.join('\n'))),
      ),
    )
  }
}
