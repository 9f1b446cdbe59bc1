/**
 * The five timers of a peer (section 6), as deadlines: no clock inside, every call brings the time.
 *
 *     timer        set                                     cleared            when due
 *     retry        an initiation was sent                  session made       initiate again; after 90 s give up
 *     new-session  data was sent, unless set               anything received  15 s: initiate
 *     answer       data was received, unless set           anything sent      10 s: an empty packet
 *     persistent   anything was sent or received           never              an empty packet
 *     zero-keys    a session was made, or a give-up        session made       540 s: erase all keys
 *
 * `answer` is the passive keepalive: it speaks only where the other end has, and is itself not answered. So on a tunnel
 * that is up and idle nothing is sent at all, and neither end knows whether the other is there.
 */
import {
  JITTER_MS_MAX,
  KEEPALIVE_TIMEOUT_MS,
  REKEY_ATTEMPT_MS,
  REKEY_TIMEOUT_MS,
  ZERO_KEYS_AFTER_MS,
} from './constants.ts'

export const timerNames = ['retry', 'new-session', 'answer', 'persistent', 'zero-keys'] as const
export type TimerName = (typeof timerNames)[number]

export type Task = 'initiate' | 'give-up' | 'say-something' | 'zero-keys'

export class Timers {
  #persistentMs: number
  readonly #random: () => number
  readonly #dueAtMs: Record<TimerName, number> = {
    retry: Infinity,
    'new-session': Infinity,
    answer: Infinity,
    persistent: Infinity,
    'zero-keys': Infinity,
  }
  #firstInitiationAtMs: number | null = null
  #moreReceived = false

  /** @param persistentMs PersistentKeepalive; Infinity: none. @param random from 0 up to 1 */
  constructor(persistentMs: number, random: () => number) {
    this.#persistentMs = persistentMs
    this.#random = random
  }

  get dueAtMs(): number {
    return Math.min(...Object.values(this.#dueAtMs))
  }

  /** @param persistentMs Infinity: none */
  changePersistent(persistentMs: number): void {
    this.#persistentMs = persistentMs
    this.#dueAtMs.persistent = Infinity
  }

  dataSent(nowMs: number): void {
    this.#setUnlessSet('new-session', nowMs + KEEPALIVE_TIMEOUT_MS + REKEY_TIMEOUT_MS + this.#jitterMs())
  }

  dataReceived(nowMs: number): void {
    // What comes while an answer is due has to be answered as well, or the other end waits for one in vain.
    if (this.#dueAtMs.answer !== Infinity) this.#moreReceived = true
    this.#setUnlessSet('answer', nowMs + KEEPALIVE_TIMEOUT_MS)
  }

  /** Anything that only the peer can read; an initiation too. */
  sent(nowMs: number): void {
    this.#dueAtMs.answer = Infinity
    this.#moreReceived = false
    this.#passed(nowMs)
  }

  /** Anything that only the peer can have sent. */
  received(nowMs: number): void {
    this.#dueAtMs['new-session'] = Infinity
    this.#passed(nowMs)
  }

  initiated(nowMs: number): void {
    this.#firstInitiationAtMs ??= nowMs
    this.#dueAtMs.retry = nowMs + REKEY_TIMEOUT_MS + this.#jitterMs()
  }

  sessionMade(nowMs: number): void {
    this.#dueAtMs['zero-keys'] = nowMs + ZERO_KEYS_AFTER_MS
  }

  /** Our own initiation was answered. */
  answered(): void {
    this.#stopRetrying()
  }

  stop(): void {
    for (const name of timerNames) this.#dueAtMs[name] = Infinity
    this.#stopRetrying()
    this.#moreReceived = false
  }

  /** @returns what is due by now, in the order of the table */
  due(nowMs: number): Task[] {
    const isDue = (name: TimerName) => {
      if (nowMs < this.#dueAtMs[name]) return false
      this.#dueAtMs[name] = Infinity
      return true
    }
    const tasks: Task[] = []
    if (isDue('retry')) tasks.push(this.#retryOrGiveUp(nowMs))
    if (isDue('new-session')) tasks.push('initiate')
    if (isDue('answer')) {
      tasks.push('say-something')
      if (this.#moreReceived) this.#dueAtMs.answer = nowMs + KEEPALIVE_TIMEOUT_MS
      this.#moreReceived = false
    }
    if (isDue('persistent')) {
      // Also where there is no session to say it in: it is what makes the first one.
      this.#passed(nowMs)
      tasks.push('say-something')
    }
    if (isDue('zero-keys')) tasks.push('zero-keys')
    return tasks
  }

  #retryOrGiveUp(nowMs: number): Task {
    if (nowMs - (this.#firstInitiationAtMs ?? nowMs) < REKEY_ATTEMPT_MS) return 'initiate'
    this.#stopRetrying()
    this.#dueAtMs.answer = Infinity
    this.#setUnlessSet('zero-keys', nowMs + ZERO_KEYS_AFTER_MS)
    return 'give-up'
  }

  #stopRetrying(): void {
    this.#dueAtMs.retry = Infinity
    this.#firstInitiationAtMs = null
  }

  #passed(nowMs: number): void {
    if (this.#persistentMs !== Infinity) this.#dueAtMs.persistent = nowMs + this.#persistentMs
  }

  #setUnlessSet(name: TimerName, atMs: number): void {
    if (this.#dueAtMs[name] === Infinity) this.#dueAtMs[name] = atMs
  }

  #jitterMs(): number {
    return this.#random() * JITTER_MS_MAX
  }
}
