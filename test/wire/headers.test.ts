import fc from 'fast-check'
import { expect, test } from 'vitest'
import { headerBytes } from '../../src/wire/headers.ts'

const ADDRESSES = '02000a00010202000a000101'

function frame(type: string, ...inside: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(`${ADDRESSES}${type}`, 'hex'), ...inside])
}

/** An IPv4 header of so many words, for a protocol, and what is inside. */
function ipv4(words: number, protocol: number, inside: Buffer, fragment = 0): Buffer {
  const header = Buffer.alloc(words * 4)
  header.writeUInt8(0x40 | words, 0)
  header.writeUInt16BE(header.length + inside.length, 2)
  header.writeUInt16BE(fragment, 6)
  header.writeUInt8(protocol, 9)
  return frame('0800', header, inside)
}

function ipv6(protocol: number, inside: Buffer): Buffer {
  const header = Buffer.alloc(40)
  header.writeUInt8(0x60, 0)
  header.writeUInt16BE(inside.length, 4)
  header.writeUInt8(protocol, 6)
  return frame('86dd', header, inside)
}

const withTimestamps = Buffer.alloc(32).fill(0x80, 12, 13)

test.each([
  ['UDP', ipv4(5, 17, Buffer.alloc(8)), [14, 20, 8]],
  ['TCP with timestamps', ipv4(5, 6, withTimestamps), [14, 20, 32]],
  ['IP with options', ipv4(6, 17, Buffer.alloc(100)), [14, 24, 8]],
  ['IPv6', ipv6(6, withTimestamps), [14, 40, 32]],
  ['a frame with padding', Buffer.concat([ipv4(5, 17, Buffer.alloc(8)), Buffer.alloc(18)]), [14, 20, 8]],
  ['ICMP', ipv4(5, 1, Buffer.alloc(64)), [14, 20]],
  ['a fragment that is not the first', ipv4(5, 17, Buffer.alloc(64), 185), [14, 20]],
  ['a TCP header that is cut short', ipv4(5, 6, Buffer.alloc(19)), [14, 20]],
  ['ARP', frame('0806', Buffer.alloc(28)), [14]],
  ['no frame', Buffer.alloc(13), []],
])('%s', (_, bytes, expected) => {
  expect(headerBytes(bytes)).toEqual(expected)
})

test('never throws, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.constantFrom('0800', '86dd'), fc.uint8Array({ maxLength: 80 }), (type, bytes) => {
      expect(headerBytes(frame(type, Buffer.from(bytes))).length).toBeLessThanOrEqual(3)
    }),
  )
})
