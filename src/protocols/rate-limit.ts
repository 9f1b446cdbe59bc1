/**
 * How many lines a second one peer may send, counted in windows of one second.
 *
 * Also bad lines count: whoever may write into our log must not be able to fill our disk with it. For
 * the same reason the excess is told once a window, and not once a line.
 */
const WINDOW_MS = 1000

export class RateLimit {
  readonly #perSecondMax: number
  #windowFromMs = -Infinity
  #taken = 0

  constructor(perSecondMax: number) {
    this.#perSecondMax = perSecondMax
  }

  /** `refuse`: too many, and the first such line of its second, so say it. `drop`: say nothing. */
  take(nowMs: number): 'admit' | 'refuse' | 'drop' {
    if (nowMs - this.#windowFromMs >= WINDOW_MS) {
      this.#windowFromMs = nowMs
      this.#taken = 0
    }
    this.#taken += 1
    if (this.#taken <= this.#perSecondMax) return 'admit'
    return this.#taken === this.#perSecondMax + 1 ? 'refuse' : 'drop'
  }
}
