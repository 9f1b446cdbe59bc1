/**
 * How long a client waits before it connects again. Pure: chance and time come from outside.
 *
 * RFC 6455 section 7.2.3: the first delay after an abnormal closure SHOULD be random, those after it longer,
 * "such as truncated binary exponential backoff". How to mix chance and doubling: M. Brooker, "Exponential
 * Backoff And Jitter", AWS Architecture Blog, 2015, whose *full jitter* this is: each delay is drawn from
 * 0 up to a bound that doubles. What is wanted of it is not patience but that many clients, which lost
 * their server at one moment, come back at many.
 */

/** What is ours to choose. */
export interface BackoffLimits {
  /** The bound of the first delay. */
  baseMs: number
  /** No bound is longer. */
  capMs: number
  /** `full`: anything from 0 to the bound. `none`: the bound itself, the same for every client. */
  jitter: 'full' | 'none'
  /**
   * A connection that lasted so long was a success, and the next delay is a first one again. To be accepted
   * is none: a server that accepts and falls over at once would be knocked on without a pause.
   */
  steadyAfterMs: number
}

/** Doubling ends here at the latest: 2^30 seconds are thirty-four years. */
const DOUBLINGS_MAX = 30

/** The longest delay that may come before attempt number `attempt`, the first being 0. */
export function boundMs({ baseMs, capMs }: Pick<BackoffLimits, 'baseMs' | 'capMs'>, attempt: number): number {
  return Math.min(capMs, baseMs * 2 ** Math.min(attempt, DOUBLINGS_MAX))
}

export class Backoff {
  readonly #limits: BackoffLimits
  readonly #random: () => number
  #attempt = 0

  /**
   * @param random the next number in [0, 1)
   * @throws RangeError when `baseMs` is not above 0, or `capMs` is below it
   */
  constructor(limits: BackoffLimits, random: () => number) {
    if (!(limits.baseMs > 0) || !(limits.capMs >= limits.baseMs)) {
      throw new RangeError(`backoff needs 0 < base <= cap, is ${limits.baseMs} and ${limits.capMs} ms`)
    }
    this.#limits = limits
    this.#random = random
  }

  /** The delay before the next attempt, and its number since the last success. */
  next(): { attempt: number; delayMs: number } {
    const attempt = this.#attempt
    const bound = boundMs(this.#limits, attempt)
    const delayMs = this.#limits.jitter === 'none' ? bound : Math.floor(this.#random() * bound)
    this.#attempt += 1
    return { attempt, delayMs }
  }

  /** A connection is over that was open for so long. */
  lasted(openMs: number): void {
    if (openMs >= this.#limits.steadyAfterMs) this.#attempt = 0
  }
}
