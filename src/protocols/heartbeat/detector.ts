/**
 * Judges one peer by the time since something was heard from it. No clock inside: every input brings
 * the time, so that a test can say what happens in an hour.
 *
 * The word `down` says: nothing was heard for `downAfterMs`. The peer may be dead, frozen, slow, cut
 * off, or this end may be deaf: no length of silence tells these apart.
 */
import type { Trigger } from '../../events/vocabulary.ts'

export type DetectorState = 'up' | 'suspect' | 'down'
type DetectorInput = 'heard' | 'suspect_deadline' | 'down_deadline'
type DetectorTrigger = Extract<Trigger, 'heartbeat_missed' | 'heartbeat_late'>

/** What is not here changes nothing. */
export const transitions: Record<
  DetectorState,
  Partial<Record<DetectorInput, { new: DetectorState; trigger: DetectorTrigger }>>
> = {
  up: {
    suspect_deadline: { new: 'suspect', trigger: 'heartbeat_missed' },
  },
  suspect: {
    heard: { new: 'up', trigger: 'heartbeat_late' },
    down_deadline: { new: 'down', trigger: 'heartbeat_missed' },
  },
  down: {
    heard: { new: 'up', trigger: 'heartbeat_late' },
  },
}

export interface Transition {
  old: DetectorState
  new: DetectorState
  trigger: DetectorTrigger
  /** How long this end listened and heard nothing: its own pauses are not silence. */
  silentMs: number
}

export class Detector {
  readonly #suspectAfterMs: number
  readonly #downAfterMs: number
  #state: DetectorState = 'up'
  #silentSinceMs: number

  /** The peer begins as `up`: make a detector when something was heard, or a connection agreed on. */
  constructor(timing: { suspectAfterMs: number; downAfterMs: number }, nowMs: number) {
    this.#suspectAfterMs = timing.suspectAfterMs
    this.#downAfterMs = timing.downAfterMs
    this.#silentSinceMs = nowMs
  }

  /** When to call {@link due} next. In `up` it only ever moves later, so a timer set earlier still serves. */
  get dueAtMs(): number {
    if (this.#state === 'down') return Infinity
    return this.#silentSinceMs + (this.#state === 'up' ? this.#suspectAfterMs : this.#downAfterMs)
  }

  heard(nowMs: number): Transition | undefined {
    const transition = this.#take('heard', nowMs)
    this.#silentSinceMs = nowMs
    return transition
  }

  /**
   * The clock says `nowMs`: exactly at a deadline it has passed. One call makes one transition; if even
   * the next deadline has passed, `dueAtMs` lies in the past and the next call makes that one.
   */
  due(nowMs: number): Transition | undefined {
    if (nowMs < this.dueAtMs) return undefined
    return this.#take(this.#state === 'up' ? 'suspect_deadline' : 'down_deadline', nowMs)
  }

  /**
   * This process itself did not run for `pausedMs` until now: it could not have heard, so the deadlines
   * move later by it (the idea of Lifeguard, arXiv 1707.00788). Never past now: if the peer was heard
   * after the pause, its silence begins there.
   */
  paused(pausedMs: number, nowMs: number): void {
    this.#silentSinceMs = Math.min(this.#silentSinceMs + pausedMs, nowMs)
  }

  #take(input: DetectorInput, nowMs: number): Transition | undefined {
    const target = transitions[this.#state][input]
    if (target === undefined) return undefined
    const transition = { old: this.#state, ...target, silentMs: nowMs - this.#silentSinceMs }
    this.#state = target.new
    return transition
  }
}
