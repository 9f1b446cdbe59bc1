/** Calls from here: INVITE, CANCEL, BYE, re-INVITE (RFC 3261 sections 9, 13 to 15). What comes in is in incoming.ts. */
import { readSdp, writeSdp } from '../sdp/description.ts'
import { type LocalMedia, offerOf, takeAnswer } from '../sdp/negotiation.ts'
import { type CallFailure, type Core, type Outcome, placeOf } from './agent.ts'
import { type Call, type CallInput, type CallState, callTransitions } from './call.ts'
import { essentialsOf } from './checks.ts'
import { cancelOf, type Place, responseTo } from './compose.ts'
import { MAX_FORWARDS, PATIENCE_T1S } from './constants.ts'
import { contactOf, dialogOfAnswer, nextHop, requestIn } from './dialog.ts'
import type { Header, Request, Response } from './message.ts'
import { proofFor } from './registration.ts'
import {
  minSessionOf,
  type Role,
  type Session,
  sessionExpiresOf,
  sessionFrom,
  sessionHeader,
} from './session-timer.ts'
import { SipError } from './text.ts'
import { hostOf } from './uri.ts'

export const ALLOW: Header = { name: 'Allow', value: 'INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE' }
const SDP: Header = { name: 'Content-Type', value: 'application/sdp' }
const CHALLENGES_MAX = 2

export class Calls {
  readonly core: Core
  readonly all = new Map<string, Call>()
  /** Of those: calls to us, by callers who have not shown that they hear us. */
  readonly ofStrangers = new Set<string>()

  constructor(core: Core) {
    this.core = core
  }

  get dueAtMs(): number {
    let dueAtMs = Infinity
    for (const { session, unacknowledged } of this.all.values()) {
      dueAtMs = Math.min(dueAtMs, session?.refreshAtMs ?? Infinity, session?.expiresAtMs ?? Infinity)
      if (unacknowledged) dueAtMs = Math.min(dueAtMs, unacknowledged.atMs, unacknowledged.untilMs)
    }
    return dueAtMs
  }

  /** @returns its id; @throws SipError where `uri` is no SIP address, RangeError where it is no IP address */
  call(uri: string, local: LocalMedia, nowMs: number): string {
    const { options } = this.core
    const to = options.registrar?.place ?? placeOf(uri, options.place)
    if (to === null) throw new RangeError(`"${uri}" is not at an IP address: say it as in sip:bob@10.0.1.2`)
    const id = options.makeToken()
    const from = options.registrar?.place ?? options.place
    const invite: Request = {
      kind: 'request',
      method: 'INVITE',
      target: uri,
      headers: [
        { name: 'Via', value: this.core.via() },
        { name: 'Max-Forwards', value: String(MAX_FORWARDS) },
        { name: 'From', value: `<sip:${options.user}@${hostOf(from.address)}>;tag=${options.makeToken()}` },
        { name: 'To', value: `<${uri}>` },
        { name: 'Call-ID', value: id },
        { name: 'CSeq', value: '1 INVITE' },
        ...this.#inviteFields(this.#sessionWish()),
      ],
      body: writeSdp(offerOf(local)),
    }
    const call: Call = { ...blank(id, invite, local, to), state: 'calling' }
    this.all.set(id, call)
    this.#invite(call, nowMs)
    return id
  }

  /** CANCEL before somebody answered, BYE after, a refusal where it is this end that is called. */
  hangUp(id: string, nowMs: number, because: NonNullable<Call['end']> = 'hung-up'): void {
    const call = this.all.get(id)
    if (call === undefined) return
    if (call.state === 'incoming' && call.key !== null) {
      this.core.answer(
        call.key,
        responseTo(call.invite, { status: 603, toTag: call.dialog?.localTag }),
        nowMs,
      )
      return void this.fail(call, 'refused', 603)
    }
    // Section 15: who was called says no BYE before the ACK has come, or cannot come any more.
    if (call.state === 'answered' && because !== 'never-acknowledged') {
      call.end = because
      return
    }
    const wasEarly = call.state === 'calling' || call.state === 'ringing'
    if (!this.enter(call, 'hangs-up', because)) return
    call.end = wasEarly ? 'cancelled' : because
    if (!wasEarly) this.#bye(call, nowMs)
    else if (call.canCancel) this.#cancel(call, nowMs)
  }

