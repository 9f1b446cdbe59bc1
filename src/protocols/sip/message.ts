/**
 * SIP messages, bytes <-> value (RFC 3261 section 7).
 *
 *     INVITE sip:bob@10.0.1.2 SIP/2.0      or   SIP/2.0 200 OK        one line
 *     Via: ...                                                        fields: a long one may go on in the next line,
 *     f: <sip:alice@10.0.1.1>;tag=88                                  behind a space; some have a name of one letter
 *                                                                     an empty line
 *     v=0 ...                                                         a body, of Content-Length bytes
 *
 * Text is kept byte by byte (latin1): what a proxy does not understand it passes on as it was.
 */
import { HEAD_BYTES_MAX, HEADERS_MAX, MESSAGE_BYTES_MAX, VERSION } from './constants.ts'
import { bad, cut, isToken, SipError } from './text.ts'

export interface Header {
  /** As {@link canonical} writes it. */
  name: string
  /** Unfolded. One field may have several values; see {@link valuesOf}. */
  value: string
}

interface Fields {
  headers: Header[]
  body: Buffer
}

export interface Request extends Fields {
  kind: 'request'
  method: string
  target: string
}

export interface Response extends Fields {
  kind: 'response'
  status: number
  reason: string
}

export type Message = Request | Response

/** Section 7.3.3 and the registry of IANA: names of one letter. */
const COMPACT: Readonly<Record<string, string>> = {
  c: 'Content-Type',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  s: 'Subject',
  t: 'To',
  v: 'Via',
  x: 'Session-Expires',
}
/** Names that are not written as `Each-Word-So`. */
const ODD: Readonly<Record<string, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'www-authenticate': 'WWW-Authenticate',
  'min-se': 'Min-SE',
  'mime-version': 'MIME-Version',
}

/** Written as they should be, as nearly always: nothing is to be done. */
const USUAL = new Set([
  ...Object.values({ ...COMPACT, ...ODD }),
  ...['Max-Forwards', 'Allow', 'Route', 'Record-Route', 'Expires', 'User-Agent', 'Accept', 'Require'],
])

/** One name for each field, however it was written. */
export function canonical(name: string): string {
  if (USUAL.has(name)) return name
  const lower = name.toLowerCase()
  const known = Object.hasOwn(COMPACT, lower) ? COMPACT[lower] : Object.hasOwn(ODD, lower) ? ODD[lower] : null
  return known ?? lower.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
}

/** The first value of a field that may not be there twice; null: it is not there. */
export function headerOf(message: Message, name: string): string | null {
  return message.headers.find((header) => header.name === name)?.value ?? null
}

/** All values of a field that may have many, in several lines or between commas. @throws SipError */
export function valuesOf(message: Message, name: string): string[] {
  return message.headers.flatMap((header) => (header.name === name ? cut(header.value, ',') : []))
}

const REQUEST_LINE = /^(\S+) (.+?) (SIP\/\d+\.\d+)\s*$/i
const STATUS_LINE = /^SIP\/(\d+\.\d+) (\d+) ?(.*)$/i
const HEADER = /^([^\s:]+)[ \t]*:[ \t]*([\s\S]*)$/
export const HEAD_END = '\r\n\r\n'

export type Reading =
  | { message: Message; problem: null }
  /** `message` is what could be read: enough, perhaps, to answer it. */
  | { message: Message | null; problem: SipError }

/**
 * One datagram, or one message that was cut out of a stream. Whether it has what it must is another question:
 * {@link file://./checks.ts}. Never throws.
 */
export function readMessage(bytes: Buffer): Reading {
  if (bytes.length > MESSAGE_BYTES_MAX) return { message: null, problem: new SipError(513, 'too long') }
  const end = bytes.indexOf(HEAD_END, 0, 'latin1')
  const head = bytes.toString('latin1', 0, end === -1 ? bytes.length : end)
  if (head.length > HEAD_BYTES_MAX) return { message: null, problem: new SipError(513, 'too long') }
  let message: Message | null = null
  try {
    const [first = '', ...lines] = unfolded(head)
    message = readFirstLine(first)
    const headers = lines.slice(0, HEADERS_MAX).map(readHeader)
    message.headers = headers.filter((header) => header !== null)
    if (lines.length > HEADERS_MAX) throw new SipError(513, `more than ${HEADERS_MAX} fields`)
    if (message.headers.length < headers.length) throw bad('a line is no field')
    if (end === -1) throw bad('the empty line after the fields is missing')
    message.body = bodyOf(message, bytes.subarray(end + HEAD_END.length))
    return { message, problem: firstLineProblem(first) } as Reading
  } catch (error) {
    if (!(error instanceof SipError)) throw error
    return { message, problem: error }
  }
}

/** Section 7.3.1: a line that begins with a space belongs to the line before. */
const unfolded = (head: string) => head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')

function readFirstLine(line: string): Message {
  const [, , status, reason] = STATUS_LINE.exec(line) ?? []
  if (status !== undefined) {
    if (!/^[1-6]\d\d$/.test(status)) throw bad('a status is from 100 to 699')
    return {
      kind: 'response',
      status: Number(status),
      reason: reason ?? '',
      headers: [],
      body: Buffer.alloc(0),
    }
  }
  const [, method = '', target = ''] = REQUEST_LINE.exec(line) ?? []
  if (!isToken(method)) throw bad('the first line is malformed')
  return { kind: 'request', method, target, headers: [], body: Buffer.alloc(0) }
}

/** What is wrong with a line that could be read all the same. */
function firstLineProblem(line: string): SipError | null {
  if (/\s$/.test(line) && !STATUS_LINE.test(line)) return bad('the first line ends with a space')
  const [, version] = /^SIP\/(\d+\.\d+) | SIP\/(\d+\.\d+)$/i.exec(line)?.filter(Boolean) ?? []
  return `SIP/${version}` === VERSION ? null : new SipError(505, 'not version 2.0')
}

function readHeader(line: string): Header | null {
  const [, name = '', value = ''] = HEADER.exec(line) ?? []
  return isToken(name) ? { name: canonical(name), value: value.trim() } : null
}

/** Section 18.3: what a datagram has beyond its length is no part of it; less is an error. */
function bodyOf(message: Message, rest: Buffer): Buffer {
  const length = contentLengthOf(message)
  if (length === null) return Buffer.from(rest)
  if (length > rest.length) throw bad('the body is shorter than Content-Length')
  return Buffer.from(rest.subarray(0, length))
}

/** null: not said. @throws SipError where it is no number, or there twice */
export function contentLengthOf(message: Pick<Message, 'headers'>): number | null {
  const all = message.headers.filter(({ name }) => name === 'Content-Length')
  if (all.length > 1) throw bad('Content-Length is there twice')
  const [said] = all
  if (said === undefined) return null
  if (!/^\d{1,9}$/.test(said.value)) throw bad('Content-Length is no number')
  return Number(said.value)
}

/** Writes Content-Length itself. */
export function writeMessage(message: Message): Buffer {
  const first =
    message.kind === 'request'
      ? `${message.method} ${message.target} ${VERSION}`
      : `${VERSION} ${message.status} ${message.reason}`
  const fields = message.headers.filter(({ name }) => name !== 'Content-Length')
  const lines = [
    first,
    ...fields.map(({ name, value }) => `${name}: ${value}`),
    `Content-Length: ${message.body.length}`,
  ]
  return Buffer.concat([Buffer.from(lines.join('\r\n') + HEAD_END, 'latin1'), message.body])
}
