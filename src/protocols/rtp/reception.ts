/**
 * What arrived from one source: its numbers, the losses, the jitter (RFC 3550 A.1, A.3, A.8).
 *
 *     on probation --two in sequence--> valid --a jump, and the next number after it--> valid, counted anew
 *
 * Losses are what is missing between the first number and the greatest: a packet that is merely late is among them until
 * it comes, and one that comes twice makes up for another that did not. So RFC 3550 has it, and every report.
 */
import { DROPOUT_MAX, MISORDER_MAX, SAMPLES_PER_SECOND, SEQUENTIAL_MIN } from './constants.ts'

const SEQUENCES = 2 ** 16
/** A report carries 24 bits with a sign. */
const LOST_MAX = 2 ** 23 - 1
const LOST_MIN = -(2 ** 23)
/** A.8: a sixteenth of each new difference, which rides out a single odd one. */
const JITTER_SHARE = 1 / 16
/** Of a fraction in a report. */
const FRACTIONS = 256

export class Reception {
  #probation = SEQUENTIAL_MIN
  #greatest: number
  /** How often the numbers began again, times 65,536. */
  #cycles = 0
  #first = 0
  #received = 0
  /** The number after one that was far off; a second in sequence shows that the source began anew. */
  #afterJump = -1
  #expectedBefore = 0
  #receivedBefore = 0
  #transit: number | null = null
  #jitterSamples = 0

  constructor(firstSequence: number) {
    this.#greatest = (firstSequence - 1) & (SEQUENCES - 1)
  }

  /** Two packets in sequence have come: no stray datagram. */
  get isValid(): boolean {
    return this.#probation === 0
  }

  get received(): number {
    return this.#received
  }

  /** From the first to the greatest number. */
  get expected(): number {
    return this.isValid ? this.extendedGreatest - this.#first + 1 : 0
  }

  get lost(): number {
    return Math.max(LOST_MIN, Math.min(LOST_MAX, this.expected - this.#received))
  }

  get extendedGreatest(): number {
    return this.#cycles + this.#greatest
  }

  get jitterSamples(): number {
    return this.#jitterSamples
  }

  get jitterMs(): number {
    return (1000 * this.#jitterSamples) / SAMPLES_PER_SECOND
  }

  /**
   * A packet has come.
   * @param atMs on any clock that goes on evenly
   * @returns false where it does not count: on probation, or far off
   */
  accept(sequence: number, timestamp: number, atMs: number): boolean {
    const counts = this.isValid ? this.#follow(sequence) : this.#prove(sequence)
    if (counts) this.#measure(timestamp, atMs)
    return counts
  }

  #prove(sequence: number): boolean {
    const isNext = sequence === ((this.#greatest + 1) & (SEQUENCES - 1))
    this.#greatest = sequence
    this.#probation = isNext ? this.#probation - 1 : SEQUENTIAL_MIN - 1
    if (!this.isValid) return false
    this.#begin(sequence)
    return true
  }

  #follow(sequence: number): boolean {
    const ahead = (sequence - this.#greatest) & (SEQUENCES - 1)
    if (ahead < DROPOUT_MAX) {
      if (sequence < this.#greatest) this.#cycles += SEQUENCES
      this.#greatest = sequence
    } else if (ahead <= SEQUENCES - MISORDER_MAX) {
      if (sequence !== this.#afterJump) {
        this.#afterJump = (sequence + 1) & (SEQUENCES - 1)
        return false
      }
      this.#begin(sequence)
      return true
    }
    this.#received += 1
    return true
  }

  #begin(sequence: number): void {
    this.#first = sequence
    this.#greatest = sequence
    this.#cycles = 0
    this.#received = 1
    this.#afterJump = -1
    this.#expectedBefore = 0
    this.#receivedBefore = 0
    this.#transit = null
  }

  /** A.8: by how much the time between two arrivals differs from the time between their timestamps. */
  #measure(timestamp: number, atMs: number): void {
    const transit = (atMs * SAMPLES_PER_SECOND) / 1000 - timestamp
    if (this.#transit !== null) {
      const difference = Math.abs(aroundZero(transit - this.#transit))
      this.#jitterSamples += (difference - this.#jitterSamples) * JITTER_SHARE
    }
    this.#transit = transit
  }

  /** A.3: which share was lost since this was asked last, in 256ths. */
  fractionLost(): number {
    const expected = this.expected - this.#expectedBefore
    const received = this.#received - this.#receivedBefore
    this.#expectedBefore = this.expected
    this.#receivedBefore = this.#received
    const lost = expected - received
    return expected <= 0 || lost <= 0 ? 0 : Math.min(FRACTIONS - 1, Math.floor((FRACTIONS * lost) / expected))
  }
}

/** Timestamps begin again after 2^32: the shorter way round. */
function aroundZero(difference: number): number {
  return difference - 2 ** 32 * Math.round(difference / 2 ** 32)
}
