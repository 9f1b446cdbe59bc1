/**
 * One RTP packet, bytes <-> value (RFC 3550 5.1).
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |V=2|P|X|  CC   |M|     PT      |        sequence number        |
 *     |                           timestamp                           |
 *     |                             SSRC                              |
 *     |                       CSRC, CC of them                        |
 *     |     extension, if X: kind, length in words     |  its words   |
 *     |           payload; if P, its last byte counts the padding     |
 */
import { RTP_HEADER_BYTES, RTP_VERSION } from './constants.ts'

const PADDING_BIT = 0x20
const EXTENSION_BIT = 0x10
const CSRC_COUNT_MASK = 0x0f
const MARKER_BIT = 0x80
const PAYLOAD_TYPE_MASK = 0x7f
const WORD_BYTES = 4
/** With the marker these are RTCP's 200 to 204: RFC 3550 5.1 and A.1 reserve them, so that one is never taken for the other. */
const RTCP_PAYLOAD_TYPES = { from: 72, to: 76 } as const

export interface RtpPacket {
  payloadType: number
  /** 0 to 65,535, then 0 again. */
  sequence: number
  /** In samples, from where its sender began to count. */
  timestamp: number
  /** Who speaks: a random number that its sender chose. */
  ssrc: number
  /** Of speech: the first packet after a silence. */
  marker: boolean
  payload: Buffer
}

/** @returns null for what is no RTP (A.1); whoever sent it is told nothing */
export function readRtp(bytes: Buffer): RtpPacket | null {
  if (bytes.length < RTP_HEADER_BYTES) return null
  const [first, second] = [bytes.readUInt8(0), bytes.readUInt8(1)]
  const payloadType = second & PAYLOAD_TYPE_MASK
  if (first >> 6 !== RTP_VERSION) return null
  if (payloadType >= RTCP_PAYLOAD_TYPES.from && payloadType <= RTCP_PAYLOAD_TYPES.to) return null
  const payload = payloadOf(bytes, first)
  if (payload === null) return null
  return {
    payloadType,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    marker: (second & MARKER_BIT) !== 0,
    payload,
  }
}

/** What is left without the sources, the extension and the padding; null where these are longer than the packet. */
function payloadOf(bytes: Buffer, first: number): Buffer | null {
  let start = RTP_HEADER_BYTES + WORD_BYTES * (first & CSRC_COUNT_MASK)
  if ((first & EXTENSION_BIT) !== 0) {
    if (bytes.length < start + WORD_BYTES) return null
    start += WORD_BYTES * (1 + bytes.readUInt16BE(start + 2))
  }
  const padding = (first & PADDING_BIT) === 0 ? 0 : bytes.readUInt8(bytes.length - 1)
  const end = bytes.length - padding
  const isPaddingWrong = (first & PADDING_BIT) !== 0 && padding === 0
  return isPaddingWrong || start > end ? null : bytes.subarray(start, end)
}

/** Without padding, extension or contributing sources: who speaks for himself needs none. */
export function writeRtp({ payloadType, sequence, timestamp, ssrc, marker, payload }: RtpPacket): Buffer {
  const bytes = Buffer.allocUnsafe(RTP_HEADER_BYTES + payload.length)
  bytes.writeUInt8(RTP_VERSION << 6, 0)
  bytes.writeUInt8((marker ? MARKER_BIT : 0) | payloadType, 1)
  bytes.writeUInt16BE(sequence, 2)
  bytes.writeUInt32BE(timestamp, 4)
  bytes.writeUInt32BE(ssrc, 8)
  payload.copy(bytes, RTP_HEADER_BYTES)
  return bytes
}
