/**
 * A dialog (RFC 3261 section 12): what two telephones remember of each other, and all that their session is made of. No
 * connection is part of it; a call id and a tag from each end name it, in every message.
 * The states of a call are in call.ts.
 */
import { essentialsOf } from './checks.ts'
import { MAX_FORWARDS } from './constants.ts'
import { type Header, type Request, type Response, valuesOf } from './message.ts'
import { bad, type Parameters } from './text.ts'
import { readUri, targetOf } from './uri.ts'
import { readNameAddress } from './values.ts'

export interface Dialog {
  callId: string
  localTag: string
  remoteTag: string
  /** From or To as this end writes itself, and the other; without tag. */
  local: string
  remote: string
  /** Where requests go: the other's Contact. */
  target: string
  /** The proxies that want to stay in the way, the nearest first. */
  route: string[]
  localNumber: number
  /** null: the other has asked nothing yet. */
  remoteNumber: number | null
}

/** The caller's, from an answer to its INVITE. @throws SipError where the answer makes none */
export function dialogOfAnswer(invite: Request, response: Response): Dialog {
  const asked = essentialsOf(invite)
  const { to } = essentialsOf(response)
  return {
    callId: asked.callId,
    localTag: asked.from.parameters.get('tag') ?? '',
    remoteTag: to.parameters.get('tag') ?? '',
    local: enclosed(asked.from),
    remote: enclosed(to),
    target: contactOf(response),
    // Section 12.1.2: the last proxy wrote first what the caller meets last.
    route: valuesOf(response, 'Record-Route').reverse(),
    localNumber: asked.cseq.number,
    remoteNumber: null,
  }
}

/** The one's who is called. @throws SipError where the INVITE makes none */
export function dialogOfInvite(invite: Request, localTag: string): Dialog {
  const { from, to, callId, cseq } = essentialsOf(invite)
  return {
    callId,
    localTag,
    remoteTag: from.parameters.get('tag') ?? '',
    local: enclosed(to),
    remote: enclosed(from),
    target: contactOf(invite),
    route: valuesOf(invite, 'Record-Route'),
    localNumber: 0,
    remoteNumber: cseq.number,
  }
}

/** Where Contact says that requests go. @throws SipError where it is missing */
export function contactOf(message: Request | Response): string {
  const [contact] = valuesOf(message, 'Contact')
  if (contact === undefined || contact === '*') throw bad('Contact is missing')
  return targetOf(readNameAddress(contact).uri)
}

const enclosed = ({ name, uri }: { name: string; uri: string }) =>
  `${name === '' ? '' : `"${name.replace(/[\\"]/g, '\\$&')}" `}<${uri}>`

/** Whether the other end says it in this dialog: its own tag is in From, ours in To. */
export function isIn({ callId, localTag, remoteTag }: Dialog, request: Request): boolean {
  const { callId: said, from, to } = essentialsOf(request)
  const tagOf = ({ parameters }: { parameters: Parameters }) => parameters.get('tag') ?? ''
  return said === callId && tagOf(to) === localTag && tagOf(from) === remoteTag
}

/**
 * Section 12.2.1.1. With the next number, but for ACK, which has the number of its INVITE.
 * @param via as it is to be on the wire, with a new branch
 */
export function requestIn(
  dialog: Dialog,
  method: string,
  via: string,
  headers: Header[] = [],
  body?: Buffer,
): Request {
  if (method !== 'ACK') dialog.localNumber += 1
  const [first, ...others] = dialog.route
  const isLoose = first === undefined || readUri(readNameAddress(first).uri).parameters.has('lr')
  // Section 12.2.1.1: a strict router of old wants to find itself in the first line.
  const target = isLoose ? dialog.target : readNameAddress(first).uri
  const route = isLoose ? dialog.route : [...others, `<${dialog.target}>`]
  return {
    kind: 'request',
    method,
    target,
    headers: [
      { name: 'Via', value: via },
      { name: 'Max-Forwards', value: String(MAX_FORWARDS) },
      ...route.map((value) => ({ name: 'Route', value })),
      { name: 'From', value: `${dialog.local};tag=${dialog.localTag}` },
      { name: 'To', value: `${dialog.remote}${dialog.remoteTag === '' ? '' : `;tag=${dialog.remoteTag}`}` },
      { name: 'Call-ID', value: dialog.callId },
      { name: 'CSeq', value: `${dialog.localNumber} ${method}` },
      ...headers,
    ],
    body: body ?? Buffer.alloc(0),
  }
}

/** Section 12.2.2: whether a request of the other is the next. One from before was overtaken: 500. */
export function takeNumber(dialog: Dialog, request: Request): boolean {
  const { number } = essentialsOf(request).cseq
  if (dialog.remoteNumber !== null && number < dialog.remoteNumber) return false
  dialog.remoteNumber = number
  return true
}

/** Where a request is sent first: the nearest proxy, or the other end itself. */
export function nextHop(request: Request): string {
  const [route] = valuesOf(request, 'Route')
  return route === undefined ? request.target : readNameAddress(route).uri
}
