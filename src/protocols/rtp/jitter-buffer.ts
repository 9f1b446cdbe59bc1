/**
 * Makes an even stream of what arrives unevenly: each packet waits until its turn, so that one that was held up by less
 * than the delay is heard in its place. Time is passed in.
 *
 *     first packet ---- delay ----> heard; from then on the timestamps say when each has its turn
 *     in time: kept in order        late: dropped, and counted        not there at its turn: a gap
 */
import {
  BUFFERED_PACKETS_MAX,
  GAP_MS_MAX,
  LATE_IN_A_ROW_MAX,
  PLAYOUT_DELAY_MS,
  SAMPLES_PER_SECOND,
} from './constants.ts'

const TIMESTAMPS = 2 ** 32

/** What is heard next: what was sent, or silence in the place of what did not come. */
export type Piece = { kind: 'speech'; samples: Int16Array } | { kind: 'gap'; samples: number }

export interface JitterCounts {
  played: number
  /** Came before one with a smaller timestamp. */
  reordered: number
  duplicated: number
  /** Came after its turn, or waited for one when all began anew. */
  late: number
  /** There was no room. */
  overflowed: number
  gaps: number
}

interface Waiting {
  /** Samples since the first packet of this beginning. */
  at: number
  samples: Int16Array
}

export class JitterBuffer {
  readonly counts: JitterCounts = { played: 0, reordered: 0, duplicated: 0, late: 0, overflowed: 0, gaps: 0 }
  readonly #delayMs: number
  /** In the order of their turns. */
  #waiting: Waiting[] = []
  #firstTimestamp = 0
  /** When the first packet has its turn; null: none has come. */
  #beginsAtMs: number | null = null
  /** Up to here everything was heard, or given up. */
  #played = 0
  #lateInARow = 0

  constructor(delayMs = PLAYOUT_DELAY_MS) {
    this.#delayMs = delayMs
  }

  insert(timestamp: number, samples: Int16Array, nowMs: number): void {
    if (this.#beginsAtMs === null) this.#begin(timestamp, nowMs)
    let at = this.#placeOf(timestamp)
    const isFar = Math.abs(at - this.#lastPlace()) > (GAP_MS_MAX * SAMPLES_PER_SECOND) / 1000
    if (isFar || (this.#isLate(at, nowMs) && this.#lateInARow >= LATE_IN_A_ROW_MAX)) {
      this.#begin(timestamp, nowMs)
      at = 0
    }
    if (this.#isLate(at, nowMs)) {
      this.#lateInARow += 1
      this.counts.late += 1
      return
    }
    this.#lateInARow = 0
    this.#keep({ at, samples })
  }

  #isLate(at: number, nowMs: number): boolean {
    return at < this.#played || at < this.#turn(nowMs)
  }

  /** Which sample has its turn. */
  #turn(nowMs: number): number {
    return ((nowMs - (this.#beginsAtMs ?? nowMs)) * SAMPLES_PER_SECOND) / 1000
  }

  #keep(one: Waiting): void {
    const after = this.#waiting.findIndex(({ at }) => at >= one.at)
    if (this.#waiting[after]?.at === one.at) {
      this.counts.duplicated += 1
      return
    }
    if (after !== -1) this.counts.reordered += 1
    if (this.#waiting.length === BUFFERED_PACKETS_MAX) {
      this.counts.overflowed += 1
      return
    }
    this.#waiting.splice(after === -1 ? this.#waiting.length : after, 0, one)
  }

  /** All that has had its turn by now, in order. */
  due(nowMs: number): Piece[] {
    if (this.#beginsAtMs === null) return []
    const turn = this.#turn(nowMs)
    const pieces: Piece[] = []
    for (let [next] = this.#waiting; next !== undefined && next.at <= turn; [next] = this.#waiting) {
      this.#waiting.shift()
      const missing = next.at - this.#played
      if (missing > 0) {
        this.counts.gaps += 1
        pieces.push({ kind: 'gap', samples: missing })
      }
      pieces.push({ kind: 'speech', samples: next.samples })
      this.counts.played += 1
      this.#played = Math.max(this.#played, next.at + next.samples.length)
    }
    return pieces
  }

  /** What waits still is heard no more: it counts as late. */
  #begin(timestamp: number, nowMs: number): void {
    this.#firstTimestamp = timestamp
    this.#beginsAtMs = nowMs + this.#delayMs
    this.counts.late += this.#waiting.length
    this.#waiting = []
    this.#played = 0
    this.#lateInARow = 0
  }

  #lastPlace(): number {
    return this.#waiting.at(-1)?.at ?? this.#played
  }

  /** Timestamps begin again after 2^32: counted on from the last place, by the shorter way round. */
  #placeOf(timestamp: number): number {
    const last = this.#lastPlace()
    const difference = timestamp - ((this.#firstTimestamp + last) % TIMESTAMPS)
    return last + difference - TIMESTAMPS * Math.round(difference / TIMESTAMPS)
  }
}
