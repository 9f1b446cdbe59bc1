/**
 * Any request but INVITE and ACK, as who is asked sees it: RFC 3261 figure 8. It sends nothing by itself: who asks does
 * so again until there is an answer. J: so long the question may come again.
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
} from './machine.ts'
import type { Request, Response } from './message.ts'

export type ServerState = 'trying' | 'proceeding' | 'completed' | 'terminated'
type Input = Class | TimerInput | 'request' | 'transport error'

export const serverTransitions = {
  trying: { request: 'trying', '1xx': 'proceeding', '2xx': 'completed', '300-699': 'completed' },
  proceeding: {
    request: 'proceeding',
    '1xx': 'proceeding',
    '2xx': 'completed',
    '300-699': 'completed',
    'transport error': 'terminated',
  },
  completed: { request: 'completed', 'timer J': 'terminated', 'transport error': 'terminated' },
  terminated: {},
} as const satisfies Table<ServerState, Input>

export class Server extends Machine<ServerState, Input> {
  readonly kind = 'server'
  protected readonly table: Table<ServerState, Input> = serverTransitions
  readonly request: Request
  #last: Response | null = null

  constructor(request: Request, options: MachineOptions) {
    super('trying', options)
    this.request = request
  }

  /** The request again. */
  receive(_request: Request, nowMs: number): MachineAction[] {
    if (this.input('request', nowMs) && this.#last !== null) this.send(this.#last)
    return this.flush()
  }

  respond(response: Response, nowMs: number): MachineAction[] {
    if (!this.input(classOf(response.status), nowMs)) return this.flush()
    this.#last = response
    this.send(response)
    return this.flush()
  }

  protected onTimer(timer: Timer, atMs: number): void {
    this.input(`timer ${timer}`, atMs)
  }

  protected entered(state: ServerState, nowMs: number): void {
    if (state === 'completed') this.setTimer('J', nowMs)
  }
}
