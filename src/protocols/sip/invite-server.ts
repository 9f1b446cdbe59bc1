/**
 * INVITE, as the one who is called sees it: RFC 3261 figure 7 with the state Accepted of RFC 6026 figure 2.
 *
 * G: a refusal again after T1, 2 T1 ... and at last every T2, until its ACK comes. H: 64 T1 without ACK. I: ACK may come
 * again. L: the INVITE may come again; the success itself is sent again by the user agent until its ACK comes, for that
 * ACK is no part of this transaction.
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

export type InviteServerState = 'proceeding' | 'completed' | 'accepted' | 'confirmed' | 'terminated'
type Input = Class | TimerInput | 'INVITE' | 'ACK' | 'transport error'

export const inviteServerTransitions = {
  proceeding: {
    INVITE: 'proceeding',
    '1xx': 'proceeding',
    '2xx': 'accepted',
    '300-699': 'completed',
    'transport error': 'terminated',
  },
  completed: {
    INVITE: 'completed',
    'timer G': 'completed',
    ACK: 'confirmed',
    'timer H': 'terminated',
    'transport error': 'terminated',
  },
  accepted: { INVITE: 'accepted', ACK: 'accepted', '2xx': 'accepted', 'timer L': 'terminated' },
  confirmed: { ACK: 'confirmed', 'timer I': 'terminated' },
  terminated: {},
} as const satisfies Table<InviteServerState, Input>

export class InviteServer extends Machine<InviteServerState, Input> {
  readonly kind = 'invite-server'
  protected readonly table: Table<InviteServerState, Input> = inviteServerTransitions
  readonly request: Request
  #last: Response | null = null
  #pauseMs: number

  constructor(request: Request, options: MachineOptions) {
    super('proceeding', options)
    this.request = request
    this.#pauseMs = options.timing.t1Ms
  }

  /** The INVITE again, or the ACK of a refusal. */
  receive(request: Request, nowMs: number): MachineAction[] {
    const input = request.method === 'ACK' ? 'ACK' : 'INVITE'
    const known = this.input(input, nowMs)
    const answersAgain = this.current === 'proceeding' || this.current === 'completed'
    if (known && input === 'INVITE' && answersAgain && this.#last !== null) this.send(this.#last)
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
    if (timer === 'H') this.act({ do: 'fail', because: 'timeout' })
    if (timer !== 'G' || this.#last === null) return
    this.send(this.#last, 'G')
    this.#pauseMs = Math.min(2 * this.#pauseMs, this.timing.t2Ms)
    this.setTimer('G', atMs, this.#pauseMs)
  }

  protected entered(state: InviteServerState, nowMs: number): void {
    if (state === 'completed') {
      if (!this.isReliable) this.setTimer('G', nowMs)
      this.setTimer('H', nowMs)
    }
    if (state === 'accepted') this.setTimer('L', nowMs)
    if (state === 'confirmed') this.setTimer('I', nowMs)
  }
}
