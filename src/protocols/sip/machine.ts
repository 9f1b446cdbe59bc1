/**
 * What the four transactions share: a table of states, timers with the letters of RFC 3261, actions. No clock: whoever
 * has one calls `due` at `dueAtMs`.
 */
import { PATIENCE_T1S, TIMER_D_MS, type Timing } from './constants.ts'
import type { Request, Response } from './message.ts'

export type Timer = 'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M'
export type TimerInput = `timer ${Timer}`
export type Kind = 'invite-client' | 'client' | 'invite-server' | 'server'

export type MachineAction =
  /** `again`: how often it was sent before; `timer`: of which timer, where it was one. */
  | { do: 'send'; message: Request | Response; again: number; timer: Timer | null }
  /** To whoever asked for the transaction. */
  | { do: 'deliver'; message: Request | Response }
  | { do: 'fail'; because: 'timeout' | 'transport' }
  | { do: 'note-state'; old: string; new: string; because: string }

export type Table<State extends string, Input extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Input, State>>>>
>

/** Section 17 and RFC 6026: how long each timer is, over what loses messages and over what does not. */
export function timerMs(timer: Timer, { t1Ms, t4Ms }: Timing, isReliable: boolean): number {
  switch (timer) {
    case 'A':
    case 'E':
    case 'G':
      return t1Ms
    case 'B':
    case 'F':
    case 'H':
    case 'L':
    case 'M':
      return PATIENCE_T1S * t1Ms
    case 'D':
      // 32 s at least, as RFC 3261 says, with its own T1; with a shorter T1 the same share of it.
      return isReliable ? 0 : Math.min(TIMER_D_MS, PATIENCE_T1S * t1Ms)
    case 'I':
    case 'K':
      return isReliable ? 0 : t4Ms
    case 'J':
      return isReliable ? 0 : PATIENCE_T1S * t1Ms
  }
}

export interface MachineOptions {
  timing: Timing
  /** TCP: nothing is sent twice. */
  isReliable: boolean
}

export abstract class Machine<State extends string, Input extends string> {
  abstract readonly kind: Kind
  protected abstract readonly table: Table<State, Input>
  protected readonly timing: Timing
  protected readonly isReliable: boolean
  protected current: State
  #timers: { timer: Timer; atMs: number }[] = []
  #last: Request | Response | null = null
  #again = 0
  #actions: MachineAction[] = []

  constructor(first: State, { timing, isReliable }: MachineOptions) {
    this.current = first
    this.timing = timing
    this.isReliable = isReliable
  }

  get state(): State {
    return this.current
  }

  get isOver(): boolean {
    return this.current === 'terminated'
  }

  get dueAtMs(): number {
    return Math.min(Infinity, ...this.#timers.map(({ atMs }) => atMs))
  }

  /** Nothing happens before {@link dueAtMs}. Several timers may be due: the earliest is first. */
  due(nowMs: number): MachineAction[] {
    for (;;) {
      const next = this.#timers.find(({ atMs }) => atMs === this.dueAtMs)
      if (next === undefined || next.atMs > nowMs) return this.flush()
      this.#timers = this.#timers.filter((one) => one !== next)
      this.onTimer(next.timer, next.atMs)
    }
  }

  /** The socket said that it cannot be sent. */
  transportFailed(nowMs: number): MachineAction[] {
    const old = this.current
    this.input('transport error' as Input, nowMs)
    if (old !== this.current) this.act({ do: 'fail', because: 'transport' })
    return this.flush()
  }

  /** @param atMs when it was due: the next counts from then, so that pauses stay exact */
  protected abstract onTimer(timer: Timer, atMs: number): void

  /** @returns false: this state does not know that input, nothing was done */
  protected input(input: Input, nowMs: number): boolean {
    const next = this.table[this.current][input]
    if (next === undefined) return false
    if (next !== this.current) {
      this.act({ do: 'note-state', old: this.current, new: next, because: input })
      this.current = next
      this.#timers = []
      this.entered(next, nowMs)
    }
    return true
  }

  /** Sets the timers of a state that was just entered; those of the state before were stopped. */
  protected abstract entered(state: State, nowMs: number): void

  protected setTimer(
    timer: Timer,
    nowMs: number,
    afterMs = timerMs(timer, this.timing, this.isReliable),
  ): void {
    const others = this.#timers.filter((one) => one.timer !== timer)
    this.#timers = [...others, { timer, atMs: nowMs + afterMs }]
  }

  protected send(message: Request | Response, timer: Timer | null = null): void {
    this.#again = message === this.#last ? this.#again + 1 : 0
    this.#last = message
    this.act({ do: 'send', message, again: this.#again, timer })
  }

  protected act(action: MachineAction): void {
    this.#actions.push(action)
  }

  protected flush(): MachineAction[] {
    const actions = this.#actions
    this.#actions = []
    return actions
  }
}

/** Where a final answer of any refusal counts the same. */
export type Class = '1xx' | '2xx' | '300-699'
export const classOf = (status: number): Class => (status < 200 ? '1xx' : status < 300 ? '2xx' : '300-699')
