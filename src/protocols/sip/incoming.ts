/** Calls from others, and what others ask within a call (RFC 3261 sections 9.2, 12.2.2, 13.3, 14.2, 15.1.2). */
import { readSdp, writeSdp } from '../sdp/description.ts'
import { type Agreed, answerTo, type LocalMedia, offerOf, takeAnswer } from '../sdp/negotiation.ts'
import type { Core } from './agent.ts'
import type { Call } from './call.ts'
import { ALLOW, blank, type Calls } from './calls.ts'
import { essentialsOf } from './checks.ts'
import { type Place, placeOfAnswer, responseTo } from './compose.ts'
import { CALLS_MAX, STRANGERS_CALLS_MAX } from './constants.ts'
import { contactOf, dialogOfInvite, isIn, takeNumber } from './dialog.ts'
import { type Header, headerOf, type Request, valuesOf } from './message.ts'
import { minSessionOf, type Role, sessionExpiresOf, sessionHeader } from './session-timer.ts'
import { cancelledKey, type Key } from './transactions.ts'

const NO_MEDIA: LocalMedia = { address: '0.0.0.0', port: 0, id: 0, version: 0, direction: 'inactive' }

export class Incoming {
  readonly #core: Core
  readonly #calls: Calls

  constructor(core: Core, calls: Calls) {
    this.#core = core
    this.#calls = calls
  }