  /** Offers anew: to hold (`sendonly`), to go on (`sendrecv`). Nothing where another change is on its way. */
  change(id: string, direction: LocalMedia['direction'], nowMs: number): void {
    const call = this.all.get(id)
    if (call?.state !== 'up' || call.isChanging) return
    call.local = { ...call.local, direction, version: call.local.version + 1 }
    this.#reinvite(call, nowMs)
  }

  due(nowMs: number): void {
    for (const call of this.all.values()) {
      const { session, unacknowledged } = call
      if (unacknowledged) this.#answerAgain(call, unacknowledged, nowMs)
      if (session && nowMs >= session.expiresAtMs) {
        call.session = null
        this.core.act({ do: 'session-expired', call: call.id })
        this.hangUp(call.id, nowMs, 'expired')
      } else if (session && nowMs >= session.refreshAtMs) {
        session.refreshAtMs = Infinity
        if (!call.isChanging) this.#reinvite(call, nowMs)
      }
    }
  }

  /** @returns false: its state does not know that input */
  enter(call: Call, input: CallInput, because: string): boolean {
    const next = (callTransitions[call.state] as Partial<Record<CallInput, CallState>>)[input]
    if (next === undefined) return false
    if (next !== call.state)
      this.core.act({ do: 'note-call', call: call.id, old: call.state, new: next, because })
    call.state = next
    if (next === 'leaving' || next === 'over') {
      call.session = null
      call.unacknowledged = null
    }
    if (next === 'up' || next === 'over') this.ofStrangers.delete(call.id)
    if (next === 'over') this.all.delete(call.id)
    return true
  }

  fail(call: Call, because: CallFailure, status: number | null): void {
    if (this.enter(call, 'failed', because)) this.core.act({ do: 'failed', call: call.id, because, status })
  }

  /** What both know now of the session timer; null where there is none. */
  agreeSession(
    call: Call,
    said: { seconds: number; refresher: Role } | null,
    own: Role,
    nowMs: number,
  ): void {
    const before = call.session
    const session: Session | null = said && sessionFrom(said.seconds, said.refresher === own, nowMs)
    call.session = session
    if (session === null) return
    const { seconds, isRefresher } = session
    if (before?.seconds === seconds) this.core.act({ do: 'session-refreshed', call: call.id })
    else this.core.act({ do: 'session-agreed', call: call.id, seconds, isRefresher })
  }

