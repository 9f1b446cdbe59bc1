/**
 * What a receiver can tell from the numbers of the datagrams that arrive: all that an application has to go by,
 * since UDP itself counts nothing (RFC 768).
 */
import type { Arrival } from '../../events/vocabulary.ts'
import type { NumberedDatagram } from './message.ts'

export interface Counted {
  /** Different ones. */
  received: number
  /** Announced and not there: lost, or merely late, which cannot be told apart until they come. */
  lost: number
  /** Copies of what had arrived already (RFC 5560 section 3). */
  duplicated: number
  /** Those that came after one with a higher number (RFC 4737 section 3.3). */
  reordered: number
}

export class DatagramTally {
  readonly #seen = new Set<number>()
  #announced = 0
  #highest = 0
  #duplicated = 0
  #reordered = 0

  /** What this arrival is, beside those before it. Its numbers are within the limits of `message.ts`. */
  note({ number, of }: NumberedDatagram): Arrival {
    this.#announced = Math.max(this.#announced, of)
    if (this.#seen.has(number)) {
      this.#duplicated += 1
      return 'duplicate'
    }
    this.#seen.add(number)
    if (number < this.#highest) {
      this.#reordered += 1
      return 'reordered'
    }
    this.#highest = number
    return 'in-order'
  }

  get counted(): Counted {
    return {
      received: this.#seen.size,
      lost: this.#announced - this.#seen.size,
      duplicated: this.#duplicated,
      reordered: this.#reordered,
    }
  }
}
