import { expect, test } from 'vitest'
import { ByteLimit } from '../../src/wire/byte-limit.ts'
import { decodePacket } from '../../src/wire/packet.ts'

/** 10.0.0.1:40000 > 10.0.0.2:80, FIN PSH ACK; no checksums. */
function segment(payload: string): Buffer {
  const frame = Buffer.alloc(54 + payload.length)
  frame.writeUInt16BE(0x0800, 12)
  frame.write('4500', 14, 'hex')
  frame.writeUInt16BE(40 + payload.length, 16)
  frame.write('4006', 22, 'hex')
  frame.write('0a0000010a000002', 26, 'hex')
  frame.write('9c400050', 34, 'hex')
  frame.write('5019', 46, 'hex')
  frame.write(payload, 54)
  return frame
}

/** The same over IPv6, fd00::1 > fd00::2, after an extension header (destination options) of eight bytes. */
function segment6(payload: string): Buffer {
  const tcp = segment(payload).subarray(34)
  const frame = Buffer.alloc(14 + 40 + 8)
  frame.writeUInt16BE(0x86dd, 12)
  frame.write('60', 14, 'hex')
  frame.writeUInt16BE(8 + tcp.length, 18)
  frame.write('3c40', 20, 'hex')
  frame.write(`fd${'00'.repeat(14)}01fd${'00'.repeat(14)}02`, 22, 'hex')
  frame.write('06000104', 54, 'hex')
  return Buffer.concat([frame, tcp])
}

/** The sum of all 16-bit words of something whose checksum is right is 0xffff (RFC 1071). */
function sumOf(...parts: Buffer[]): number {
  const bytes = Buffer.concat([...parts, Buffer.alloc(1)])
  let sum = 0
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}

test('so many bytes pass, the last of them in a shorter segment, and that is valid', () => {
  const limit = new ByteLimit(13)
  const first = segment('0123456789')
  expect(limit.pass(first)).toBe(first)
  expect(limit.isReached).toBe(false)
  const rest = limit.pass(segment('abcdefghij'))
  expect(limit.isReached).toBe(true)
  const packet = decodePacket(rest)
  expect(packet).toMatchObject({ protocol: 'tcp', bytes: 3, payload: Buffer.from('abc'), flags: 0x18 })
  expect(sumOf(rest.subarray(14, 34))).toBe(0xffff)
  const pseudo = Buffer.concat([rest.subarray(26, 34), Buffer.from([0, 6, 0, rest.length - 34])])
  expect(sumOf(pseudo, rest.subarray(34))).toBe(0xffff)
})

test('over IPv6 too', () => {
  const rest = new ByteLimit(3).pass(segment6('abcdefghij'))
  expect(decodePacket(rest)).toMatchObject({
    protocol: 'tcp',
    bytes: 3,
    payload: Buffer.from('abc'),
    flags: 0x18,
  })
  expect(rest).toHaveLength(14 + 40 + 8 + 20 + 3)
  const pseudo = Buffer.concat([rest.subarray(22, 54), Buffer.from([0, 0, 0, rest.length - 62, 0, 0, 0, 6])])
  expect(sumOf(pseudo, rest.subarray(62))).toBe(0xffff)
})

test('what has no bytes of a program does not count', () => {
  const limit = new ByteLimit(1)
  const empty = segment('')
  expect(limit.pass(empty)).toBe(empty)
  expect(limit.pass(Buffer.alloc(60))).toHaveLength(60)
  expect(limit.isReached).toBe(false)
})
