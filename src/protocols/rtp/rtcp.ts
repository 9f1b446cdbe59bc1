/**
 * RTCP, bytes <-> value (RFC 3550 6.4 to 6.6): what participants tell each other beside the media.
 *
 *     |V=2|P| count |  type  |  length in words, this one not counted  |  the first SSRC ...
 *
 *     200 SR    what I sent, and what I heard of others     202 SDES   what I am called
 *     201 RR    what I heard of others                      203 BYE    these leave, and perhaps why
 *
 * Several travel in one datagram, a compound packet. RFC 3550 has a report first in each, and so have ours; since RFC 5506
 * others may travel alone, and some always did: so a BYE is heard whatever is before it.
 */
import { RTP_VERSION } from './constants.ts'

const TYPES = { sr: 200, rr: 201, sdes: 202, bye: 203 } as const
/** RFC 5761 4: what may stand there, known here or not. */
const TYPE_MIN = 192
const TYPE_MAX = 223
const CNAME = 1
const HEADER_BYTES = 4
const WORD_BYTES = 4
const COUNT_MASK = 0x1f
const PADDING_BIT = 0x20
const SENDER_BYTES = 20
const BLOCK_BYTES = 24
const TEXT_BYTES_MAX = 255
/** 1900, where NTP counts from, to 1970. */
const NTP_OFFSET_S = 2_208_988_800
const NTP_FRACTIONS = 2 ** 32
/** Of a second: the middle 32 bits of NTP's 64. */
const COMPACT_FRACTIONS = 2 ** 16

/** What one participant heard of another. */
export interface ReportBlock {
  /** Of whom. */
  ssrc: number
  /** Since the last report, in 256ths. */
  fractionLost: number
  /** Since the beginning; below zero where more came twice than was lost. */
  lost: number
  extendedGreatest: number
  jitterSamples: number
  /** The middle of the last SR's time, and how long ago it came, in 65,536ths of a second. 0, 0: none came. */
  lastReport: number
  sinceLastReport: number
}

export interface SenderInfo {
  /** When this was sent, by its sender's clock: milliseconds since 1970. */
  wallMs: number
  timestamp: number
  packets: number
  bytes: number
}

export type RtcpPacket =
  | { kind: 'report'; ssrc: number; sender: SenderInfo | null; lastReport: number; blocks: ReportBlock[] }
  | { kind: 'names'; names: { ssrc: number; name: string | null }[] }
  | { kind: 'bye'; ssrcs: number[]; reason: string | null }
  /** APP, or one of those that came later: its length is known, and it is passed over. */
  | { kind: 'other'; type: number }

/** A compound packet, or a reduced-size one. @returns null for what is neither (A.2): it is dropped whole */
export function readRtcp(bytes: Buffer): RtcpPacket[] | null {
  const packets: RtcpPacket[] = []
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length < at + HEADER_BYTES) return null
    const end = at + HEADER_BYTES + WORD_BYTES * bytes.readUInt16BE(at + 2)
    if (end > bytes.length) return null
    const body = bodyOf(bytes.subarray(at, end), end === bytes.length)
    const packet = body && readOne(bytes.readUInt8(at) & COUNT_MASK, bytes.readUInt8(at + 1), body)
    if (packet === null) return null
    packets.push(packet)
    at = end
  }
  return packets.length === 0 ? null : packets
}

/** Only the last one of several may be padded (A.2). */
function bodyOf(packet: Buffer, isLast: boolean): Buffer | null {
  const first = packet.readUInt8(0)
  if (first >> 6 !== RTP_VERSION) return null
  if ((first & PADDING_BIT) === 0) return packet.subarray(HEADER_BYTES)
  const padding = packet.readUInt8(packet.length - 1)
  if (!isLast || padding === 0 || padding > packet.length - HEADER_BYTES) return null
  return packet.subarray(HEADER_BYTES, packet.length - padding)
}

