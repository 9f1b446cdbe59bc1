/**
 * Lines of the heartbeat, bytes <-> value. README.md has the grammar.
 *
 * A TCP stream has to be cut into lines first. A datagram is whole by nature and needs no memory.
 */
import { isAscii } from 'node:buffer'
import { excerptOf, LineReader as StreamReader } from '../line-reader.ts'
import { LINE_BYTES_MAX, NUMBER_MAX } from './constants.ts'

export type Message = { kind: 'ping' | 'pong'; number: number }

type Problem =
  | 'LINE_TOO_LONG' // more than LINE_BYTES_MAX bytes before LF
  | 'NOT_ASCII' // a byte above 127
  | 'UNKNOWN_WORD' // neither PING nor PONG stands before the first space
  | 'BAD_NUMBER' // no number, a sign, a leading zero, too large, or something after it
  | 'EOF_INSIDE_LINE' // the stream ended before LF: the line may have been meant to go on

/** A line that is not the protocol's: which rule it broke, and how it began. */
export type Refusal = { problem: Problem; excerpt: string }

const words: Record<string, Message['kind']> = { PING: 'ping', PONG: 'pong' }
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

export function formatLine(message: Message): string {
  return `${message.kind.toUpperCase()} ${message.number}\n`
}

const ERROR_WORD = 'ERROR'

/**
 * What is said on a stream to whoever sent such a line, who may be a person at `nc`.
 * @returns null for what looks like such an answer itself: two programs would complain to each other for ever
 */
export function formatRefusal({ problem, excerpt }: Refusal): string | null {
  if (excerpt.startsWith(ERROR_WORD)) return null
  return `${ERROR_WORD} ${problem}: a line is PING or PONG and a number\n`
}

/** @param line one line without its LF; one CR at its end belongs to the line end */
export function parseLine(line: Buffer): Message | Refusal {
  const refused = (problem: Problem): Refusal => ({ problem, excerpt: excerptOf(line) })
  if (line.length > LINE_BYTES_MAX) return refused('LINE_TOO_LONG')
  if (!isAscii(line)) return refused('NOT_ASCII')
  const text = line.toString('latin1', 0, line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length)
  const [word = '', ...rest] = text.split(' ')
  // Object.hasOwn, since the peer may also send "constructor".
  const kind = Object.hasOwn(words, word) ? words[word] : undefined
  if (kind === undefined) return refused('UNKNOWN_WORD')
  const number = parseNumber(rest.join(' '))
  return number === undefined ? refused('BAD_NUMBER') : { kind, number }
}

/** Number() alone would also take "", " 17", "0x11", "1e1" and "017". */
export function parseNumber(text: string): number | undefined {
  const number = /^(0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : undefined
  return number !== undefined && number <= NUMBER_MAX ? number : undefined
}

/** A datagram is a whole: its last line needs no LF. */
export function parseDatagram(datagram: Buffer): (Message | Refusal)[] {
  const reader = new LineReader()
  reader.push(datagram.at(-1) === LINE_FEED ? datagram : Buffer.concat([datagram, Buffer.of(LINE_FEED)]))
  const lines: (Message | Refusal)[] = []
  for (let line = reader.next(); line !== 'incomplete'; line = reader.next()) lines.push(line)
  return lines
}

/** Cuts a stream into lines of the heartbeat. */
export class LineReader extends StreamReader<Message | Refusal> {
  constructor() {
    super(LINE_BYTES_MAX, parseLine)
  }
}
