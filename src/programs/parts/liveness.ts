/**
 * Between the detector, which knows no clock, and the clock.
 *
 * The hard part is this process itself. Frozen or starved, it hears nothing; when it runs again, all
 * its deadlines have passed, and whatever peers sent meanwhile still waits unread in its sockets. Two
 * precautions keep it from suspecting everybody then: the guard below, and {@link Liveness.#arm}.
 */
import type { Emitter } from '../../events/emit.ts'
import { type HeartbeatTiming, PAUSE_GAP_MS, PAUSE_TICK_MS } from '../../protocols/heartbeat/constants.ts'
import { Detector } from '../../protocols/heartbeat/detector.ts'
import type { PeerBelief } from './belief.ts'
import { deadlineAfter } from './deadline.ts'

/** Something that judges silence, and has to know when its own process could not hear. */
type Pausable = Pick<Detector, 'paused'>

/**
 * One for the process, since a process pauses as a whole: it looks at the clock every 20 ms, and when
 * much more has passed, it tells all detectors.
 */
export const guard = {
  detectors: new Set<Pausable>(),
  timer: undefined as NodeJS.Timeout | undefined,
  lookedAtMs: 0,
  /** The emitter of the program that used the guard first: a pause is told once, and not once a peer. */
  emit: undefined as Emitter | undefined,

  add(detector: Pausable, emit: Emitter): void {
    if (guard.timer === undefined) {
      guard.emit = emit
      guard.lookedAtMs = performance.now()
      guard.timer = setInterval(guard.look, PAUSE_TICK_MS).unref()
    }
    guard.detectors.add(detector)
  },

  remove(detector: Pausable): void {
    guard.detectors.delete(detector)
    if (guard.detectors.size > 0) return
    clearInterval(guard.timer)
    guard.timer = undefined
  },

  /** @returns the time it looked: judge by this one, since the process may pause after any line. */
  look(): number {
    const nowMs = performance.now()
    const gapMs = nowMs - guard.lookedAtMs
    guard.lookedAtMs = nowMs
    if (gapMs > PAUSE_GAP_MS) {
      const pausedMs = gapMs - PAUSE_TICK_MS
      guard.emit?.('detector:paused', { pausedMs: Math.round(pausedMs) })
      for (const detector of guard.detectors) detector.paused(pausedMs, nowMs)
    }
    return nowMs
  },
}

/** Lets a detector judge one peer, and makes its judgement this end's belief. */
export class Liveness {
  readonly #belief: PeerBelief
  readonly #timing: HeartbeatTiming
  readonly #emit: Emitter
  /** None: nothing is judged, since nothing was heard yet, or since it was stopped. */
  #detector: Detector | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(belief: PeerBelief, timing: HeartbeatTiming, emit: Emitter) {
    this.#belief = belief
    this.#timing = timing
    this.#emit = emit
  }

  /** From now on silence counts. */
  watch(): void {
    this.stop()
    this.#detector = new Detector(this.#timing, performance.now())
    guard.add(this.#detector, this.#emit)
    this.#arm()
  }

  heard(): void {
    if (this.#detector === undefined) {
      this.#belief.become('up', 'heard')
      this.watch()
      return
    }
    const nowMs = performance.now()
    const overdueMs = nowMs - this.#detector.dueAtMs
    const transition = this.#detector.heard(nowMs)
    // This process ran a little late, too little for a pause, and what had come by then counts.
    if (overdueMs >= 0) this.#emit('detector:overtaken', { overdueMs }, this.#belief.groupId)
    // No transition, no new timer: the deadline only moved later, and the timer asks when it fires.
    if (transition === undefined) return
    this.#belief.become(transition.new, transition.trigger, transition.silentMs)
    this.#arm()
  }

  /** Silence does not count any more, until something is heard. */
  stop(): void {
    clearTimeout(this.#timer)
    if (this.#detector !== undefined) guard.remove(this.#detector)
    this.#detector = undefined
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const dueAtMs = this.#detector?.dueAtMs ?? Infinity
    if (dueAtMs === Infinity) return
    this.#timer = deadlineAfter(Math.ceil(Math.max(0, dueAtMs - performance.now())), this.#judge)
  }

  readonly #judge = (): void => {
    // The deadline may be first to run after a pause, before the guard's own timer.
    const nowMs = guard.look()
    const transition = this.#detector?.due(nowMs)
    if (transition !== undefined) {
      this.#belief.become(transition.new, transition.trigger, transition.silentMs)
    }
    this.#arm()
  }
}
