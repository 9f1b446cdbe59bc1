/** How late something was, how often: a histogram that stays small however long it counts. */

const STEP_MS = 0.1
/** Beyond half a second all is one. */
const STEPS = 5_000

export class Lateness {
  readonly #counts = new Uint32Array(STEPS + 1)
  #total = 0
  maxMs = 0

  add(ms: number): void {
    const step = Math.min(STEPS, Math.floor(Math.max(ms, 0) / STEP_MS))
    this.#counts[step] = (this.#counts[step] as number) + 1
    this.#total += 1
    this.maxMs = Math.max(this.maxMs, ms)
  }

  /** @param share 0.99: 99 of 100 were not later. @returns to a tenth of a millisecond, upwards */
  percentileMs(share: number): number {
    let left = Math.ceil(share * this.#total)
    for (const [step, count] of this.#counts.entries()) {
      left -= count
      if (left <= 0) return this.#total === 0 ? 0 : Math.min((step + 1) * STEP_MS, this.maxMs)
    }
    return this.maxMs
  }
}
