/**
 * All transactions of one program, and which of them a message belongs to (RFC 3261 sections 17.1.3 and 17.2.3): a
 * transaction is one request with all its answers, between two neighbours.
 *
 *     who asks: request -> InviteClient or Client      who is asked: Server or InviteServer -> request
 *               <- answers, or failure                                answer ->
 */
import { essentialsOf } from './checks.ts'
import { Client } from './client.ts'
import { type Place, placeOfAnswer, withSource } from './compose.ts'
import { BRANCH_COOKIE, type Timing, TRANSACTIONS_MAX } from './constants.ts'
import { Deadlines } from './deadlines.ts'
import { InviteClient } from './invite-client.ts'
import { InviteServer } from './invite-server.ts'
import type { Kind, MachineAction, Timer } from './machine.ts'
import type { Message, Request, Response } from './message.ts'
import { Server } from './server.ts'

/** Names a transaction. */
export type Key = string

export type TransactionAction =
  | { do: 'send'; message: Message; to: Place; again: number; timer: Timer | null }
  /** Asked for the first time. An ACK of a success has no transaction to answer in: its key is null. */
  | { do: 'request'; key: Key | null; request: Request; from: Place }
  /** key null: nobody here asked, or not any more. */
  | { do: 'response'; key: Key | null; response: Response; from: Place }
  | { do: 'fail'; key: Key; request: Request; because: 'timeout' | 'transport' }
  /** So many at once that this one is not taken. */
  | { do: 'refuse'; request: Request; from: Place }
  | { do: 'note-state'; key: Key; kind: Kind; old: string; new: string; because: string }

type Any = InviteClient | Client | InviteServer | Server
interface Entry {
  machine: Any
  to: Place
}

export class Transactions {
  readonly #timing: Timing
  readonly #entries = new Map<Key, Entry>()
  readonly #deadlines = new Deadlines<Key>()

  constructor(timing: Timing) {
    this.#timing = timing
  }

  get size(): number {
    return this.#entries.size
  }

  get dueAtMs(): number {
    return this.#deadlines.dueAtMs
  }

  /** The request of a transaction that is not over. */
  requestOf(key: Key): Request | null {
    return this.#entries.get(key)?.machine.request ?? null
  }