function readOne(count: number, type: number, body: Buffer): RtcpPacket | null {
  switch (type) {
    case TYPES.sr:
    case TYPES.rr:
      return readReport(count, type === TYPES.sr, body)
    case TYPES.sdes:
      return readNames(count, body)
    case TYPES.bye:
      return readBye(count, body)
    default:
      if (type < TYPE_MIN || type > TYPE_MAX) return null
      return { kind: 'other', type }
  }
}

function readReport(count: number, isSender: boolean, body: Buffer): RtcpPacket | null {
  const blocksAt = WORD_BYTES + (isSender ? SENDER_BYTES : 0)
  if (body.length < blocksAt + count * BLOCK_BYTES) return null
  const blocks = Array.from({ length: count }, (_, place) => readBlock(body, blocksAt + place * BLOCK_BYTES))
  const sender = isSender
    ? {
        wallMs: wallMsOf(body.readUInt32BE(4), body.readUInt32BE(8)),
        timestamp: body.readUInt32BE(12),
        packets: body.readUInt32BE(16),
        bytes: body.readUInt32BE(20),
      }
    : null
  const lastReport = isSender ? body.readUInt32BE(6) : 0
  return { kind: 'report', ssrc: body.readUInt32BE(0), sender, lastReport, blocks }
}

function readBlock(body: Buffer, at: number): ReportBlock {
  return {
    ssrc: body.readUInt32BE(at),
    fractionLost: body.readUInt8(at + 4),
    lost: body.readIntBE(at + 5, 3),
    extendedGreatest: body.readUInt32BE(at + 8),
    jitterSamples: body.readUInt32BE(at + 12),
    lastReport: body.readUInt32BE(at + 16),
    sinceLastReport: body.readUInt32BE(at + 20),
  }
}

/** 6.5: for each source items of kind, length, text, up to a zero; then on to the next word. */
function readNames(count: number, body: Buffer): RtcpPacket | null {
  const names: { ssrc: number; name: string | null }[] = []
  let at = 0
  for (let chunk = 0; chunk < count; chunk += 1) {
    if (body.length < at + WORD_BYTES) return null
    const one = { ssrc: body.readUInt32BE(at), name: null as string | null }
    at += WORD_BYTES
    while (at < body.length && body[at] !== 0) {
      const end = at + 2 + (body[at + 1] ?? Infinity)
      if (end > body.length) return null
      if (body[at] === CNAME) one.name = body.toString('utf8', at + 2, end)
      at = end
    }
    // At least one zero ends the list.
    if (at >= body.length) return null
    at = WORD_BYTES * (Math.floor(at / WORD_BYTES) + 1)
    names.push(one)
  }
  return { kind: 'names', names }
}

function readBye(count: number, body: Buffer): RtcpPacket | null {
  const reasonAt = WORD_BYTES * count
  if (body.length < reasonAt) return null
  const ssrcs = Array.from({ length: count }, (_, place) => body.readUInt32BE(WORD_BYTES * place))
  const length = body[reasonAt] ?? 0
  if (reasonAt + 1 + length > body.length && length > 0) return null
  const reason = length === 0 ? null : body.toString('utf8', reasonAt + 1, reasonAt + 1 + length)
  return { kind: 'bye', ssrcs, reason }
}

/** SR where something was sent, or RR; 31 blocks fit. */
export function writeReport(ssrc: number, sender: SenderInfo | null, blocks: readonly ReportBlock[]): Buffer {
  const blocksAt = WORD_BYTES + (sender === null ? 0 : SENDER_BYTES)
  const body = Buffer.alloc(blocksAt + blocks.length * BLOCK_BYTES)
  body.writeUInt32BE(ssrc, 0)
  if (sender !== null) {
    const { seconds, fraction } = ntpOf(sender.wallMs)
    body.writeUInt32BE(seconds, 4)
    body.writeUInt32BE(fraction, 8)
    body.writeUInt32BE(sender.timestamp, 12)
    body.writeUInt32BE(sender.packets % 2 ** 32, 16)
    body.writeUInt32BE(sender.bytes % 2 ** 32, 20)
  }
  for (const [place, block] of blocks.entries()) writeBlock(body, blocksAt + place * BLOCK_BYTES, block)
  return framed(blocks.length, sender === null ? TYPES.rr : TYPES.sr, body)
}

