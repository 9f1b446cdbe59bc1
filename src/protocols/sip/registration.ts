/**
 * REGISTER, as a telephone does it (RFC 3261 section 10.2): "who calls me, call me here", for so many seconds.
 *
 *     new --asked--> asking --challenged: 401--> proving --granted: 200--> registered --asked, in time--> asking ...
 *     asking, proving --failed: refused, no answer--> lost --asked, after a pause--> asking
 */
import { type Core, contactUri, type Outcome } from './agent.ts'
import { MAX_FORWARDS } from './constants.ts'
import { answerChallenge, readChallenge } from './digest.ts'
import { headerOf, type Request, type Response, valuesOf } from './message.ts'
import { hostOf, readUri, writeUri } from './uri.ts'
import { readNameAddress } from './values.ts'

export type RegistrationState = 'new' | 'asking' | 'proving' | 'registered' | 'lost'
type Input = 'asked' | 'challenged' | 'granted' | 'taken-back' | 'failed'

/** What is not here changes nothing. */
export const registrationTransitions: Record<RegistrationState, Partial<Record<Input, RegistrationState>>> = {
  new: { asked: 'asking' },
  asking: { challenged: 'proving', granted: 'registered', 'taken-back': 'new', failed: 'lost' },
  proving: { challenged: 'proving', granted: 'registered', 'taken-back': 'new', failed: 'lost' },
  registered: { asked: 'asking' },
  lost: { asked: 'asking' },
}

/** Asked again when so much of the time is over: a lost message or two do no harm. */
const REFRESH_AT = 0.9
/** After a failure: half a minute, so that a registrar that comes back is not run over (RFC 5626 4.5). */
const AGAIN_AFTER_MS = 30_000
/** A wrong password is not said more often. */
const CHALLENGES_MAX = 2

export class Registration {
  readonly #core: Core
  #state: RegistrationState = 'new'
  #callId: string
  #tag: string
  #number = 0
  #challenges = 0
  #wantedSeconds = 0
  /** The registrar has said yes, or has perhaps: then it has to be told when this ends. */
  #mayBeKnown = false
  #isLeaving = false
  /** When to ask again. */
  dueAtMs = Infinity

  constructor(core: Core) {
    this.#core = core
    this.#callId = core.options.makeToken()
    this.#tag = core.options.makeToken()
  }

  get state(): RegistrationState {
    return this.#state
  }