  /** Asks. Its topmost Via has a branch that nobody used before. */
  ask(request: Request, to: Place, nowMs: number): { key: Key; actions: TransactionAction[] } {
    const key = clientKey(request, request.method)
    const options = { timing: this.#timing, isReliable: to.transport === 'tcp' }
    const machine =
      request.method === 'INVITE' ? new InviteClient(request, options) : new Client(request, options)
    this.#entries.set(key, { machine, to })
    return { key, actions: this.#carry(key, machine.start(nowMs)) }
  }

  /** Answers. Nothing, where the transaction is over. */
  answer(key: Key, response: Response, nowMs: number): TransactionAction[] {
    const { machine } = this.#entries.get(key) ?? {}
    if (!(machine instanceof InviteServer || machine instanceof Server)) return []
    return this.#carry(key, machine.respond(response, nowMs))
  }

  /** @param message without problems (checks.ts) */
  receive(message: Message, from: Place, nowMs: number): TransactionAction[] {
    return message.kind === 'request'
      ? this.#request(message, from, nowMs)
      : this.#response(message, from, nowMs)
  }

  due(nowMs: number): TransactionAction[] {
    const actions: TransactionAction[] = []
    for (let key = this.#deadlines.take(nowMs); key !== null; key = this.#deadlines.take(nowMs)) {
      const entry = this.#entries.get(key)
      if (entry !== undefined) actions.push(...this.#carry(key, entry.machine.due(nowMs)))
    }
    return actions
  }

  /** Nothing can be sent to that place: of no use to wait for what was asked there. */
  transportFailed(to: Place, nowMs: number): TransactionAction[] {
    const there = [...this.#entries].filter(([, { to: place }]) => isSame(place, to))
    return there.flatMap(([key, { machine }]) => this.#carry(key, machine.transportFailed(nowMs)))
  }

  #request(received: Request, from: Place, nowMs: number): TransactionAction[] {
    const request = withSource(received, from)
    const key = serverKey(request)
    const entry = this.#entries.get(key)
    if (entry?.machine instanceof Server) return this.#carry(key, entry.machine.receive(request, nowMs))
    if (entry?.machine instanceof InviteServer) {
      if (request.method === 'ACK' && entry.machine.state === 'accepted')
        return [{ do: 'request', key: null, request, from }]
      return this.#carry(key, entry.machine.receive(request, nowMs))
    }
    if (request.method === 'ACK') return [{ do: 'request', key: null, request, from }]
    if (this.#entries.size >= TRANSACTIONS_MAX) return [{ do: 'refuse', request, from }]
    const { vias } = essentialsOf(request)
    const options = { timing: this.#timing, isReliable: from.transport === 'tcp' }
    const machine =
      request.method === 'INVITE' ? new InviteServer(request, options) : new Server(request, options)
    this.#entries.set(key, { machine, to: placeOfAnswer(vias[0], from) })
    return [{ do: 'request', key, request, from }]
  }

  #response(response: Response, from: Place, nowMs: number): TransactionAction[] {
    const key = clientKey(response, essentialsOf(response).cseq.method)
    const { machine } = this.#entries.get(key) ?? {}
    if (!(machine instanceof InviteClient || machine instanceof Client))
      return [{ do: 'response', key: null, response, from }]
    return this.#carry(key, machine.receive(response, nowMs), from)
  }

  #carry(key: Key, actions: MachineAction[], from?: Place): TransactionAction[] {
    const entry = this.#entries.get(key)
    if (entry === undefined) return []
    const { machine, to } = entry
    this.#deadlines.set(key, machine.isOver ? Infinity : machine.dueAtMs)
    if (machine.isOver) this.#entries.delete(key)
    return actions.flatMap((action): TransactionAction[] => {
      if (action.do === 'send') return [{ ...action, to }]
      if (action.do === 'fail') return [{ ...action, key, request: machine.request }]
      if (action.do === 'note-state') return [{ ...action, key, kind: machine.kind }]
      return action.message.kind === 'response'
        ? [{ do: 'response', key, response: action.message, from: from ?? to }]
        : []
    })
  }

  /** Forgets one that was never answered and never will be. */
  forget(key: Key): void {
    this.#entries.delete(key)
    this.#deadlines.set(key, Infinity)
  }
}

/** Section 17.1.3: by the branch that this end made itself, and the method, for CANCEL has the branch of its INVITE. */
function clientKey(message: Message, method: string): Key {
  return `asked ${essentialsOf(message).vias[0].parameters.get('branch') ?? ''} ${method}`
}

/** Section 17.2.3. Without the cookie no branch is unique: then all else that tells requests apart. */
function serverKey(request: Request): Key {
  return keyFor(request, request.method === 'ACK' ? 'INVITE' : request.method)
}

/** Of the INVITE that this CANCEL is for. */
export const cancelledKey = (cancel: Request): Key => keyFor(cancel, 'INVITE')

function keyFor(request: Request, method: string): Key {
  const { vias, from, callId, cseq } = essentialsOf(request)
  const [{ host, port, parameters }] = vias
  const branch = parameters.get('branch') ?? ''
  const place = `${host}:${port ?? ''}`
  if (branch.startsWith(BRANCH_COOKIE) && branch.length > BRANCH_COOKIE.length)
    return `answering ${branch} ${place} ${method}`
  return `answering old ${place} ${request.target} ${from.parameters.get('tag') ?? ''} ${callId} ${cseq.number} ${method}`
}

export const isSame = (one: Place, other: Place) =>
  one.transport === other.transport && one.address === other.address && one.port === other.port
