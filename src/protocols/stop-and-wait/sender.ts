/**
 * The least that an application must add to datagrams so that messages arrive all, once and in order: numbers, an
 * acknowledgement, a timer. One message is under way at a time, so that nothing can overtake (stop-and-wait; the
 * alternating bit of Bartlett, Scantlebury and Wilkinson, 1969, with numbers that do not repeat).
 *
 *              +---- time: send it again, at most `triesMax` times ----+
 *              v                                                       |
 *   start -> [ message n is under way ] -- acknowledge(n) --> n + 1, or all are acknowledged
 */

export interface StopAndWaitLimits {
  /** How many messages, numbered from 1. */
  count: number
  /** For how long an acknowledgement is waited for. It must be more than a round trip, or everything is sent twice. */
  timeoutMs: number
  triesMax: number
}

/** What the program has to do now. null: nothing but wait. */
export type Action =
  | { do: 'send'; number: number; tries: number }
  | { do: 'stop'; because: 'all-acknowledged' | 'given-up' }
  | null

export class StopAndWaitSender {
  readonly #limits: StopAndWaitLimits
  #number = 0
  #tries = 0
  #sentAtMs = 0
  #isOver = false

  constructor(limits: StopAndWaitLimits) {
    this.#limits = limits
  }

  /** The message that is under way. */
  get number(): number {
    return this.#number
  }

  get tries(): number {
    return this.#tries
  }

  /** When to call {@link time}. */
  get dueAtMs(): number {
    return this.#sentAtMs + this.#limits.timeoutMs
  }

  start(nowMs: number): Action {
    return this.#next(nowMs)
  }

  /** An acknowledgement of an earlier message is a late one or a copy, and says nothing new. */
  acknowledge(number: number, nowMs: number): Action {
    return number === this.#number && !this.#isOver ? this.#next(nowMs) : null
  }

  /** Whether message or acknowledgement was lost, or either is merely late: the sender cannot know. */
  time(nowMs: number): Action {
    if (this.#isOver || nowMs < this.dueAtMs) return null
    return this.#tries < this.#limits.triesMax ? this.#send(nowMs) : this.#stop('given-up')
  }

  #next(nowMs: number): Action {
    if (this.#number === this.#limits.count) return this.#stop('all-acknowledged')
    this.#number += 1
    this.#tries = 0
    return this.#send(nowMs)
  }

  #send(nowMs: number): Action {
    this.#tries += 1
    this.#sentAtMs = nowMs
    return { do: 'send', number: this.#number, tries: this.#tries }
  }

  #stop(because: 'all-acknowledged' | 'given-up'): Action {
    this.#isOver = true
    return { do: 'stop', because }
  }
}
