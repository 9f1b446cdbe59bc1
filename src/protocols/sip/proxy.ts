/**
 * A registrar that is a proxy too (RFC 3261 sections 10 and 16), without sockets and without clock. It knows
 * transactions and where its users are; of calls it knows nothing: it may be started anew in the middle of one.
 *
 *     INVITE bob@here --> 100 back, INVITE to where bob registered from, with a Via of its own
 *     answers         <-- without that Via
 *     with Record-Route it asks that what follows (ACK, BYE) comes by here too; without, telephones talk to each other
 */
import { placeOf } from './agent.ts'
import { Bindings } from './bindings.ts'
import { essentialsOf, problemOf } from './checks.ts'
import { type Answer, cancelOf, type Place, placeOfAnswer, responseTo } from './compose.ts'
import { BRANCH_COOKIE, MAX_FORWARDS, TIMER_C_MS, type Timing } from './constants.ts'
import {
  type Header,
  headerOf,
  type Message,
  type Reading,
  type Request,
  type Response,
  valuesOf,
} from './message.ts'
import { Registrar, type RegistrarNote, type RegistrarOptions } from './registrar.ts'
import { SipError } from './text.ts'
import { cancelledKey, type Key, type TransactionAction, Transactions } from './transactions.ts'
import { addressOf, hostOf, readUri, targetOf, userOf } from './uri.ts'
import { readNameAddress } from './values.ts'

export interface ProxyOptions extends RegistrarOptions {
  place: Place
  timing: Timing
  isRecordRouting: boolean
}

export type ProxyAction =
  | Extract<TransactionAction, { do: 'send' | 'note-state' }>
  | RegistrarNote
  | { do: 'refused'; status: number | null; because: string; from: Place }

/** An INVITE or another request on its way through. */
interface Forwarded {
  upstream: Key
  request: Request
  to: Place
  /** Somebody has answered it: only then CANCEL may be sent. */
  canCancel: boolean
  isCancelled: boolean
  /** Timer C. */
  untilMs: number
}

export class SipProxy {
  readonly #options: ProxyOptions
  readonly #transactions: Transactions
  readonly #bindings = new Bindings()
  readonly #registrar: Registrar
  readonly #forwarded = new Map<Key, Forwarded>()
  /** From who asked to whom it was passed on. */
  readonly #downstream = new Map<Key, Key>()
  #actions: ProxyAction[] = []

  constructor(options: ProxyOptions) {
    this.#options = options
    this.#transactions = new Transactions(options.timing)
    this.#registrar = new Registrar(options, this.#bindings)
  }

  get dueAtMs(): number {
    const timersC = [...this.#forwarded.values()].map(({ untilMs }) => untilMs)
    return Math.min(this.#transactions.dueAtMs, this.#bindings.dueAtMs, ...timersC)
  }

  /** Whether somebody has registered from there: whoever has, has shown that it receives there. */
  knows(place: Place): boolean {
    return this.#bindings.has(place)
  }

  receive({ message, problem }: Reading, from: Place, nowMs: number): ProxyAction[] {
    const wrong = problem ?? (message && problemOf(message))
    if (message !== null && wrong === null)
      this.#carry(this.#transactions.receive(message, from, nowMs), nowMs)
    else if (message?.kind === 'request' && message.method !== 'ACK')
      this.#answerOnce(message, from, { status: wrong?.status ?? 400 }, wrong?.message ?? '')
    else this.#actions.push({ do: 'refused', status: null, because: wrong?.message ?? '', from })
    return this.#flush()
  }

  due(nowMs: number): ProxyAction[] {
    this.#carry(this.#transactions.due(nowMs), nowMs)
    for (const one of this.#bindings.expire(nowMs))
      this.#actions.push({ do: 'binding-removed', ...one, because: 'expired' })
    for (const forwarded of this.#forwarded.values()) {
      if (forwarded.untilMs > nowMs) continue
      forwarded.untilMs = Infinity
      this.#cancel(forwarded, nowMs)
    }
    return this.#flush()
  }

  transportFailed(to: Place, nowMs: number): ProxyAction[] {
    this.#carry(this.#transactions.transportFailed(to, nowMs), nowMs)
    return this.#flush()
  }

  #carry(actions: TransactionAction[], nowMs: number): void {
    for (const action of actions) {
      if (action.do === 'send') this.#actions.push(action)
      else if (action.do === 'request') this.#request(action.key, action.request, action.from, nowMs)
      else if (action.do === 'response') this.#response(action.key, action.response, nowMs)
      else if (action.do === 'fail') this.#failed(action.key, action.because, nowMs)
      else if (action.do === 'refuse')
        this.#answerOnce(action.request, action.from, { status: 503 }, 'too many')
      else this.#actions.push(action)
    }
    for (const action of actions)
      if (action.do === 'note-state' && action.new === 'terminated') this.#forgetForwarded(action.key)
  }

  #forgetForwarded(key: Key): void {
    const forwarded = this.#forwarded.get(key)
    if (forwarded) this.#downstream.delete(forwarded.upstream)
    this.#forwarded.delete(key)
  }

  #request(key: Key | null, request: Request, from: Place, nowMs: number): void {
    try {
      if (key === null) this.#passAck(request, from)
      else if (request.method === 'REGISTER') this.#register(key, request, from, nowMs)
      else if (request.method === 'CANCEL') this.#passCancel(key, request, from, nowMs)
      else this.#pass(key, request, from, nowMs)
    } catch (error) {
      if (!(error instanceof SipError)) throw error
      if (key !== null) this.#refuse(key, request, from, { status: error.status }, error.message)
    }
  }

