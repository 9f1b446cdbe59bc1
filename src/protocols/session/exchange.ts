/**
 * Numbered messages between two ends, each once and in order, over one connection after another. Both ends do the
 * same here; who called whom does not matter.
 *
 *   ours:    1 .. acknowledged | acknowledged+1 .. sent | sent+1 .. said      the last two parts wait in the queue
 *   theirs:  1 .. received, handed over; whatever else comes is a copy, or comes too early
 *
 * A message leaves the queue only when the other end says that it has it. A new connection begins with what the
 * other end says it has received; the rest is sent again (go-back-n).
 */
import { NUMBER_MAX } from '../heartbeat/constants.ts'
import {
  IN_FLIGHT_MAX,
  RETRANSMIT_AFTER_MS,
  RETRANSMIT_AFTER_MS_MAX,
  UNACKNOWLEDGED_MAX,
} from './constants.ts'
import type { Line } from './lines.ts'

/** `stream`: all arrives, in order, or the connection is over. `datagrams`: each may be lost, doubled, overtaken. */
export type Carrier = 'stream' | 'datagrams'

/** What has to survive the death of an end, so that its session can: plain JSON. */
export type ExchangeMemory = {
  received: number
  acknowledged: number
  /** The messages after `acknowledged`, in order. */
  unacknowledged: string[]
}

export const NOTHING_EXCHANGED: ExchangeMemory = { received: 0, acknowledged: 0, unacknowledged: [] }

export interface Message {
  number: number
  text: string
}

export class Exchange {
  #received: number
  #acknowledged: number
  readonly #queue: string[]
  /** The highest of our numbers that went out over this connection. */
  #sent: number
  /** null: there is no connection. */
  #carrier: Carrier | null = null
  /** When the oldest message is sent again, and how long that is after it was sent. */
  #sentAgainAtMs = Infinity
  #waitMs = RETRANSMIT_AFTER_MS

  constructor(memory: ExchangeMemory = NOTHING_EXCHANGED) {
    this.#received = memory.received
    this.#acknowledged = memory.acknowledged
    this.#queue = [...memory.unacknowledged]
    this.#sent = memory.acknowledged
  }

  get received(): number {
    return this.#received
  }

  get memory(): ExchangeMemory {
    return { received: this.#received, acknowledged: this.#acknowledged, unacknowledged: [...this.#queue] }
  }

  /** Ours that nobody has acknowledged: they may have arrived, or not. */
  get unacknowledged(): Message[] {
    return this.#queue.map((text, at) => ({ number: this.#acknowledged + 1 + at, text }))
  }

  /** No room in the queue, or no number left. */
  get isFull(): boolean {
    return this.#queue.length >= UNACKNOWLEDGED_MAX || this.#acknowledged + this.#queue.length >= NUMBER_MAX
  }

  /** When to call {@link time}. */
  get dueAtMs(): number {
    return this.#sentAgainAtMs
  }

  /** @returns the number of the message, which now waits for its ACK; `full`: it was not taken */
  say(text: string): number | 'full' {
    if (this.isFull) return 'full'
    this.#queue.push(text)
    return this.#acknowledged + this.#queue.length
  }

  /** Whether the other end can have received this many of ours, and still needs none that we no longer have. */
  fits(theirReceived: number): boolean {
    return theirReceived >= this.#acknowledged && theirReceived <= this.#acknowledged + this.#queue.length
  }

  /** A connection begins, with this many of ours at the other end. Only when it {@link fits}. */
  attach(carrier: Carrier, theirReceived: number): void {
    this.#carrier = carrier
    this.#acknowledge(theirReceived)
    this.#sent = theirReceived
    this.#waitMs = RETRANSMIT_AFTER_MS
    this.#sentAgainAtMs = Infinity
  }

  detach(): void {
    this.#carrier = null
    this.#sentAgainAtMs = Infinity
  }

  /** What has to go out now. Call it after everything else, and send all of it. */
  outgoing(nowMs: number): Line[] {
    if (this.#carrier === null) return []
    const said = this.#acknowledged + this.#queue.length
    const until = this.#carrier === 'stream' ? said : Math.min(said, this.#acknowledged + IN_FLIGHT_MAX)
    const lines: Line[] = []
    while (this.#sent < until) {
      this.#sent += 1
      lines.push({
        word: 'DATA',
        number: this.#sent,
        text: this.#queue[this.#sent - this.#acknowledged - 1] ?? '',
      })
    }
    if (lines.length > 0 && this.#carrier === 'datagrams' && this.#sentAgainAtMs === Infinity) {
      this.#sentAgainAtMs = nowMs + this.#waitMs
    }
    return lines
  }

  /** ACK n: they have all up to n. @returns the numbers that this is news of; null when n was never sent */
  acknowledged(number: number, nowMs: number): number[] | null {
    if (number > this.#acknowledged + this.#queue.length) return null
    const before = this.#acknowledged
    this.#acknowledge(number)
    const news = this.#acknowledged - before
    if (news === 0) return []
    // The path works again: what is still under way has its full time, counted from now.
    this.#waitMs = RETRANSMIT_AFTER_MS
    this.#sentAgainAtMs =
      this.#sent > this.#acknowledged && this.#carrier === 'datagrams' ? nowMs + this.#waitMs : Infinity
    return Array.from({ length: news }, (_, at) => before + 1 + at)
  }

  /** DATA n. @returns whether it is to be handed over; if not, it is a copy, or came before its turn */
  receive(number: number): boolean {
    if (number !== this.#received + 1) return false
    this.#received = number
    return true
  }

  /** No ACK came in time: everything since goes out again. @returns how many messages; 0 when it is not time */
  time(nowMs: number): number {
    if (nowMs < this.#sentAgainAtMs) return 0
    const again = this.#sent - this.#acknowledged
    this.#sent = this.#acknowledged
    this.#waitMs = Math.min(2 * this.#waitMs, RETRANSMIT_AFTER_MS_MAX)
    this.#sentAgainAtMs = Infinity
    return again
  }

  #acknowledge(number: number): void {
    if (number <= this.#acknowledged) return
    this.#queue.splice(0, number - this.#acknowledged)
    this.#acknowledged = number
    this.#sent = Math.max(this.#sent, number)
  }
}
