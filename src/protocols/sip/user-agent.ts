/**
 * A telephone without sockets and without clock: messages in, actions out, time passed in (RFC 3261 sections 8 to 15).
 *
 *     program: call, pickUp, hangUp, register -->                  --> send      to the socket
 *     socket:  receive ------------------------>  UserAgent        --> media     to whoever speaks and hears
 *     clock:   due at dueAtMs ----------------->                   --> incoming, ended, registered ...   to people
 */
import type { LocalMedia } from '../sdp/negotiation.ts'
import { type AgentAction, type AgentOptions, type Core, contactUri, type Outcome } from './agent.ts'
import { ALLOW, Calls } from './calls.ts'
import { essentialsOf, problemOf } from './checks.ts'
import { type Place, placeOfAnswer, responseTo } from './compose.ts'
import { BRANCH_COOKIE } from './constants.ts'
import { Incoming } from './incoming.ts'
import { type Reading, type Request, valuesOf } from './message.ts'
import { ProvenPlaces } from './proven-places.ts'
import { Registration } from './registration.ts'
import { SipError } from './text.ts'
import { type Key, type TransactionAction, Transactions } from './transactions.ts'
import { hostOf, readUri } from './uri.ts'

/** What may be required of us (RFC 4028). */
const EXTENSIONS = ['timer']

export class UserAgent {
  readonly #options: AgentOptions
  readonly #transactions: Transactions
  readonly #calls: Calls
  readonly #incoming: Incoming
  readonly #registration: Registration
  readonly #pending = new Map<Key, (outcome: Outcome, nowMs: number) => void>()
  #actions: AgentAction[] = []
  readonly #proven = new ProvenPlaces()
  #isLeaving = false

  constructor(options: AgentOptions) {
    this.#options = options
    this.#transactions = new Transactions(options.timing)
    const core = this.#core()
    this.#calls = new Calls(core)
    this.#incoming = new Incoming(core, this.#calls)
    this.#registration = new Registration(core)
  }