  #sessionWish(): Header[] {
    const { session } = this.core.options
    if (session === undefined) return []
    const least = { name: 'Min-SE', value: String(session.minSeconds) }
    return [{ name: 'Supported', value: 'timer' }, sessionHeader(session), least]
  }

  #inviteFields(session: Header[]): Header[] {
    return [{ name: 'Contact', value: this.core.contact() }, ALLOW, ...session, SDP]
  }

  #invite(call: Call, nowMs: number): void {
    const { invite } = call
    this.core.ask(invite, call.to, nowMs, (outcome, thenMs) => this.#take(call, invite, outcome, thenMs))
  }

  #take(call: Call, invite: Request, outcome: Outcome, nowMs: number): void {
    if ('failure' in outcome) {
      if (call.end === 'cancelled') this.#cancelled(call)
      else this.fail(call, outcome.failure === 'timeout' ? 'no-answer' : 'unreachable', null)
      return
    }
    const { response } = outcome
    if (response.status < 200) this.#provisional(call, response, nowMs)
    else if (response.status < 300) this.#pickedUp(call, invite, response, nowMs)
    else if (call.end === 'cancelled') this.#cancelled(call)
    else if (!this.#inviteAgain(call, response, nowMs)) this.fail(call, 'refused', response.status)
  }

  #provisional(call: Call, response: Response, nowMs: number): void {
    const couldCancel = call.canCancel
    call.canCancel = true
    if (response.status > 100) this.enter(call, 'rings', String(response.status))
    if (call.state === 'leaving' && !couldCancel) this.#cancel(call, nowMs)
  }

  #cancelled(call: Call): void {
    if (this.enter(call, 'done', 'cancelled'))
      this.core.act({ do: 'ended', call: call.id, because: 'cancelled' })
  }

  #pickedUp(call: Call, invite: Request, response: Response, nowMs: number): void {
    if (call.ack !== null) return void this.#acknowledgeAgain(call, invite, response)
    call.dialog = dialogOfAnswer(invite, response)
    this.#acknowledge(call, call.dialog.localNumber)
    if (call.state === 'leaving') return void this.#bye(call, nowMs)
    this.enter(call, 'picked-up', '200')
    const answer = readSdp(response.body)
    const agreed = answer && takeAnswer(answer, call.local)
    if (agreed) this.core.act({ do: 'media', call: call.id, agreed })
    else return void this.hangUp(call.id, nowMs, 'hung-up')
    this.#agreeAsAsked(call, response, nowMs)
  }

  /** RFC 4028 7.2: who asked does what the answer says. */
  #agreeAsAsked(call: Call, response: Response, nowMs: number): void {
    const said = sessionExpiresOf(response)
    this.agreeSession(
      call,
      said && { seconds: said.seconds, refresher: said.refresher ?? 'uac' },
      'uac',
      nowMs,
    )
  }

  #acknowledge(call: Call, number: number): void {
    if (call.dialog === null) return
    const request = requestIn({ ...call.dialog, localNumber: number }, 'ACK', this.core.via())
    const to = this.#placeIn(call, request)
    call.ack = { request, to }
    this.core.send(request, to, 0)
  }

  /** The same success: our ACK was lost. Of another telephone, which a proxy rang too: it is told that it came late. */
  #acknowledgeAgain(call: Call, invite: Request, response: Response): void {
    const tag = essentialsOf(response).to.parameters.get('tag') ?? ''
    if (call.ack && (call.dialog === null || call.dialog.remoteTag === tag))
      return void this.core.send(call.ack.request, call.ack.to, 1)
    const dialog = dialogOfAnswer(invite, response)
    const ack = requestIn(dialog, 'ACK', this.core.via())
    this.core.send(ack, this.#placeIn(call, ack), 0)
    const bye = requestIn(dialog, 'BYE', this.core.via())
    this.core.ask(bye, this.#placeIn(call, bye), 0, () => {})
  }

  /** With a password, or with a longer session timer. @returns false: nothing more can be tried */
  #inviteAgain(call: Call, response: Response, nowMs: number): boolean {
    const { invite } = call
    let fields: Header[] = invite.headers
    call.challenges += 1
    if (call.challenges > CHALLENGES_MAX) return false
    const least = response.status === 422 ? minSessionOf(response) : null
    const proof =
      response.status === 401 || response.status === 407 ? proofFor(this.core, invite, response) : null
    if (least !== null && this.core.options.session) {
      const longer = {
        ...this.core.options.session,
        seconds: Math.max(least, this.core.options.session.seconds),
      }
      fields = fields.flatMap((field) => {
        if (field.name === 'Session-Expires') return [sessionHeader(longer)]
        return [field.name === 'Min-SE' ? { ...field, value: String(least) } : field]
      })
    } else if (proof !== null) fields = [...fields.filter(({ name }) => name !== proof.name), proof]
    else return false
    const { number } = essentialsOf(invite).cseq
    const renewed: Record<string, string> = { Via: this.core.via(), CSeq: `${number + 1} INVITE` }
    call.invite = {
      ...invite,
      headers: fields.map(({ name, value }) => ({ name, value: renewed[name] ?? value })),
    }
    call.canCancel = false
    this.#invite(call, nowMs)
    return true
  }

  #cancel(call: Call, nowMs: number): void {
    this.core.ask(cancelOf(call.invite), call.to, nowMs, () => {})
  }

  #bye(call: Call, nowMs: number): void {
    if (call.dialog === null) return
    const bye = requestIn(call.dialog, 'BYE', this.core.via())
    this.core.ask(bye, this.#placeIn(call, bye), nowMs, (outcome) => {
      const isOver = 'failure' in outcome || outcome.response.status >= 200
      const because = call.end ?? 'hung-up'
      const how = 'failure' in outcome ? outcome.failure : String(outcome.response.status)
      if (isOver && this.enter(call, 'done', how)) this.core.act({ do: 'ended', call: call.id, because })
    })
  }

  #reinvite(call: Call, nowMs: number): void {
    const { dialog, session } = call
    if (dialog === null) return
    call.isChanging = true
    // RFC 4028 7.4: who refreshes goes on doing so, whoever it was that called.
    const kept: Role = session?.isRefresher === false ? 'uas' : 'uac'
    const fields = session
      ? [{ name: 'Supported', value: 'timer' }, sessionHeader({ seconds: session.seconds, refresher: kept })]
      : []
    const request = requestIn(
      dialog,
      'INVITE',
      this.core.via(),
      this.#inviteFields(fields),
      writeSdp(offerOf(call.local)),
    )
    this.core.ask(request, this.#placeIn(call, request), nowMs, (outcome, thenMs) =>
      this.#changed(call, request, outcome, thenMs),
    )
  }

  #changed(call: Call, request: Request, outcome: Outcome, nowMs: number): void {
    if ('response' in outcome && outcome.response.status < 200) return
    call.isChanging = false
    const status = 'failure' in outcome ? 408 : outcome.response.status
    if ('response' in outcome && status < 300) {
      if (call.dialog) call.dialog.target = contactOrKept(outcome.response, call.dialog.target)
      this.#acknowledge(call, essentialsOf(request).cseq.number)
      if (call.state !== 'up') return
      const answer = readSdp(outcome.response.body)
      const agreed = answer && takeAnswer(answer, call.local)
      if (agreed) this.core.act({ do: 'media', call: call.id, agreed })
      this.#agreeAsAsked(call, outcome.response, nowMs)
    } else if (status === 408 || status === 481) this.hangUp(call.id, nowMs, 'refresh-failed')
  }

  /** Section 13.3.1.4: a success goes on being sent, over TCP too, until ACK or for 64 T1. */
  #answerAgain(call: Call, waiting: NonNullable<Call['unacknowledged']>, nowMs: number): void {
    const { t2Ms } = this.core.options.timing
    if (nowMs >= waiting.untilMs) {
      call.unacknowledged = null
      return void this.hangUp(call.id, nowMs, 'never-acknowledged')
    }
    while (waiting.atMs <= nowMs) {
      waiting.again += 1
      this.core.send(waiting.response, waiting.to, waiting.again)
      waiting.pauseMs = Math.min(2 * waiting.pauseMs, t2Ms)
      waiting.atMs += waiting.pauseMs
    }
  }

  awaitAck(call: Call, response: Response, to: Place, nowMs: number): void {
    const { t1Ms } = this.core.options.timing
    const untilMs = nowMs + PATIENCE_T1S * t1Ms
    call.unacknowledged = { response, to, atMs: nowMs + t1Ms, pauseMs: t1Ms, untilMs, again: 0 }
  }

  #placeIn(call: Call, request: Request): Place {
    return placeOf(nextHop(request), this.core.options.place) ?? call.to
  }
}

function contactOrKept(response: Response, kept: string): string {
  try {
    return contactOf(response)
  } catch (error) {
    if (error instanceof SipError) return kept
    throw error
  }
}

export function blank(id: string, invite: Request, local: LocalMedia, to: Place): Call {
  return {
    id,
    state: 'incoming',
    local,
    dialog: null,
    invite,
    key: null,
    agreed: null,
    to,
    session: null,
    unacknowledged: null,
    ack: null,
    end: null,
    canCancel: false,
    challenges: 0,
    isChanging: false,
  }
}
