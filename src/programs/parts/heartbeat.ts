/**
 * One end of the heartbeat with one peer, whatever carries it: lines over TCP or UDP, or WebSocket's
 * own ping frames. It speaks every interval, answers, and judges. It closes nothing.
 */
import type { Emitter } from '../../events/emit.ts'
import {
  type HeartbeatTiming,
  LINES_PER_SECOND_MAX,
  NUMBER_MAX,
} from '../../protocols/heartbeat/constants.ts'
import type { Message, Refusal } from '../../protocols/heartbeat/message.ts'
import { RateLimit } from '../../protocols/rate-limit.ts'
import type { PeerBelief } from './belief.ts'
import { Liveness } from './liveness.ts'

/** PINGs whose answer is still awaited; the answer to an older one has no round-trip time. */
const PINGS_REMEMBERED_MAX = 64

export class Heartbeat {
  readonly liveness: Liveness
  readonly #send: (message: Message) => boolean
  readonly #emit: Emitter
  readonly #groupId: string
  readonly #intervalMs: number
  readonly #rate = new RateLimit(LINES_PER_SECOND_MAX)
  readonly #sentAtMs = new Map<number, number>()
  #timer: NodeJS.Timeout | undefined
  #number = 0

  /** @param send puts one message on the wire; false if the wire takes none now */
  constructor(
    send: (message: Message) => boolean,
    timing: HeartbeatTiming,
    emit: Emitter,
    belief: PeerBelief,
  ) {
    this.liveness = new Liveness(belief, timing, emit)
    this.#send = send
    this.#emit = emit
    this.#groupId = belief.groupId
    this.#intervalMs = timing.intervalMs
  }

  /** Begins to speak. The peer is judged from `liveness.watch()` or from the first line on. */
  start(): void {
    this.#timer = setInterval(() => this.ping(), this.#intervalMs)
    this.ping()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.liveness.stop()
  }

  ping(): void {
    const number = this.#number
    if (!this.#send({ kind: 'ping', number })) return
    this.#number = number === NUMBER_MAX ? 0 : number + 1
    this.#sentAtMs.set(number, performance.now())
    if (this.#sentAtMs.size > PINGS_REMEMBERED_MAX) this.#sentAtMs.delete(this.#oldestPing())
    this.#emit('heartbeat:ping_sent', { number }, this.#groupId)
  }

  /**
   * A line arrived, good or bad.
   * @returns what was wrong with it, where its sender may be told: on a stream, whose sender has proved its address
   */
  take(line: Message | Refusal): Refusal | null {
    const nowMs = performance.now()
    switch (this.#rate.take(nowMs)) {
      case 'drop':
        return null
      case 'refuse':
        this.#emit(
          'heartbeat:line_refused',
          { problem: 'TOO_MANY_LINES', excerpt: 'problem' in line ? line.excerpt : line.kind },
          this.#groupId,
        )
        return null
    }
    if ('problem' in line) {
      this.#emit('heartbeat:line_refused', line, this.#groupId)
      return line
    }
    const { kind, number } = line
    if (kind === 'ping') {
      this.#emit('heartbeat:ping_received', { number }, this.#groupId)
      if (this.#send({ kind: 'pong', number })) this.#emit('heartbeat:pong_sent', { number }, this.#groupId)
    } else {
      const sentAtMs = this.#sentAtMs.get(number)
      this.#sentAtMs.delete(number)
      const roundTrip = sentAtMs === undefined ? {} : { roundTripMs: nowMs - sentAtMs }
      this.#emit('heartbeat:pong_received', { number, ...roundTrip }, this.#groupId)
    }
    this.liveness.heard()
    return null
  }

  /** A Map keeps the order in which its keys came. */
  #oldestPing(): number {
    return this.#sentAtMs.keys().next().value as number
  }
}
