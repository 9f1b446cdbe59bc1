/**
 * What may be said to addresses that have not shown that they receive. Over UDP anybody can ask in another's name, and that
 * other gets the answers, again and again until it acknowledges what it never asked for.
 *
 *     said to strangers  <=  heard from strangers + EXCESS_BYTES_MAX + EXCESS_BYTES_PER_SECOND x time
 *
 * Bounded so, for all strangers together: answers, however often they are sent again, and a BYE to who never acknowledged.
 * Beside it: no more than STRANGERS_CALLS_MAX of their calls are open, and no voice is sent before the ACK.
 *
 * Not bounded: what a telephone asks of its own will; what is sent to an address that has shown that it receives, though
 * another may ask in its name later; voice to whatever address the SDP of a caller names who has acknowledged; what a proxy
 * passes on to who has registered. And who uses up the budget makes other strangers wait: what is withheld from them they
 * ask for again. Over TCP the handshake has shown it.
 */
import { EXCESS_BYTES_MAX, EXCESS_BYTES_PER_SECOND } from './constants.ts'

export class AnswerBudget {
  #leftBytes = EXCESS_BYTES_MAX
  #atMs: number

  constructor(nowMs: number) {
    this.#atMs = nowMs
  }

  heard(bytes: number): void {
    this.#add(bytes)
  }

  /** @returns false: it is not to be sent */
  take(bytes: number, nowMs: number): boolean {
    this.#add(((nowMs - this.#atMs) * EXCESS_BYTES_PER_SECOND) / 1000)
    this.#atMs = nowMs
    if (bytes > this.#leftBytes) return false
    this.#leftBytes -= bytes
    return true
  }

  #add(bytes: number): void {
    this.#leftBytes = Math.min(EXCESS_BYTES_MAX, this.#leftBytes + bytes)
  }
}