  /** @param isEnd takes it back: nobody shall call here any more */
  ask(nowMs: number, isEnd = false): void {
    const { registrar } = this.#core.options
    if (registrar === undefined || !this.#enter('asked')) return
    this.#wantedSeconds = isEnd ? 0 : registrar.wantedSeconds
    this.#challenges = 0
    this.dueAtMs = Infinity
    this.#send(nowMs)
  }

  due(nowMs: number): void {
    if (nowMs >= this.dueAtMs) this.ask(nowMs)
  }

  /** Takes it back, as soon as what was asked is answered; afterwards nothing is asked any more. */
  leave(nowMs: number): void {
    this.#isLeaving = true
    this.dueAtMs = Infinity
    if (this.#mayBeKnown) this.ask(nowMs, true)
  }

  /** Nothing is asked at this moment. */
  get isQuiet(): boolean {
    return this.#state !== 'asking' && this.#state !== 'proving'
  }

  #send(nowMs: number, proof: { name: string; value: string }[] = []): void {
    const { registrar, user } = this.#core.options
    if (registrar === undefined) return
    this.#number += 1
    const { address, port } = registrar.place
    const domain = `sip:${hostOf(address)}:${port}`
    const who = `<sip:${user}@${hostOf(address)}:${port}>`
    const request: Request = {
      kind: 'request',
      method: 'REGISTER',
      target: domain,
      headers: [
        { name: 'Via', value: this.#core.via() },
        { name: 'Max-Forwards', value: String(MAX_FORWARDS) },
        { name: 'From', value: `${who};tag=${this.#tag}` },
        { name: 'To', value: who },
        { name: 'Call-ID', value: this.#callId },
        { name: 'CSeq', value: `${this.#number} REGISTER` },
        { name: 'Contact', value: this.#core.contact() },
        { name: 'Expires', value: String(this.#wantedSeconds) },
        ...proof,
      ],
      body: Buffer.alloc(0),
    }
    this.#core.ask(request, registrar.place, nowMs, (outcome, thenMs) => this.#take(request, outcome, thenMs))
  }

  #take(request: Request, outcome: Outcome, nowMs: number): void {
    if ('failure' in outcome) {
      this.#mayBeKnown ||= outcome.failure === 'timeout'
      return void this.#lose(null, nowMs)
    }
    const { response } = outcome
    if (response.status < 200) return
    if (response.status >= 200 && response.status < 300) return void this.#grant(response, nowMs)
    if (response.status === 423) {
      const least = Number(headerOf(response, 'Min-Expires'))
      if (least > this.#wantedSeconds && least < 2 ** 32) {
        this.#wantedSeconds = least
        return void this.#send(nowMs)
      }
    }
    const proof =
      response.status === 401 || response.status === 407 ? proofFor(this.#core, request, response) : null
    this.#challenges += 1
    if (proof === null || this.#challenges > CHALLENGES_MAX) return void this.#lose(response.status, nowMs)
    this.#enter('challenged')
    this.#send(nowMs, [proof])
  }

  #grant(response: Response, nowMs: number): void {
    if (this.#wantedSeconds === 0) {
      this.#enter('taken-back')
      this.#mayBeKnown = false
      this.#core.act({ do: 'unregistered' })
      return
    }
    const seconds = grantedSeconds(response, contactUri(this.#core.options)) ?? this.#wantedSeconds
    this.#enter('granted')
    this.#mayBeKnown = true
    if (this.#isLeaving) return void this.ask(nowMs, true)
    this.dueAtMs = nowMs + REFRESH_AT * seconds * 1000
    this.#core.act({ do: 'registered', seconds })
  }

  /** @returns whether that changes anything */
  #enter(input: Input): boolean {
    const next = registrationTransitions[this.#state][input]
    if (next === undefined) return false
    this.#state = next
    return true
  }

  #lose(status: number | null, nowMs: number): void {
    this.#enter('failed')
    if (this.#wantedSeconds > 0 && !this.#isLeaving) this.dueAtMs = nowMs + AGAIN_AFTER_MS
    this.#core.act({ do: 'registration-lost', status })
  }
}

/** Section 10.2.4: the registrar decides how long, for each contact, or for all. */
function grantedSeconds(response: Response, own: string): number | null {
  const mine = valuesOf(response, 'Contact')
    .map(readNameAddress)
    .find(({ uri }) => writeUri(readUri(uri)) === own)
  const said = mine?.parameters.get('expires') ?? headerOf(response, 'Expires')
  return said && /^[1-9]\d{0,8}$/.test(said) ? Number(said) : null
}

/** The field that answers a challenge of this response; null: nothing in it that can be answered here. */
export function proofFor(
  core: Core,
  request: Request,
  response: Response,
): { name: string; value: string } | null {
  const { registrar, user, makeToken } = core.options
  if (registrar === undefined) return null
  const isProxy = response.status === 407
  const field = isProxy ? 'Proxy-Authenticate' : 'WWW-Authenticate'
  // Each in a field of its own: commas are part of a challenge.
  const [challenge] = response.headers.flatMap(({ name, value }) =>
    name === field ? (readChallenge(value) ?? []) : [],
  )
  if (challenge === undefined) return null
  const value = answerChallenge(challenge, {
    username: user,
    password: registrar.password,
    method: request.method,
    uri: request.target,
    cnonce: makeToken(),
    uses: 1,
  })
  return { name: isProxy ? 'Proxy-Authorization' : 'Authorization', value }
}
