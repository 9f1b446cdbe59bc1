/** Whether a message has what it must, and says nothing impossible: RFC 3261 sections 8.1.1, 8.2, 16.3. */
import { SECONDS_MAX } from './constants.ts'
import { headerOf, type Message, type Request, valuesOf } from './message.ts'
import { bad, readNumber, SipError } from './text.ts'
import { readUri } from './uri.ts'
import { type CSeq, type NameAddress, readCSeq, readNameAddress, readVia, type Via } from './values.ts'

/** What every message has. */
export interface Essentials {
  /** The last hop first: an answer goes back there. */
  vias: [Via, ...Via[]]
  from: NameAddress
  to: NameAddress
  callId: string
  cseq: CSeq
}

const ONCE = new Set(['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Expires', 'Content-Type', 'Date'])

/** Everybody on a message's way asks for these, and nobody changes a message: they are read once. */
const known = new WeakMap<Message, Essentials>()

/** @throws SipError where something is missing or malformed */
export function essentialsOf(message: Message): Essentials {
  const before = known.get(message)
  if (before !== undefined) return before
  const essentials = readEssentials(message)
  known.set(message, essentials)
  return essentials
}

function readEssentials(message: Message): Essentials {
  const seen = new Set<string>()
  for (const { name } of message.headers) {
    if (!ONCE.has(name)) continue
    if (seen.has(name)) throw bad(`${name} is there twice`)
    seen.add(name)
  }
  const [via, ...vias] = valuesOf(message, 'Via').map(readVia)
  if (via === undefined) throw bad('Via is missing')
  const callId = needed(message, 'Call-ID')
  if (/\s/.test(callId)) throw bad('Call-ID is malformed')
  return {
    vias: [via, ...vias],
    from: readNameAddress(needed(message, 'From')),
    to: readNameAddress(needed(message, 'To')),
    callId,
    cseq: readCSeq(needed(message, 'CSeq')),
  }
}

function needed(message: Message, name: string): string {
  const value = headerOf(message, name)
  if (!value) throw bad(`${name} is missing`)
  return value
}

/** @returns null: nothing is wrong with it. What a request asks for is not judged here. */
export function problemOf(message: Message): SipError | null {
  try {
    const { cseq } = essentialsOf(message)
    if (message.kind === 'request') checkRequest(message, cseq)
    for (const contact of valuesOf(message, 'Contact')) if (contact !== '*') checkContact(contact)
    for (const name of ['Route', 'Record-Route']) valuesOf(message, name).forEach(readNameAddress)
    checkNumber(message, 'Max-Forwards', 255)
    checkNumber(message, 'Retry-After', SECONDS_MAX)
    // Section 20.19: what is no number at all is taken as an hour.
    if (/^\d/.test(headerOf(message, 'Expires') ?? '')) checkNumber(message, 'Expires', SECONDS_MAX)
    if (/ (?!GMT)[A-Z]+$/.test(headerOf(message, 'Date') ?? '')) throw bad('Date is not in GMT')
    return null
  } catch (error) {
    if (error instanceof SipError) return error
    throw error
  }
}

function checkRequest({ method, target }: Request, cseq: CSeq): void {
  if (cseq.method !== method) throw bad('CSeq is of another method')
  if (/[\s<>]/.test(target)) throw bad('the address in the first line is malformed')
  try {
    if (readUri(target).headers !== null) throw bad('the address in the first line has fields')
  } catch (error) {
    if (!(error instanceof SipError) || error.status !== 416) throw error
  }
}

function checkContact(text: string): void {
  const expires = readNameAddress(text).parameters.get('expires')
  if (expires && /^\d/.test(expires)) readNumber(expires, 'expires', SECONDS_MAX)
}

function checkNumber(message: Message, name: string, max: number): void {
  const value = headerOf(message, name)
  // What follows the number is a remark: `120 (in a meeting)`, `120;duration=60`.
  if (value !== null) readNumber(value.replace(/[;( ].*$/s, ''), name, max)
}