  #register(key: Key, request: Request, from: Place, nowMs: number): void {
    const { answer, notes } = this.#registrar.take(request, from, nowMs)
    this.#actions.push(...notes)
    if (answer.status >= 300) this.#refuse(key, request, from, answer, null)
    else this.#answer(key, request, answer, nowMs)
  }

  #pass(key: Key, request: Request, from: Place, nowMs: number): void {
    if (
      request.method === 'OPTIONS' &&
      this.#isHere(request.target) &&
      userOf(readUri(request.target)) === ''
    )
      return void this.#answer(key, request, { status: 200 }, nowMs)
    const required = valuesOf(request, 'Proxy-Require')
    if (required.length > 0) {
      const headers = [{ name: 'Unsupported', value: required.join(', ') }]
      return void this.#refuse(key, request, from, { status: 420, headers }, 'Proxy-Require')
    }
    const way = this.#wayOf(request, from)
    if (typeof way === 'number')
      return void this.#refuse(key, request, from, { status: way }, 'nobody to pass it to')
    if (request.method === 'INVITE')
      this.#carry(this.#transactions.answer(key, responseTo(request, { status: 100 }), nowMs), nowMs)
    const untilMs = request.method === 'INVITE' ? nowMs + TIMER_C_MS : Infinity
    const { key: asked, actions } = this.#transactions.ask(way.request, way.to, nowMs)
    this.#downstream.set(key, asked)
    this.#forwarded.set(asked, { upstream: key, ...way, canCancel: false, isCancelled: false, untilMs })
    this.#carry(actions, nowMs)
  }

  /** Section 16.6. An ACK of a success is nobody's transaction: passed on, and forgotten. */
  #passAck(request: Request, from: Place): void {
    const way = this.#wayOf(request, from)
    if (typeof way === 'object')
      this.#actions.push({ do: 'send', message: way.request, to: way.to, again: 0, timer: null })
  }

  /** What to send and where, or the status that says why not. */
  #wayOf(request: Request, from: Place): { request: Request; to: Place } | number {
    const hops = Number(headerOf(request, 'Max-Forwards') ?? MAX_FORWARDS)
    if (hops === 0) return 483
    const [first, ...others] = valuesOf(request, 'Route')
    const isOurs = first !== undefined && this.#isHere(readNameAddress(first).uri)
    const route = isOurs ? others : valuesOf(request, 'Route')
    const found = this.#targetOf(request, from, route[0])
    if (typeof found === 'number') return found
    const { place, isRecordRouting, makeToken } = this.#options
    const sentBy = `${hostOf(place.address)}:${place.port}`
    const { transport } = found.to
    const own = `SIP/2.0/${transport.toUpperCase()} ${sentBy};branch=${BRANCH_COOKIE}${makeToken()}`
    const isFirst = !essentialsOf(request).to.parameters.has('tag')
    const recorded = isRecordRouting && isFirst && request.method === 'INVITE'
    const kept = request.headers.filter(({ name }) => name !== 'Route' && name !== 'Max-Forwards')
    const headers: Header[] = [
      { name: 'Via', value: own },
      ...(recorded ? [{ name: 'Record-Route', value: `<sip:${sentBy};lr>` }] : []),
      ...route.map((value) => ({ name: 'Route', value })),
      { name: 'Max-Forwards', value: String(hops - 1) },
      ...kept,
    ]
    return { request: { ...request, target: found.target, headers }, to: found.to }
  }

  #targetOf(
    request: Request,
    from: Place,
    route: string | undefined,
  ): { target: string; to: Place } | number {
    const { target } = request
    if (route === undefined && this.#isHere(target)) {
      const user = userOf(readUri(target))
      const binding = this.#bindings.of(user).at(-1)
      if (binding) return { target: targetOf(binding.contact), to: binding.place }
      return this.#options.passwords.has(user) ? 480 : 404
    }
    const known = route === undefined ? this.#bindings.placeOf(target) : null
    if (known) return { target, to: known }
    // Elsewhere only for those who have registered: it is no relay for everybody.
    if (!this.#bindings.has(from)) return 403
    const to = placeOf(route === undefined ? target : readNameAddress(route).uri, this.#options.place)
    return to === null ? 404 : { target, to }
  }

  #isHere(uri: string): boolean {
    const { host, port } = readUri(uri)
    const { address, port: own } = this.#options.place
    return addressOf(host) === address && (port ?? 5060) === own
  }

  #passCancel(key: Key, request: Request, from: Place, nowMs: number): void {
    const downstream = this.#downstream.get(cancelledKey(request))
    const forwarded = downstream === undefined ? undefined : this.#forwarded.get(downstream)
    if (!forwarded) return void this.#refuse(key, request, from, { status: 481 }, 'a CANCEL for nothing')
    this.#answer(key, request, { status: 200 }, nowMs)
    this.#cancel(forwarded, nowMs)
  }

  #cancel(forwarded: Forwarded, nowMs: number): void {
    forwarded.isCancelled = true
    if (!forwarded.canCancel) return
    this.#carry(this.#transactions.ask(cancelOf(forwarded.request), forwarded.to, nowMs).actions, nowMs)
  }

  #response(key: Key | null, response: Response, nowMs: number): void {
    const forwarded = key === null ? undefined : this.#forwarded.get(key)
    if (!forwarded) return
    if (!forwarded.canCancel) {
      forwarded.canCancel = true
      if (forwarded.isCancelled && response.status < 200) this.#cancel(forwarded, nowMs)
    }
    if (response.status >= 200) forwarded.untilMs = Infinity
    // Section 16.7: 100 is between neighbours only.
    if (response.status === 100) return
    const [, ...vias] = valuesOf(response, 'Via')
    const headers = [
      ...vias.map((value) => ({ name: 'Via', value })),
      ...response.headers.filter(({ name }) => name !== 'Via'),
    ]
    this.#carry(this.#transactions.answer(forwarded.upstream, { ...response, headers }, nowMs), nowMs)
  }

  #failed(key: Key, because: 'timeout' | 'transport', nowMs: number): void {
    const forwarded = this.#forwarded.get(key)
    const asked = forwarded && this.#transactions.requestOf(forwarded.upstream)
    if (!forwarded || !asked) return
    this.#answer(forwarded.upstream, asked, { status: because === 'timeout' ? 408 : 503 }, nowMs)
  }

  #answer(key: Key, request: Request, answer: Answer, nowMs: number): void {
    const response = responseTo(request, { toTag: this.#options.makeToken(), ...answer })
    this.#carry(this.#transactions.answer(key, response, nowMs), nowMs)
  }

  /**
   * Once, and forgotten (section 8.2.7): who asks in another's name does not make us say it again and again to that
   * other. Whom the answer does not reach asks again.
   */
  #refuse(key: Key, request: Request, from: Place, answer: Answer, because: string | null): void {
    this.#transactions.forget(key)
    this.#answerOnce(request, placeOfAnswer(essentialsOf(request).vias[0], from), answer, because)
  }

  #answerOnce(request: Request, to: Place, answer: Answer, because: string | null): void {
    const message: Message = responseTo(request, { toTag: this.#options.makeToken(), ...answer })
    this.#actions.push({ do: 'send', message, to, again: 0, timer: null })
    if (because !== null) this.#actions.push({ do: 'refused', status: answer.status, because, from: to })
  }

  #flush(): ProxyAction[] {
    const actions = this.#actions
    this.#actions = []
    return actions
  }
}
