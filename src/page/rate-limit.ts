/** How much a browser may ask: a person who presses buttons never meets it. */
const WINDOW_MS = 1000

export class RateLimit {
  readonly #perSecondMax: number
  #windowFromMs = -Infinity
  #taken = 0

  constructor(perSecondMax: number) {
    this.#perSecondMax = perSecondMax
  }

  admits(nowMs = performance.now()): boolean {
    if (nowMs - this.#windowFromMs >= WINDOW_MS) {
      this.#windowFromMs = nowMs
      this.#taken = 0
    }
    this.#taken += 1
    return this.#taken <= this.#perSecondMax
  }
}
