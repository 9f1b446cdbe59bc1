/**
 * The numbers of a server's challenges. One is good for a time, and each of its uses has a number of its own that grows:
 * who overheard an answer cannot say it again.
 *
 * Nobody is remembered before they answered: a nonce carries its own time, and a keyed hash that it is ours.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export const NONCE_GOOD_FOR_MS = 60_000
/** Of the nonces that were used: those of so many telephones at once. */
const USED_MAX = 10_000
const TIME_DIGITS = 12
const MAC_DIGITS = 32

export type Use = 'good' | 'stale' | 'replayed' | 'not-ours'

export class Nonces {
  readonly #key: Buffer
  /** The last count of uses, oldest nonce first. */
  readonly #used = new Map<string, { count: number; untilMs: number }>()

  /** @param key random, and known to nobody else */
  constructor(key: Buffer) {
    this.#key = key
  }

  make(nowMs: number, random: string): string {
    const text = `${Math.floor(nowMs).toString(16).padStart(TIME_DIGITS, '0')}${random}`
    return `${text}${this.#macOf(text)}`
  }

  /** @param nc of the credentials; null: without qop, then a nonce is good once */
  use(nonce: string, nc: string | null, nowMs: number): Use {
    const [text, mac] = [nonce.slice(0, -MAC_DIGITS), nonce.slice(-MAC_DIGITS)]
    const expected = this.#macOf(text)
    if (
      mac.length !== expected.length ||
      !timingSafeEqual(Buffer.from(mac, 'latin1'), Buffer.from(expected, 'latin1'))
    )
      return 'not-ours'
    const untilMs = Number.parseInt(text.slice(0, TIME_DIGITS), 16) + NONCE_GOOD_FOR_MS
    if (!(nowMs < untilMs)) return 'stale'
    const count = nc === null ? 1 : /^[0-9a-f]{8}$/i.test(nc) ? Number.parseInt(nc, 16) : 0
    if (count <= (this.#used.get(nonce)?.count ?? 0)) return 'replayed'
    this.#forget(nowMs)
    if (!this.#used.has(nonce) && this.#used.size >= USED_MAX) return 'stale'
    this.#used.set(nonce, { count, untilMs })
    return 'good'
  }

  #forget(nowMs: number): void {
    for (const [nonce, { untilMs }] of this.#used) {
      if (untilMs > nowMs) return
      this.#used.delete(nonce)
    }
  }

  #macOf(text: string): string {
    return createHmac('sha256', this.#key).update(text, 'latin1').digest('hex').slice(0, MAC_DIGITS)
  }
}