  /** When to call {@link due}. */
  get dueAtMs(): number {
    return Math.min(this.#transactions.dueAtMs, this.#calls.dueAtMs, this.#registration.dueAtMs)
  }

  /** Calls that are not over. */
  get calls(): readonly string[] {
    return [...this.#calls.all.keys()]
  }

  register(nowMs: number): AgentAction[] {
    this.#registration.ask(nowMs)
    return this.#flush()
  }

  unregister(nowMs: number): AgentAction[] {
    this.#registration.ask(nowMs, true)
    return this.#flush()
  }

  /** @throws SipError where `to` is no SIP address, RangeError where nobody knows where that is */
  call(to: string, local: LocalMedia, nowMs: number): { call: string; actions: AgentAction[] } {
    readUri(to)
    const call = this.#calls.call(to, local, nowMs)
    return { call, actions: this.#flush() }
  }

  pickUp(call: string, local: LocalMedia, nowMs: number): AgentAction[] {
    this.#incoming.pickUp(call, local, nowMs)
    return this.#flush()
  }

  hangUp(call: string, nowMs: number): AgentAction[] {
    this.#calls.hangUp(call, nowMs)
    return this.#flush()
  }

  hold(call: string, isHeld: boolean, nowMs: number): AgentAction[] {
    this.#calls.change(call, isHeld ? 'sendonly' : 'sendrecv', nowMs)
    return this.#flush()
  }

  /** Ends its calls, takes its registration back, and takes no more calls. It is done when {@link hasLeft}. */
  leave(nowMs: number): AgentAction[] {
    this.#isLeaving = true
    for (const call of this.calls) this.#calls.hangUp(call, nowMs)
    this.#registration.leave(nowMs)
    return this.#flush()
  }

  /** Nobody has to be told anything any more, nor to answer. */
  get hasLeft(): boolean {
    return this.#isLeaving && this.#calls.all.size === 0 && this.#registration.isQuiet
  }

  /** Whether who is there has shown that it hears us, within some minutes: see answer-budget.ts. */
  knows(place: Place, nowMs: number): boolean {
    return this.#proven.has(place, nowMs)
  }

  receive({ message, problem }: Reading, from: Place, nowMs: number): AgentAction[] {
    const wrong = problem ?? (message && problemOf(message))
    if (message === null || wrong)
      this.#refuseUnread({ message, problem: wrong ?? new SipError(400, '') }, from)
    else this.#carry(this.#transactions.receive(message, from, nowMs), nowMs)
    return this.#flush()
  }

  transportFailed(to: Place, nowMs: number): AgentAction[] {
    this.#carry(this.#transactions.transportFailed(to, nowMs), nowMs)
    return this.#flush()
  }

  due(nowMs: number): AgentAction[] {
    this.#carry(this.#transactions.due(nowMs), nowMs)
    this.#calls.due(nowMs)
    this.#registration.due(nowMs)
    return this.#flush()
  }

  #core(): Core {
    const { options, place } = { options: this.#options, place: this.#options.place }
    const sentBy = `${hostOf(place.address)}:${place.port}`
    return {
      options,
      act: (action) => this.#actions.push(action),
      ask: (request, to, nowMs, then) => {
        const { key, actions } = this.#transactions.ask(request, to, nowMs)
        this.#pending.set(key, then)
        this.#carry(actions, nowMs)
      },
      answer: (key, response, nowMs) => this.#carry(this.#transactions.answer(key, response, nowMs), nowMs),
      send: (message, to, again) => this.#actions.push({ do: 'send', message, to, again, timer: null }),
      via: () =>
        `SIP/2.0/${place.transport.toUpperCase()} ${sentBy};branch=${BRANCH_COOKIE}${options.makeToken()};rport`,
      contact: () => `<${contactUri(options)}>`,
      knows: (at, nowMs) => this.knows(at, nowMs),
      refuse: (key, request, status, because, nowMs) =>
        this.#refuse(key, request, status, String(because), nowMs),
    }
  }

  #carry(actions: TransactionAction[], nowMs: number): void {
    for (const action of actions) {
      if (action.do === 'send') this.#actions.push(action)
      else if (action.do === 'note-state') {
        this.#actions.push(action)
        if (action.new === 'terminated') this.#ended.push(action.key)
      } else if (action.do === 'request') this.#request(action.key, action.request, action.from, nowMs)
      else if (action.do === 'response' && action.key !== null) {
        // It names a branch of ours, which is a random number.
        this.#proven.add(action.from, nowMs)
        this.#pending.get(action.key)?.({ response: action.response }, nowMs)
      } else if (action.do === 'fail') this.#pending.get(action.key)?.({ failure: action.because }, nowMs)
      else if (action.do === 'refuse')
        this.#answerOnce(action.request, action.from, 503, 'too many transactions')
    }
    for (const key of this.#ended.splice(0)) this.#pending.delete(key)
  }

  readonly #ended: Key[] = []

  #request(key: Key | null, request: Request, from: Place, nowMs: number): void {
    try {
      if (key === null) this.#acknowledged(request, from, nowMs)
      else this.#asked(key, request, from, nowMs)
    } catch (error) {
      if (!(error instanceof SipError)) throw error
      if (key !== null) this.#refuse(key, request, error.status, error.message, nowMs)
    }
  }

  /** It names our tag, which is a random number and was told there only. */
  #acknowledged(request: Request, from: Place, nowMs: number): void {
    if (this.#incoming.ack(request, nowMs)) this.#proven.add(from, nowMs)
  }

  /** Section 8.2: is it a method, an address, an extension that is known here? */
  #asked(key: Key, request: Request, from: Place, nowMs: number): void {
    const unknown = valuesOf(request, 'Require').filter((name) => !EXTENSIONS.includes(name.toLowerCase()))
    if (unknown.length > 0 && request.method !== 'CANCEL') {
      const headers = [{ name: 'Unsupported', value: unknown.join(', ') }]
      return void this.#respond(key, request, 420, headers, nowMs)
    }
    readUri(request.target)
    switch (request.method) {
      case 'INVITE':
        if (this.#isLeaving && !essentialsOf(request).to.parameters.has('tag'))
          return void this.#refuse(key, request, 480, 'a call to a telephone that is leaving', nowMs)
        return void this.#incoming.invite(key, request, from, nowMs)
      case 'BYE':
        return void this.#incoming.bye(key, request, nowMs)
      case 'CANCEL':
        return void this.#incoming.cancel(key, request, nowMs)
      case 'UPDATE':
        return void this.#incoming.update(key, request, nowMs)
      case 'OPTIONS':
        return void this.#respond(
          key,
          request,
          200,
          [ALLOW, { name: 'Accept', value: 'application/sdp' }],
          nowMs,
        )
      default:
        return void this.#respond(key, request, 405, [ALLOW], nowMs)
    }
  }

  #respond(
    key: Key,
    request: Request,
    status: number,
    headers: { name: string; value: string }[],
    nowMs: number,
  ) {
    const answer = responseTo(request, { status, toTag: this.#options.makeToken(), headers })
    this.#carry(this.#transactions.answer(key, answer, nowMs), nowMs)
  }

  #refuse(key: Key, request: Request, status: number, because: string, nowMs: number): void {
    this.#respond(key, request, status, [], nowMs)
    const { transport, address, port } = this.#options.place
    const [via] = essentialsOf(request).vias
    const from = placeOfAnswer(via, { transport, address: via.parameters.get('received') ?? address, port })
    this.#actions.push({ do: 'refused', status, because, from })
  }

  /** It cannot even be told which transaction it is of: one answer, nothing kept. An ACK and an answer get none. */
  #refuseUnread({ message, problem }: { message: Reading['message']; problem: SipError }, from: Place): void {
    if (message?.kind !== 'request' || message.method === 'ACK')
      this.#actions.push({ do: 'refused', status: null, because: problem.message, from })
    else this.#answerOnce(message, from, problem.status, problem.message)
  }

  #answerOnce(request: Request, from: Place, status: number, because: string): void {
    const message = responseTo(request, { status, toTag: this.#options.makeToken() })
    this.#actions.push({ do: 'send', message, to: from, again: 0, timer: null })
    this.#actions.push({ do: 'refused', status, because, from })
  }

  #flush(): AgentAction[] {
    const actions = this.#actions
    this.#actions = []
    return actions
  }
}
