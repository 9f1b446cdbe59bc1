/**
 * INVITE, as the caller sees it: RFC 3261 figure 5 with the state Accepted of RFC 6026 figure 1.
 *
 * A: again after T1, 2 T1, 4 T1 ... without limit, over UDP. B: 64 T1 without any answer. D: a refusal may come again.
 * M: a success may come again, even from another telephone (a proxy may have called several).
 */
import { ackOf } from './compose.ts'
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

export type InviteClientState = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated'
type Input = Class | TimerInput | 'transport error'

export const inviteClientTransitions = {
  calling: {
    'timer A': 'calling',
    'timer B': 'terminated',
    'transport error': 'terminated',
    '1xx': 'proceeding',
    '2xx': 'accepted',
    '300-699': 'completed',
  },
  proceeding: { '1xx': 'proceeding', '2xx': 'accepted', '300-699': 'completed' },
  completed: { '300-699': 'completed', 'timer D': 'terminated', 'transport error': 'terminated' },
  accepted: { '2xx': 'accepted', 'timer M': 'terminated' },
  terminated: {},
} as const satisfies Table<InviteClientState, Input>

export class InviteClient extends Machine<InviteClientState, Input> {
  readonly kind = 'invite-client'
  protected readonly table: Table<InviteClientState, Input> = inviteClientTransitions
  readonly request: Request
  #pauseMs: number
  #ack: Request | null = null

  constructor(request: Request, options: MachineOptions) {
    super('calling', options)
    this.request = request
    this.#pauseMs = options.timing.t1Ms
  }

  start(nowMs: number): MachineAction[] {
    this.send(this.request)
    if (!this.isReliable) this.setTimer('A', nowMs)
    this.setTimer('B', nowMs)
    return this.flush()
  }

  receive(response: Response, nowMs: number): MachineAction[] {
    const before = this.current
    if (!this.input(classOf(response.status), nowMs)) return this.flush()
    if (this.current === 'completed') {
      this.#ack ??= ackOf(this.request, response)
      this.send(this.#ack)
    }
    if (before !== 'completed') this.act({ do: 'deliver', message: response })
    return this.flush()
  }

  protected onTimer(timer: Timer, atMs: number): void {
    this.input(`timer ${timer}`, atMs)
    if (timer === 'A' && this.current === 'calling') {
      this.send(this.request, 'A')
      this.#pauseMs *= 2
      this.setTimer('A', atMs, this.#pauseMs)
    }
    if (timer === 'B') this.act({ do: 'fail', because: 'timeout' })
  }

  protected entered(state: InviteClientState, nowMs: number): void {
    if (state === 'completed') this.setTimer('D', nowMs)
    if (state === 'accepted') this.setTimer('M', nowMs)
  }
}
