/**
 * The headers of WebSocket frames (RFC 6455 section 5.2), read off a stream of bytes: to show what passes, not
 * to act on it; that is the library's.
 *
 *     byte 0   FIN, three reserved bits, four bits of opcode
 *     byte 1   MASK, seven bits of length: up to 125, or 126 (two more bytes say it), or 127 (eight more)
 *     then     four bytes of masking key where MASK is set, and the payload
 */

/** RFC 6455 section 11.8; what is not here is reserved. */
const opcodes: Readonly<Record<number, Opcode>> = {
  0: 'continuation',
  1: 'text',
  2: 'binary',
  8: 'close',
  9: 'ping',
  10: 'pong',
}
export type Opcode = 'continuation' | 'text' | 'binary' | 'close' | 'ping' | 'pong' | 'reserved'

export interface FrameSeen {
  opcode: Opcode
  /** The last of its message. */
  isFinal: boolean
  /** Every frame of a client is, and none of a server (section 5.1). */
  isMasked: boolean
  payloadBytes: number
  /** Header, mask and payload: what it takes of a stream. */
  frameBytes: number
}

/** Header without the mask and without a longer length. */
const HEADER_BYTES = 2
const MASK_BYTES = 4
/** Two, eight for the longer lengths, and the mask. */
const LONGEST_HEADER_BYTES = 14

/** Frame after frame of one direction. Never throws: bytes that make no sense are a long or reserved frame. */
export class FrameReader {
  /** The bytes of a header that has not arrived whole. */
  #begun: Buffer = Buffer.alloc(0)
  /** What is still to come of the frame whose header was read. */
  #skipBytes = 0

  /** The frames whose headers are complete with these bytes; their payloads may still be on the way. */
  take(bytes: Buffer): FrameSeen[] {
    const seen: FrameSeen[] = []
    let rest = bytes
    for (;;) {
      const skipped = Math.min(this.#skipBytes, rest.length)
      this.#skipBytes -= skipped
      rest = rest.subarray(skipped)
      if (rest.length === 0) return seen
      const header = Buffer.concat([this.#begun, rest.subarray(0, LONGEST_HEADER_BYTES)])
      const frame = frameOf(header)
      if (frame === null) {
        this.#begun = header
        return seen
      }
      seen.push(frame.seen)
      rest = rest.subarray(frame.headerBytes - this.#begun.length)
      this.#skipBytes = frame.seen.frameBytes - frame.headerBytes
      this.#begun = Buffer.alloc(0)
    }
  }
}

/** null: not enough bytes yet. */
function frameOf(header: Buffer): { seen: FrameSeen; headerBytes: number } | null {
  const [first, second] = header
  if (first === undefined || second === undefined) return null
  const short = second & 0x7f
  const longerBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  const isMasked = (second & 0x80) !== 0
  const headerBytes = HEADER_BYTES + longerBytes + (isMasked ? MASK_BYTES : 0)
  if (header.length < headerBytes) return null
  const payloadBytes =
    longerBytes === 2 ? header.readUInt16BE(2) : longerBytes === 8 ? Number(header.readBigUInt64BE(2)) : short
  return {
    seen: {
      opcode: opcodes[first & 0x0f] ?? 'reserved',
      isFinal: (first & 0x80) !== 0,
      isMasked,
      payloadBytes,
      frameBytes: headerBytes + payloadBytes,
    },
    headerBytes,
  }
}