  invite(key: Key, request: Request, from: Place, nowMs: number): void {
    if (essentialsOf(request).to.parameters.has('tag')) return void this.#change(key, request, from, nowMs)
    if (!takesSdp(request)) return void this.#core.refuse(key, request, 406, 'no SDP is accepted', nowMs)
    const offer = readSdp(request.body)
    const type = headerOf(request, 'Content-Type')
    if (type !== null && !/^application\/sdp\b/i.test(type) && request.body.length > 0) {
      const headers = [{ name: 'Accept', value: 'application/sdp' }]
      this.#core.answer(
        key,
        responseTo(request, { status: 415, toTag: this.#core.options.makeToken(), headers }),
        nowMs,
      )
      return
    }
    if (request.body.length > 0 && offer === null)
      return void this.#core.refuse(key, request, 400, 'no SDP', nowMs)
    if (this.#calls.all.size >= CALLS_MAX)
      return void this.#core.refuse(key, request, 486, 'too many calls', nowMs)
    const isStranger = !this.#core.knows(from, nowMs)
    if (isStranger && this.#calls.ofStrangers.size >= STRANGERS_CALLS_MAX)
      return void this.#core.refuse(key, request, 503, 'too many calls of strangers', nowMs)
    if (this.#sessionIsTooShort(key, request, nowMs)) return
    const dialog = dialogOfInvite(request, this.#core.options.makeToken())
    const id = this.#calls.all.has(dialog.callId) ? this.#core.options.makeToken() : dialog.callId
    this.#calls.all.set(id, { ...blank(id, request, NO_MEDIA, from), dialog, key })
    if (isStranger) this.#calls.ofStrangers.add(id)
    const ringing = { status: 180, toTag: dialog.localTag, headers: this.#dialogFields(request) }
    this.#core.answer(key, responseTo(request, ringing), nowMs)
    this.#core.act({ do: 'incoming', call: id, from: dialog.remote })
  }

  /** Takes a call that rings. */
  pickUp(id: string, local: LocalMedia, nowMs: number): void {
    const call = this.#calls.all.get(id)
    if (call?.state !== 'incoming' || call.key === null) return
    const offer = readSdp(call.invite.body)
    const accepted = offer && answerTo(offer, local)
    if (offer !== null && accepted === null) {
      this.#core.answer(
        call.key,
        responseTo(call.invite, { status: 488, toTag: call.dialog?.localTag }),
        nowMs,
      )
      return void this.#calls.fail(call, 'no-common-code', 488)
    }
    call.local = local
    call.agreed = accepted?.agreed ?? null
    this.#calls.enter(call, 'answers', '200')
    this.#succeed(call, call.key, call.invite, accepted?.answer ?? offerOf(local), nowMs)
    call.key = null
  }

  /** Of a success: now both know that the call is there. @returns false: nobody waits for it */
  ack(request: Request, nowMs: number): boolean {
    const call = this.#callOf(request)
    const waiting = call?.unacknowledged
    if (!call || !waiting || essentialsOf(waiting.response).cseq.number !== essentialsOf(request).cseq.number)
      return false
    call.unacknowledged = null
    this.#calls.enter(call, 'acknowledged', 'ACK')
    // Who called without an offer was made one in the success, and answers it here.
    const answer = readSdp(request.body)
    const agreed: Agreed | null = (answer && takeAnswer(answer, call.local)) ?? call.agreed
    call.agreed = null
    if (agreed) this.#core.act({ do: 'media', call: call.id, agreed })
    if (call.end !== null) this.#calls.hangUp(call.id, nowMs, call.end)
    return true
  }

  bye(key: Key, request: Request, nowMs: number): void {
    const call = this.#callOf(request)
    if (!call?.dialog) return void this.#core.refuse(key, request, 481, 'a BYE for no call', nowMs)
    if (!takeNumber(call.dialog, request))
      return void this.#core.refuse(key, request, 500, 'overtaken', nowMs)
    this.#core.answer(key, responseTo(request, { status: 200 }), nowMs)
    if (this.#calls.enter(call, 'bye', 'BYE')) this.#core.act({ do: 'ended', call: call.id, because: 'bye' })
  }

  cancel(key: Key, request: Request, nowMs: number): void {
    const wanted = cancelledKey(request)
    const call = [...this.#calls.all.values()].find((one) => one.key === wanted)
    if (!call?.key) return void this.#core.refuse(key, request, 481, 'a CANCEL for no call', nowMs)
    const toTag = call.dialog?.localTag
    this.#core.answer(key, responseTo(request, { status: 200, toTag }), nowMs)
    this.#core.answer(call.key, responseTo(call.invite, { status: 487, toTag }), nowMs)
    this.#calls.fail(call, 'cancelled', null)
  }

  /** RFC 3311, for those who refresh the session timer with it. */
  update(key: Key, request: Request, nowMs: number): void {
    const call = this.#callOf(request)
    if (!call?.dialog) return void this.#core.refuse(key, request, 481, 'an UPDATE for no call', nowMs)
    if (!takeNumber(call.dialog, request))
      return void this.#core.refuse(key, request, 500, 'overtaken', nowMs)
    if (request.body.length > 0)
      return void this.#core.refuse(key, request, 488, 'an UPDATE with an offer', nowMs)
    if (this.#sessionIsTooShort(key, request, nowMs)) return
    const headers = [
      ...this.#sessionFields(call, request, nowMs),
      { name: 'Contact', value: this.#core.contact() },
    ]
    this.#core.answer(key, responseTo(request, { status: 200, headers }), nowMs)
  }

  #change(key: Key, request: Request, from: Place, nowMs: number): void {
    const call = this.#callOf(request)
    if (!call?.dialog) return void this.#core.refuse(key, request, 481, 'an INVITE for no call', nowMs)
    if (!takeNumber(call.dialog, request))
      return void this.#core.refuse(key, request, 500, 'overtaken', nowMs)
    // Section 14.2: both offer at once, each waits for another time.
    if (call.isChanging || call.state !== 'up')
      return void this.#core.refuse(key, request, 491, 'another change is on its way', nowMs)
    if (this.#sessionIsTooShort(key, request, nowMs)) return
    const offer = readSdp(request.body)
    const accepted = offer && answerTo(offer, call.local)
    if (request.body.length > 0 && accepted === null)
      return void this.#core.refuse(key, request, 488, 'no common code', nowMs)
    call.dialog.target = contactOf(request)
    call.to = from
    this.#succeed(call, key, request, accepted?.answer ?? offerOf(call.local), nowMs)
    if (accepted) this.#core.act({ do: 'media', call: call.id, agreed: accepted.agreed })
  }

  #succeed(
    call: Call,
    key: Key,
    request: Request,
    description: Parameters<typeof writeSdp>[0],
    nowMs: number,
  ): void {
    const response = responseTo(request, {
      status: 200,
      toTag: call.dialog?.localTag,
      headers: [
        ...this.#dialogFields(request),
        ALLOW,
        ...this.#sessionFields(call, request, nowMs),
        { name: 'Content-Type', value: 'application/sdp' },
      ],
      body: writeSdp(description),
    })
    this.#core.answer(key, response, nowMs)
    this.#calls.awaitAck(call, response, placeOfAnswer(essentialsOf(request).vias[0], call.to), nowMs)
  }

  #dialogFields(request: Request): Header[] {
    const passed = valuesOf(request, 'Record-Route').map((value) => ({ name: 'Record-Route', value }))
    return [...passed, { name: 'Contact', value: this.#core.contact() }]
  }

  /** RFC 4028 9: too small an interval is refused with the least that is taken. */
  #sessionIsTooShort(key: Key, request: Request, nowMs: number): boolean {
    const least = this.#core.options.session?.minSeconds
    const said = sessionExpiresOf(request)
    if (least === undefined || said === null || said.seconds >= least) return false
    const toTag = this.#core.options.makeToken()
    const headers = [{ name: 'Min-SE', value: String(least) }]
    this.#core.answer(key, responseTo(request, { status: 422, toTag, headers }), nowMs)
    this.#core.act({
      do: 'refused',
      status: 422,
      because: 'session interval too small',
      from: this.#core.options.place,
    })
    return true
  }

  /** RFC 4028 9: who is asked decides, within what the other can. */
  #sessionFields(call: Call, request: Request, nowMs: number): Header[] {
    const own = this.#core.options.session
    const said = sessionExpiresOf(request)
    const othersCan = valuesOf(request, 'Supported').includes('timer')
    if (own === undefined || (said === null && !othersCan)) {
      this.#calls.agreeSession(call, null, 'uas', nowMs)
      return []
    }
    const seconds = Math.max(said?.seconds ?? own.seconds, minSessionOf(request) ?? 0)
    const refresher: Role = othersCan ? (said?.refresher ?? own.refresher) : 'uas'
    this.#calls.agreeSession(call, { seconds, refresher }, 'uas', nowMs)
    const required = refresher === 'uac' ? [{ name: 'Require', value: 'timer' }] : []
    return [...required, sessionHeader({ seconds, refresher })]
  }

  #callOf(request: Request): Call | undefined {
    for (const call of this.#calls.all.values()) if (call.dialog && isIn(call.dialog, request)) return call
    return undefined
  }
}

/** Whether the answer to it may be what all answers here are. Who says nothing takes it (RFC 3261 section 20.1). */
function takesSdp(request: Request): boolean {
  const ranges = valuesOf(request, 'Accept')
  return ranges.length === 0 || ranges.some((range) => /^(\*\/\*|application\/(\*|sdp))\s*(;|$)/i.test(range))
}
