/** How often somebody may ask: a bucket of tokens each, one a request, filled again at a steady rate. */

export interface Rate {
  /** How many at once, after a rest. */
  burst: number
  perSecond: number
}

/** `isFirst`: of a row of refusals; say it, and then be silent, or whoever asks fills our log. */
export type Admission = { admitted: true } | { admitted: false; isFirst: boolean; retryAfterMs: number }

interface Bucket {
  tokens: number
  atMs: number
  isRefusing: boolean
}

/**
 * Knows a number of those who asked lately. When there are more, it forgets the one who has not asked for
 * longest: whoever has that many addresses also has that many buckets, and this table stays as small as it is.
 */
const KNOWN_MAX = 10_000

export class RateTable {
  readonly #rate: Rate
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: Rate) {
    this.#rate = rate
  }

  get size(): number {
    return this.#buckets.size
  }

  take(who: string, nowMs: number): Admission {
    const { burst, perSecond } = this.#rate
    const known = this.#buckets.get(who)
    const bucket = known ?? { tokens: burst, atMs: nowMs, isRefusing: false }
    // To the end of the order in which a Map keeps its keys.
    this.#buckets.delete(who)
    this.#buckets.set(who, bucket)
    if (this.#buckets.size > KNOWN_MAX) this.#buckets.delete(this.#buckets.keys().next().value as string)

    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.atMs) * perSecond) / 1000)
    bucket.atMs = nowMs
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1
      bucket.isRefusing = false
      return { admitted: true }
    }
    const isFirst = !bucket.isRefusing
    bucket.isRefusing = true
    return { admitted: false, isFirst, retryAfterMs: ((1 - bucket.tokens) * 1000) / perSecond }
  }
}
