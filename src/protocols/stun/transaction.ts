/**
 * One question until its answer, or until nobody is expected to answer any more (RFC 8489 6.2.1). Time is passed in.
 *
 *     request at 0, 500, 1500, 3500, 7500, 15,500, 31,500 ms; given up at 39,500
 */
import { LAST_WAIT_RTOS, REQUESTS_MAX, RTO_MS } from './constants.ts'
import { readStun, type Seen, writeBindingRequest } from './message.ts'

export type BindingState =
  | 'waiting'
  /** The other end said from where the request came. */
  | 'answered'
  /** It answered with an error, or with what cannot be used. */
  | 'failed'
  /** Nobody answered. Proves nothing. */
  | 'given-up'

/** waiting -> answered | failed | given-up; these three are the end. */
export class Binding {
  readonly request: Buffer
  readonly #transaction: Buffer
  readonly #rtoMs: number
  #state: BindingState = 'waiting'
  #seen: Seen | null = null
  #requests = 0
  #dueAtMs: number

  /** The first request is due at once. @param transaction 12 random bytes */
  constructor(transaction: Buffer, nowMs: number, rtoMs = RTO_MS) {
    this.request = writeBindingRequest(transaction)
    this.#transaction = transaction
    this.#rtoMs = rtoMs
    this.#dueAtMs = nowMs
  }

  get state(): BindingState {
    return this.#state
  }

  get seen(): Seen | null {
    return this.#seen
  }

  /** Infinity where nothing more is to be done. */
  get dueAtMs(): number {
    return this.#state === 'waiting' ? this.#dueAtMs : Infinity
  }

  /** @returns whether the request is to be sent (again) now */
  due(nowMs: number): boolean {
    if (nowMs < this.dueAtMs) return false
    if (this.#requests === REQUESTS_MAX) {
      this.#state = 'given-up'
      return false
    }
    this.#requests += 1
    const waitRtos = this.#requests === REQUESTS_MAX ? LAST_WAIT_RTOS : 2 ** (this.#requests - 1)
    // From when it was due: a timer that was late does not make the next one later.
    this.#dueAtMs += waitRtos * this.#rtoMs
    return true
  }

  /** @returns whether this datagram answers this question; others may, too */
  receive(bytes: Buffer): boolean {
    const message = readStun(bytes)
    const isAnswer = message?.kind === 'binding-success' || message?.kind === 'binding-error'
    if (!isAnswer || !message.transaction.equals(this.#transaction)) return false
    if (this.#state !== 'waiting') return true
    const isUsable = message.kind === 'binding-success' && message.unknown.length === 0
    this.#seen = isUsable ? message.mapped : null
    this.#state = this.#seen === null ? 'failed' : 'answered'
    return true
  }
}
