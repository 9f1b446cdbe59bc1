/**
 * Any request but INVITE and ACK, as who asks sees it: RFC 3261 figure 6.
 *
 * E: again after T1, 2 T1 ... and at last every T2; once somebody answered 1xx, every T2. F: 64 T1 without a final
 * answer. K: answers may come again.
 */
import {
  type Class,
  classOf,
  Machine,
  type MachineAction,
  type MachineOptions,
  type Table,
  type Timer,
  type TimerInput,
  timerMs,
} from './machine.ts'
import type { Request, Response } from './message.ts'

export type ClientState = 'trying' | 'proceeding' | 'completed' | 'terminated'
type Input = Class | TimerInput | 'transport error'

export const clientTransitions = {
  trying: {
    'timer E': 'trying',
    'timer F': 'terminated',
    'transport error': 'terminated',
    '1xx': 'proceeding',
    '2xx': 'completed',
    '300-699': 'completed',
  },
  proceeding: {
    'timer E': 'proceeding',
    'timer F': 'terminated',
    'transport error': 'terminated',
    '1xx': 'proceeding',
    '2xx': 'completed',
    '300-699': 'completed',
  },
  completed: { 'timer K': 'terminated' },
  terminated: {},
} as const satisfies Table<ClientState, Input>

export class Client extends Machine<ClientState, Input> {
  readonly kind = 'client'
  protected readonly table: Table<ClientState, Input> = clientTransitions
  readonly request: Request
  #pauseMs: number
  /** F goes on through Proceeding: it is not set anew. */
  #giveUpAtMs = Infinity

  constructor(request: Request, options: MachineOptions) {
    super('trying', options)
    this.request = request
    this.#pauseMs = options.timing.t1Ms
  }

  start(nowMs: number): MachineAction[] {
    this.send(this.request)
    if (!this.isReliable) this.setTimer('E', nowMs)
    this.setTimer('F', nowMs)
    this.#giveUpAtMs = nowMs + timerMs('F', this.timing, this.isReliable)
    return this.flush()
  }

  receive(response: Response, nowMs: number): MachineAction[] {
    if (this.input(classOf(response.status), nowMs)) this.act({ do: 'deliver', message: response })
    return this.flush()
  }

  protected onTimer(timer: Timer, atMs: number): void {
    this.input(`timer ${timer}`, atMs)
    if (timer === 'F') this.act({ do: 'fail', because: 'timeout' })
    if (timer !== 'E') return
    this.send(this.request, 'E')
    this.#pauseMs =
      this.current === 'proceeding' ? this.timing.t2Ms : Math.min(2 * this.#pauseMs, this.timing.t2Ms)
    this.setTimer('E', atMs, this.#pauseMs)
  }

  protected entered(state: ClientState, nowMs: number): void {
    if (state === 'proceeding') {
      if (!this.isReliable) this.setTimer('E', nowMs, this.timing.t2Ms)
      this.setTimer('F', this.#giveUpAtMs, 0)
    }
    if (state === 'completed') this.setTimer('K', nowMs)
  }
}