function writeBlock(body: Buffer, at: number, block: ReportBlock): void {
  body.writeUInt32BE(block.ssrc, at)
  body.writeUInt8(block.fractionLost, at + 4)
  body.writeIntBE(block.lost, at + 5, 3)
  body.writeUInt32BE(block.extendedGreatest % 2 ** 32, at + 8)
  body.writeUInt32BE(Math.min(Math.floor(block.jitterSamples), 2 ** 32 - 1), at + 12)
  body.writeUInt32BE(block.lastReport, at + 16)
  body.writeUInt32BE(block.sinceLastReport, at + 20)
}

/** 6.5.1: a name that stays the same when the SSRC must change. @throws RangeError above 255 bytes */
export function writeName(ssrc: number, name: string): Buffer {
  const text = textBytes(name)
  const body = Buffer.alloc(WORD_BYTES * (Math.floor((WORD_BYTES + 2 + text.length) / WORD_BYTES) + 1))
  body.writeUInt32BE(ssrc, 0)
  body.writeUInt8(CNAME, 4)
  body.writeUInt8(text.length, 5)
  text.copy(body, 6)
  return framed(1, TYPES.sdes, body)
}

/** 6.6. @throws RangeError above 255 bytes */
export function writeBye(ssrc: number, reason?: string): Buffer {
  const text = textBytes(reason ?? '')
  const textWords = text.length === 0 ? 0 : Math.ceil((1 + text.length) / WORD_BYTES)
  const body = Buffer.alloc(WORD_BYTES * (1 + textWords))
  body.writeUInt32BE(ssrc, 0)
  if (text.length > 0) {
    body.writeUInt8(text.length, 4)
    text.copy(body, 5)
  }
  return framed(1, TYPES.bye, body)
}

function textBytes(text: string): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length > TEXT_BYTES_MAX) throw new RangeError(`"${text}" is longer than ${TEXT_BYTES_MAX} bytes`)
  return bytes
}

function framed(count: number, type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt8((RTP_VERSION << 6) | count, 0)
  header.writeUInt8(type, 1)
  header.writeUInt16BE(body.length / WORD_BYTES, 2)
  return Buffer.concat([header, body])
}

function ntpOf(wallMs: number): { seconds: number; fraction: number } {
  const seconds = Math.floor(wallMs / 1000)
  const fraction = Math.floor(((wallMs - 1000 * seconds) / 1000) * NTP_FRACTIONS)
  return { seconds: (seconds + NTP_OFFSET_S) % 2 ** 32, fraction }
}

/** The seconds begin again in February 2036: small ones are those after it (RFC 4330 3). */
function wallMsOf(seconds: number, fraction: number): number {
  const era = seconds < 2 ** 31 ? 2 ** 32 : 0
  return 1000 * (era + seconds - NTP_OFFSET_S + fraction / NTP_FRACTIONS)
}

/** A span of time as reports have it. */
export function compactOf(ms: number): number {
  return Math.min(Math.max(Math.round((ms * COMPACT_FRACTIONS) / 1000), 0), 2 ** 32 - 1)
}

/**
 * How long an SR and the report that answers it were on their ways (6.4.1): both by one clock, so it is exact.
 * @returns null where the block answers no SR
 */
export function roundTripMs(block: ReportBlock, wallMs: number): number | null {
  if (block.lastReport === 0) return null
  const { seconds, fraction } = ntpOf(wallMs)
  const now = (seconds % COMPACT_FRACTIONS) * COMPACT_FRACTIONS + Math.floor(fraction / COMPACT_FRACTIONS)
  const span = (now - block.lastReport - block.sinceLastReport) | 0
  return Math.max(0, (span * 1000) / COMPACT_FRACTIONS)
}
