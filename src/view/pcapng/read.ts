/** Reads the .pcapng files that we wrote, a piece at a time: a long run's packets need not fit the memory. */
import { closeSync, readSync } from 'node:fs'
import { openRegular } from '../../foreign/regular-file.ts'
import {
  BLOCK_OVERHEAD_BYTES,
  BYTE_ORDER_MAGIC,
  blockType,
  ENHANCED_PACKET_BYTES,
  INTERFACE_BYTES,
  option,
  type PacketRecord,
} from './blocks.ts'

const CHUNK_BYTES = 65_536
/** Far more than any block of ours; a larger one is no length but something else. */
const BLOCK_BYTES_MAX = 1_000_000
/** A host that sends as fast as it can for minutes; nothing of it is held but one block. */
const FILE_BYTES_MAX = 4_000_000_000

export type ReadBlock =
  | { type: 'section'; comment?: string }
  | { type: 'interface'; linkType: number; bytesKept: number; name?: string; description?: string }
  | ({ type: 'packet' } & PacketRecord)
  | { type: 'other'; code: number }

/**
 * The blocks of a file, one after the other.
 * @throws RangeError for what is no pcapng file of ours, and what opening the file throws
 */
export function* readBlocks(path: string): Generator<ReadBlock> {
  const file = openRegular(path, FILE_BYTES_MAX)
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    let bytes: Buffer = Buffer.alloc(0)
    for (;;) {
      const length = bytes.length < 8 ? Number.POSITIVE_INFINITY : blockBytes(bytes, path)
      if (bytes.length >= length) {
        yield decodeBlock(bytes.subarray(0, length))
        bytes = bytes.subarray(length)
        continue
      }
      const read = readSync(file, chunk, 0, CHUNK_BYTES, null)
      // Inside a block: whoever wrote was killed. What is whole counts.
      if (read === 0) return
      bytes = Buffer.concat([bytes, chunk.subarray(0, read)])
    }
  } finally {
    closeSync(file)
  }
}

function blockBytes(bytes: Buffer, path: string): number {
  const length = bytes.readUInt32LE(4)
  if (length < BLOCK_OVERHEAD_BYTES || length > BLOCK_BYTES_MAX || length % 4 !== 0) {
    throw new RangeError(`cannot read ${path}: a block of ${length} bytes is none of ours`)
  }
  return length
}

function decodeBlock(bytes: Buffer): ReadBlock {
  const body = bytes.subarray(8, -4)
  const code = bytes.readUInt32LE(0)
  if (code === blockType.section) {
    if (body.readUInt32LE(0) !== BYTE_ORDER_MAGIC)
      throw new RangeError('expected a little-endian pcapng file')
    return { type: 'section', ...texts(body.subarray(16), { comment: option.comment }) }
  }
  if (code === blockType.interface) {
    return {
      type: 'interface',
      linkType: body.readUInt16LE(0),
      bytesKept: body.readUInt32LE(4),
      ...texts(body.subarray(INTERFACE_BYTES), {
        name: option.interfaceName,
        description: option.interfaceDescription,
      }),
    }
  }
  if (code === blockType.enhancedPacket) {
    const length = body.readUInt32LE(12)
    return {
      type: 'packet',
      interfaceId: body.readUInt32LE(0),
      wallNs: (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8)),
      bytes: body.subarray(ENHANCED_PACKET_BYTES, ENHANCED_PACKET_BYTES + length),
      wireBytes: body.readUInt32LE(16),
      ...texts(body.subarray(ENHANCED_PACKET_BYTES + Math.ceil(length / 4) * 4), { comment: option.comment }),
    }
  }
  return { type: 'other', code }
}

/** Those options of a block that are wanted, by the names given to them. */
function texts<Name extends string>(
  options: Buffer,
  wanted: Record<Name, number>,
): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {}
  for (let at = 0; at + 4 <= options.length; ) {
    const code = options.readUInt16LE(at)
    const length = options.readUInt16LE(at + 2)
    if (code === option.end) break
    for (const name in wanted) {
      if (wanted[name] === code) found[name] = options.toString('utf8', at + 4, at + 4 + length)
    }
    at += 4 + Math.ceil(length / 4) * 4
  }
  return found
}
