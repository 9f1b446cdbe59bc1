/** What the fields of a message mean: addresses of people, the way of a message, its number. */
import { SEQUENCE_MAX } from './constants.ts'
import {
  bad,
  cut,
  isToken,
  type Parameters,
  readNumber,
  readParameters,
  SipError,
  unquoted,
  writeParameters,
} from './text.ts'
import { readUri } from './uri.ts'

/** `"Bob" <sip:bob@10.0.1.2>;tag=7`: From, To, Contact, Route, Record-Route. */
export interface NameAddress {
  name: string
  /** As written: of any scheme. */
  uri: string
  parameters: Parameters
}

const ENCLOSED = /^("(?:[^"\\]|\\[\s\S])*"|[^"<>]*?)\s*<([^<>]*)>\s*(?:;(.*))?$/s
const ANY_URI = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"]+$/

/** @throws SipError */
export function readNameAddress(text: string): NameAddress {
  const [, name, uri = '', rest] = ENCLOSED.exec(text) ?? []
  if (name === undefined) return readBare(text)
  const words = name.startsWith('"') ? [] : name.split(/\s+/).filter(Boolean)
  if (!words.every(isToken)) throw bad('a name must be in quotation marks')
  if (!ANY_URI.test(uri)) throw bad('an address is malformed')
  checkSip(uri)
  return { name: unquoted(name), uri, parameters: readParameters(rest === undefined ? [] : cut(rest, ';')) }
}

/** Without `<>`, what follows `;` belongs to the field, not to the address (section 20); and `?` and `,` cannot be. */
function readBare(text: string): NameAddress {
  const [uri = '', ...parameters] = cut(text, ';')
  if (!ANY_URI.test(uri) || /[?,]/.test(uri)) throw bad('an address is malformed')
  checkSip(uri)
  return { name: '', uri, parameters: readParameters(parameters) }
}

function checkSip(uri: string): void {
  try {
    readUri(uri)
  } catch (error) {
    if (!(error instanceof SipError) || error.status !== 416) throw error
  }
}

/** One step of a message's way: section 20.42, and `rport` of RFC 3581. */
export interface Via {
  transport: string
  host: string
  port: number | null
  parameters: Parameters
}

const SENT = /^SIP\s*\/\s*2\.0\s*\/\s*([^\s/]+)\s+(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?:\s*:\s*(\d{1,5}))?$/i

/** @throws SipError */
export function readVia(text: string): Via {
  const [sent = '', ...parameters] = cut(text, ';')
  const [, transport = '', host = '', port] = SENT.exec(sent) ?? []
  if (!isToken(transport) || Number(port ?? 0) > 65_535) throw bad('Via is malformed')
  return {
    transport: transport.toUpperCase(),
    host: host.toLowerCase(),
    port: port === undefined ? null : Number(port),
    parameters: readParameters(parameters),
  }
}

export function writeVia({ transport, host, port, parameters }: Via): string {
  return `SIP/2.0/${transport} ${host}${port === null ? '' : `:${port}`}${writeParameters(parameters)}`
}

export interface CSeq {
  number: number
  method: string
}

/** @throws SipError */
export function readCSeq(text: string): CSeq {
  const [, number = '', method = ''] = /^(\d+)\s+(\S+)$/.exec(text) ?? []
  if (!isToken(method)) throw bad('CSeq is malformed')
  return { number: readNumber(number.replace(/^0+(?=\d)/, ''), 'CSeq', SEQUENCE_MAX), method }
}
