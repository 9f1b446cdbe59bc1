/**
 * The pcapng file format, as far as we write it: draft-ietf-opsawg-pcapng. A file is a sequence of blocks,
 * so that a file is complete after each of them, and two files of one section can be merged by copying.
 *
 *     type (4) | length (4) | body, filled to four | the same length again (4): for who reads backwards
 *
 * In the byte order of whoever wrote it, which the first block tells; ours is always little endian.
 */
import { printable } from '../../foreign/printable.ts'

/** Section 4 of the draft: one section, its interfaces, its packets. */
export const blockType = { section: 0x0a0d_0d0a, interface: 1, enhancedPacket: 6 } as const
export const BYTE_ORDER_MAGIC = 0x1a2b_3c4d
export const BLOCK_OVERHEAD_BYTES = 12
/** Before the options, without the block's own 8. */
export const INTERFACE_BYTES = 8
export const ENHANCED_PACKET_BYTES = 20

/** Section 3.5: 0 ends the list. */
export const option = {
  end: 0,
  comment: 1,
  interfaceName: 2,
  interfaceDescription: 3,
  timeResolution: 9,
  application: 4,
} as const
const NANOSECONDS = 9 // 10^-9

/** What a packet of an interface begins with: the registry at tcpdump.org/linktypes.html. */
export const linkType = { ethernet: 1, ieee80211: 105, upperPdu: 252 } as const

export interface PacketRecord {
  /** Counts the interfaces of the section from 0. */
  interfaceId: number
  /** Nanoseconds since 1970. */
  wallNs: bigint
  /** What was kept of the packet. */
  bytes: Buffer
  /** How long it was on the wire. */
  wireBytes: number
  comment?: string
}

/** The first block of a file. */
export function sectionHeader(comment?: string): Buffer {
  const fixed = Buffer.alloc(16)
  fixed.writeUInt32LE(BYTE_ORDER_MAGIC, 0)
  fixed.writeUInt16LE(1, 4) // version 1.0
  fixed.writeBigInt64LE(-1n, 8) // how long the section is: not known yet
  return block(blockType.section, fixed, [
    ...textOption(option.comment, comment),
    ...textOption(option.application, 'stillhere'),
  ])
}

/** Must come before the first packet of its interface. */
export function interfaceDescription(about: {
  linkType: number
  name: string
  description: string
  /** How much of each packet is kept; 0: all of it. */
  bytesKept: number
}): Buffer {
  const fixed = Buffer.alloc(INTERFACE_BYTES)
  fixed.writeUInt16LE(about.linkType, 0)
  fixed.writeUInt32LE(about.bytesKept, 4)
  return block(blockType.interface, fixed, [
    ...textOption(option.interfaceName, about.name),
    ...textOption(option.interfaceDescription, about.description),
    [option.timeResolution, Buffer.of(NANOSECONDS)],
  ])
}

export function enhancedPacket({ interfaceId, wallNs, bytes, wireBytes, comment }: PacketRecord): Buffer {
  const fixed = Buffer.alloc(ENHANCED_PACKET_BYTES)
  fixed.writeUInt32LE(interfaceId, 0)
  fixed.writeUInt32LE(Number(wallNs >> 32n), 4)
  fixed.writeUInt32LE(Number(wallNs & 0xffff_ffffn), 8)
  fixed.writeUInt32LE(bytes.length, 12)
  fixed.writeUInt32LE(wireBytes, 16)
  return block(
    blockType.enhancedPacket,
    Buffer.concat([fixed, filled(bytes)]),
    textOption(option.comment, comment),
  )
}

type Option = [code: number, value: Buffer]

function textOption(code: number, value: string | undefined): Option[] {
  return value === undefined ? [] : [[code, Buffer.from(printable(value))]]
}

function block(type: number, body: Buffer, options: Option[]): Buffer {
  const encoded = options.flatMap(([code, value]) => [twoShorts(code, value.length), filled(value)])
  if (encoded.length > 0) encoded.push(twoShorts(option.end, 0))
  const length = encoded.reduce((sum, part) => sum + part.length, BLOCK_OVERHEAD_BYTES + body.length)
  return Buffer.concat([twoWords(type, length), body, ...encoded, word(length)])
}

/** Everything begins at a multiple of four bytes. */
function filled(bytes: Buffer): Buffer {
  return bytes.length % 4 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(4 - (bytes.length % 4))])
}

function twoShorts(one: number, other: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16LE(one, 0)
  bytes.writeUInt16LE(other, 2)
  return bytes
}

function twoWords(one: number, other: number): Buffer {
  return Buffer.concat([word(one), word(other)])
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
