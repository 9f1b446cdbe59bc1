/**
 * What one endpoint holds about one peer, and why.
 *
 * A belief follows from what reached this end, never from what is true: two ends of one connection
 * may hold opposite beliefs, and both have reasons.
 */
import type { Emitter } from '../../events/emit.ts'
import type { Belief, Certainty, Trigger } from '../../events/vocabulary.ts'

/** `definite`: somebody said so, this end's own kernel or program included. Silence says nothing. */
export const certaintyOf: Record<Trigger, Certainty> = {
  started: 'unknown',
  connected: 'definite',
  accepted: 'definite',
  heard: 'definite',
  heartbeat_missed: 'unknown',
  heartbeat_late: 'definite',
  answer_missed: 'unknown',
  answer_late: 'definite',
  fin: 'definite',
  close_frame: 'definite',
  econnreset: 'definite',
  econnaborted: 'definite',
  econnrefused: 'definite',
  epipe: 'definite',
  // This kernel gave up waiting, or found no way: the peer may be well.
  etimedout: 'unknown',
  ehostunreach: 'unknown',
  enetunreach: 'unknown',
  socket_error: 'unknown',
  user_closed: 'definite',
  program_said: 'definite',
  program_ended: 'definite',
  kernel_gave_up: 'unknown',
  kernel_has_none: 'definite',
}

const triggerOfCode: Record<string, Trigger> = {
  ECONNRESET: 'econnreset',
  ECONNABORTED: 'econnaborted',
  ECONNREFUSED: 'econnrefused',
  EPIPE: 'epipe',
  ETIMEDOUT: 'etimedout',
  EHOSTUNREACH: 'ehostunreach',
  ENETUNREACH: 'enetunreach',
}

/** The trigger that belongs to a socket error's code. */
export function triggerOf(code: string): Trigger {
  return triggerOfCode[code] ?? 'socket_error'
}

export class PeerBelief {
  /** The connection it is about now; an HTTP client's belief goes on over several. */
  groupId: string
  readonly #emit: Emitter
  #now: Belief = 'unknown'

  constructor(emit: Emitter, groupId: string) {
    this.#emit = emit
    this.groupId = groupId
  }

  get now(): Belief {
    return this.#now
  }

  /** Only a real change is an event: a second reason to believe the same is none. */
  become(next: Belief, trigger: Trigger, silentMs?: number): void {
    if (next === this.#now) return
    const old = this.#now
    this.#now = next
    this.#emit(
      'belief:updated',
      {
        old,
        new: next,
        trigger,
        certainty: certaintyOf[trigger],
        ...(silentMs === undefined ? {} : { silentMs: Math.round(silentMs) }),
      },
      this.groupId,
    )
  }
}
