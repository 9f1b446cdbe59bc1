/**
 * Lines of the heartbeat, bytes <-> value. README.md has the grammar.
 *
 * A TCP stream has no messages: one chunk may hold half a line or ten. So a reader holds what is
 * incomplete, which is a result and no error. A datagram is whole by nature and needs no memory.
 */
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
const EXCERPT_BYTES_MAX = 32

export function formatLine(message: Message): string {
  return `${message.kind.toUpperCase()} ${message.number}\n`
}

/** @param line one line without its LF; one CR at its end belongs to the line end */
export function parseLine(line: Buffer): Message | Refusal {
  const refused = (problem: Problem): Refusal => ({ problem, excerpt: excerptOf(line) })
  if (line.length > LINE_BYTES_MAX) return refused('LINE_TOO_LONG')
  if (line.some((byte) => byte > 127)) return refused('NOT_ASCII')
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

/** The beginning of what a peer sent, made safe for logs and terminals. */
export function excerptOf(bytes: Buffer): string {
  return bytes
    .toString('latin1', 0, EXCERPT_BYTES_MAX)
    .replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** A datagram is a whole: its last line needs no LF. */
export function parseDatagram(datagram: Buffer): (Message | Refusal)[] {
  const reader = new LineReader()
  reader.push(datagram.at(-1) === LINE_FEED ? datagram : Buffer.concat([datagram, Buffer.of(LINE_FEED)]))
  const lines: (Message | Refusal)[] = []
  for (let line = reader.next(); line !== 'incomplete'; line = reader.next()) lines.push(line)
  return lines
}

/**
 * Cuts a stream into lines.
 *
 *     reading  --too many bytes without LF-->  skipping
 *     skipping --LF------------------------->  reading
 *
 * Call `push` for every chunk, then `next` until it says `incomplete`. It then holds at most
 * `LINE_BYTES_MAX` bytes, whatever the peer sends.
 */
export class LineReader {
  #state: 'reading' | 'skipping' = 'reading'
  #bytes: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
  }

  next(): Message | Refusal | 'incomplete' {
    if (this.#state === 'skipping' && !this.#skip()) return 'incomplete'
    return this.#read()
  }

  /** The stream ended. Between lines that is a goodbye; inside a line something is missing. */
  end(): Refusal | undefined {
    // The rest of an over-long line has been complained about already.
    if (this.#state === 'skipping' || this.#bytes.length === 0) return undefined
    return { problem: 'EOF_INSIDE_LINE', excerpt: excerptOf(this.#bytes) }
  }

  /** @returns whether the end of the over-long line was found */
  #skip(): boolean {
    const end = this.#bytes.indexOf(LINE_FEED)
    if (end === -1) {
      this.#bytes = Buffer.alloc(0)
      return false
    }
    this.#bytes = this.#bytes.subarray(end + 1)
    this.#state = 'reading'
    return true
  }

  #read(): Message | Refusal | 'incomplete' {
    const end = this.#bytes.indexOf(LINE_FEED)
    const line = end === -1 ? this.#bytes : this.#bytes.subarray(0, end)
    if (line.length > LINE_BYTES_MAX) {
      this.#state = 'skipping'
      return { problem: 'LINE_TOO_LONG', excerpt: excerptOf(line) }
    }
    if (end === -1) {
      // A copy: a part of a chunk would keep the whole chunk in memory.
      this.#bytes = Buffer.from(line)
      return 'incomplete'
    }
    this.#bytes = this.#bytes.subarray(end + 1)
    return parseLine(line)
  }
}
