/**
 * Cuts a stream into lines, whatever the lines say.
 *
 * A TCP stream has no messages: one chunk may hold half a line or ten. So a reader holds what is
 * incomplete, which is a result and no error.
 */

/** Bytes that are no whole line: which rule they broke, and how they began. */
export interface Uncut {
  problem:
    | 'LINE_TOO_LONG' // more bytes before LF than a line may have
    | 'EOF_INSIDE_LINE' // the stream ended before LF: the line may have been meant to go on
  excerpt: string
}

const LINE_FEED = 0x0a
const EXCERPT_CHARS_MAX = 32

/** The beginning of what a peer sent, made safe for logs and terminals. */
export function excerptOf(sent: Buffer | string): string {
  const start =
    typeof sent === 'string'
      ? sent.slice(0, EXCERPT_CHARS_MAX)
      : sent.toString('latin1', 0, EXCERPT_CHARS_MAX)
  return start.replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/**
 *     reading  --too many bytes without LF-->  skipping
 *     skipping --LF------------------------->  reading
 *
 * Call `push` for every chunk, then `next` until it says `incomplete`. It then holds at most `bytesMax`
 * bytes, whatever the peer sends.
 */
export class LineReader<Line> {
  readonly #bytesMax: number
  readonly #parse: (line: Buffer) => Line
  #state: 'reading' | 'skipping' = 'reading'
  #bytes: Buffer = Buffer.alloc(0)

  /**
   * @param bytesMax of a line before its LF
   * @param parse makes something of one line without its LF; a CR at its end is still there
   */
  constructor(bytesMax: number, parse: (line: Buffer) => Line) {
    this.#bytesMax = bytesMax
    this.#parse = parse
  }

  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
  }

  next(): Line | Uncut | 'incomplete' {
    if (this.#state === 'skipping' && !this.#skip()) return 'incomplete'
    return this.#read()
  }

  /** The stream ended. Between lines that is a goodbye; inside a line something is missing. */
  end(): Uncut | undefined {
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

  #read(): Line | Uncut | 'incomplete' {
    const end = this.#bytes.indexOf(LINE_FEED)
    const line = end === -1 ? this.#bytes : this.#bytes.subarray(0, end)
    if (line.length > this.#bytesMax) {
      this.#state = 'skipping'
      return { problem: 'LINE_TOO_LONG', excerpt: excerptOf(line) }
    }
    if (end === -1) {
      // A copy: a part of a chunk would keep the whole chunk in memory.
      this.#bytes = Buffer.from(line)
      return 'incomplete'
    }
    this.#bytes = this.#bytes.subarray(end + 1)
    return this.#parse(line)
  }
}
