/** A run that goes on: its events are shown with the next frame, and laid out as often as a quick page allows. */
/// <reference lib="dom" />
import type { LabEvent } from '../../events/vocabulary.ts'

/** While a run goes on, laying it out may take one part in this many of the time: the page stays quick. */
const LAYOUT_SHARE = 5

interface Shown {
  /** @returns whether the event concerns the cell that is shown */
  note(event: LabEvent): boolean
  showMatrix(): void
  /** Takes the longer the longer the run. */
  showCell(): void
}

export class Growing {
  readonly #shown: Shown
  #pending: LabEvent[] = []
  #isScheduled = false
  #isStale = false
  #layoutAllowedAt = 0

  constructor(shown: Shown) {
    this.#shown = shown
  }

  append(events: readonly LabEvent[]): void {
    for (const event of events) this.#pending.push(event)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    requestAnimationFrame(this.#frame)
  }

  readonly #frame = (now: number): void => {
    this.#isScheduled = false
    const fresh = this.#pending
    this.#pending = []
    for (const event of fresh) if (this.#shown.note(event)) this.#isStale = true
    if (fresh.length > 0) this.#shown.showMatrix()
    if (!this.#isStale) return
    if (now < this.#layoutAllowedAt) {
      this.#schedule()
      return
    }
    this.#isStale = false
    const began = performance.now()
    this.#shown.showCell()
    // So that the sum of all layouts does not grow with the square of the run, they become rarer.
    this.#layoutAllowedAt = performance.now() + (performance.now() - began) * (LAYOUT_SHARE - 1)
  }
}
