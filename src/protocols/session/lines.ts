/**
 * Lines of the session protocol, text <-> value. README.md has the grammar.
 *
 * Nothing is taken that would not be sent: each field has one spelling, and a limit. What breaks a rule is a
 * refusal, never an exception, whatever a peer sends.
 */
import { parseNumber } from '../heartbeat/message.ts'
import { excerptOf, LineReader } from '../line-reader.ts'
import { LINE_BYTES_MAX, SESSION_ID_HEX_DIGITS, TEXT_CHARS_MAX, TOKEN_HEX_DIGITS } from './constants.ts'

/** Why a server does not open or resume a session. */
export const refusals = [
  'unknown-session', // there is none, or there is none any more, or the token is wrong: it does not say which
  'token-reused', // the token was right before the last resume: somebody has a copy, and the session is over
  'out-of-step', // the numbers do not fit: one of the two ends has lost its memory
  'too-many', // no room for another session
  'version', // HELLO speaks another version
] as const
export type RefusalReason = (typeof refusals)[number]

/** Why one end stops talking. */
export const goodbyes = [
  'closed', // its user is done: the session is over
  'replaced', // somebody resumed the session over another connection
  'token-reused', // as above: the session is over for everybody
  'grace-over', // nobody had resumed it in time
  'too-slow', // it has not proved in time that it receives
  'too-many', // lines or wrong tokens
  'store-failed', // the server cannot keep what it is told: its session waits, perhaps for a while
  'out-of-step', // it acknowledged what was never sent
] as const
export type GoodbyeReason = (typeof goodbyes)[number]

export type Line =
  | { word: 'HELLO'; version: number; token: string }
  | { word: 'WELCOME'; session: string; graceMs: number; challenge: number }
  | { word: 'RESUME'; session: string; token: string; next: string; received: number }
  | { word: 'RESUMED'; received: number; challenge: number }
  | { word: 'REFUSED'; reason: RefusalReason }
  | { word: 'DATA'; number: number; text: string }
  | { word: 'ACK'; number: number }
  | { word: 'PING' | 'PONG'; number: number }
  | { word: 'BYE'; reason: GoodbyeReason }

export type Word = Line['word']

type Problem =
  | 'LINE_TOO_LONG' // more than LINE_BYTES_MAX before LF
  | 'EOF_INSIDE_LINE' // the stream ended before LF
  | 'NOT_PRINTABLE' // a byte that is no printable ASCII character
  | 'UNKNOWN_WORD' // no word of the protocol stands before the first space
  | 'BAD_FIELDS' // too few fields, too many, or one of them breaks its rule

/** A line that is not the protocol's: which rule it broke, and how it began. */
export interface Refusal {
  problem: Problem
  excerpt: string
}

const hex = (digits: number) => (text: string) =>
  text.length === digits && /^[0-9a-f]+$/.test(text) ? text : undefined
const oneOf =
  <const Reason extends string>(reasons: readonly Reason[]) =>
  (text: string) =>
    reasons.find((reason) => reason === text)

/** One field: its value, or undefined when it breaks its rule. */
const session = hex(SESSION_ID_HEX_DIGITS)
const token = hex(TOKEN_HEX_DIGITS)
const number = parseNumber
/** Messages count from 1. */
const ordinal = (text: string) => parseNumber(text) || undefined
const message = (text: string) => (text.length <= TEXT_CHARS_MAX ? text : undefined)

/** What follows each word, in this order. Of DATA the last field is all that is left, spaces too. */
const fieldsOf = {
  HELLO: { version: number, token },
  WELCOME: { session, graceMs: number, challenge: number },
  RESUME: { session, token, next: token, received: number },
  RESUMED: { received: number, challenge: number },
  REFUSED: { reason: oneOf(refusals) },
  DATA: { number: ordinal, text: message },
  ACK: { number },
  PING: { number },
  PONG: { number },
  BYE: { reason: oneOf(goodbyes) },
} as const satisfies Record<Word, Record<string, (text: string) => string | number | undefined>>

/** Without LF: a stream needs one after it, a datagram or a WebSocket message does not. */
export function formatLine(line: Line): string {
  const { word, ...fields } = line
  return [word, ...Object.keys(fieldsOf[word]).map((name) => (fields as Record<string, unknown>)[name])].join(
    ' ',
  )
}

/** Whether a message can be sent: printable ASCII, and not too long. JSON can say everything with that. */
export function isSendable(text: string): boolean {
  return text.length <= TEXT_CHARS_MAX && isPrintable(text)
}

/** @param text one line, with or without the end of a line at its end */
export function parseLine(text: string): Line | Refusal {
  const refused = (problem: Problem): Refusal => ({ problem, excerpt: excerptOf(text) })
  if (text.length > LINE_BYTES_MAX + 1) return refused('LINE_TOO_LONG')
  const line = text.replace(/\r?\n?$/, '')
  if (!isPrintable(line)) return refused('NOT_PRINTABLE')
  const [word = '', ...values] = line.split(' ')
  // Object.hasOwn, since the peer may also send "constructor".
  if (!Object.hasOwn(fieldsOf, word)) return refused('UNKNOWN_WORD')
  const rules = Object.entries(fieldsOf[word as Word])
  if (word === 'DATA' && values.length > 2) values.splice(1, Infinity, values.slice(1).join(' '))
  if (values.length !== rules.length) return refused('BAD_FIELDS')
  const fields = rules.map(([name, parse], at) => [name, parse(values[at] ?? '')] as const)
  if (fields.some(([, value]) => value === undefined)) return refused('BAD_FIELDS')
  return { word, ...Object.fromEntries(fields) } as Line
}

/** Cuts a TCP stream into lines. */
export function lineReader(): LineReader<Line | Refusal> {
  return new LineReader(LINE_BYTES_MAX, (line) => parseLine(line.toString('latin1')))
}

function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}
