/**
 * The heartbeat of one connection of a session: when to say PING, and what silence means. The lines are the
 * session's, the judgement is the heartbeat's detector.
 */
import { type HeartbeatTiming, NUMBER_MAX } from '../heartbeat/constants.ts'
import { Detector, type Transition } from '../heartbeat/detector.ts'

export class Pulse {
  readonly #intervalMs: number
  readonly #detector: Detector
  #number: number
  #pingAtMs: number

  /** @param number what the first PING says; it counts up from there */
  constructor(timing: HeartbeatTiming, number: number, nowMs: number) {
    this.#intervalMs = timing.intervalMs
    this.#detector = new Detector(timing, nowMs)
    this.#number = number
    this.#pingAtMs = nowMs + timing.intervalMs
  }

  get dueAtMs(): number {
    return Math.min(this.#pingAtMs, this.#detector.dueAtMs)
  }

  heard(nowMs: number): Transition | undefined {
    return this.#detector.heard(nowMs)
  }

  /** Time in which this process did not run is no silence of the peer. */
  paused(pausedMs: number, nowMs: number): void {
    this.#detector.paused(pausedMs, nowMs)
  }

  /** The number of the PING that is to be sent now; null when it is not time. */
  ping(nowMs: number): number | null {
    if (nowMs < this.#pingAtMs) return null
    const number = this.#number
    this.#number = number === NUMBER_MAX ? 0 : number + 1
    this.#pingAtMs = nowMs + this.#intervalMs
    return number
  }

  /** As the detector's: one call makes one transition. */
  judge(nowMs: number): Transition | undefined {
    return this.#detector.due(nowMs)
  }
}
