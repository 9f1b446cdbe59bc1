import { describe, expect, test } from 'vitest'
import { PacketNumbers, packetKey, untranslated } from '../../src/wire/match.ts'
import type { TcpPacket, UdpPacket } from '../../src/wire/packet.ts'

const datagram: UdpPacket = {
  protocol: 'udp',
  source: '10.0.1.1:1',
  destination: '10.0.1.2:2',
  identification: 0,
  moreFragments: false,
  bytes: 6,
  payload: Buffer.from('PING 1'),
}
const { moreFragments: _, ...common } = datagram
const segment: TcpPacket = {
  ...common,
  protocol: 'tcp',
  flags: 0x18,
  sequence: 7,
  acknowledgment: 9,
  window: 5,
  timestamp: 11,
}

describe('packetKey()', () => {
  test('datagrams differ in their words, since Linux leaves the identification 0', () => {
    expect(packetKey(datagram)).not.toBe(packetKey({ ...datagram, payload: Buffer.from('PING 2') }))
  })

  test.each<[string, Partial<TcpPacket>]>([
    ['identification', { identification: 1 }],
    ['sequence', { sequence: 8 }],
    ['flags', { flags: 0x10 }],
    ['timestamp', { timestamp: 12 }],
    ['direction', { source: segment.destination, destination: segment.source }],
  ])('segments differ in %s', (_, change) => {
    expect(packetKey(segment)).not.toBe(packetKey({ ...segment, ...change }))
  })
})

describe('untranslated()', () => {
  const translations = new Map([['10.0.1.1', '10.1.1.254']])
  const keyOf = (change: Partial<TcpPacket>) =>
    packetKey(untranslated({ ...segment, ...change }, translations))

  test.each<[string, Partial<TcpPacket>, Partial<TcpPacket>]>([
    ['there', { source: '10.0.1.1:1' }, { source: '10.1.1.254:1' }],
    ['there, with another port', { source: '10.0.1.1:1' }, { source: '10.1.1.254:7' }],
    ['and back', { destination: '10.0.1.1:1' }, { destination: '10.1.1.254:7' }],
    ['untranslated', { source: '10.0.1.1:1' }, { source: '10.0.1.1:1' }],
  ])('is the same on both sides of a router: %s', (_, inside, outside) => {
    expect(keyOf(outside)).toBe(keyOf(inside))
  })

  test('others keep their ports', () => {
    expect(keyOf({ source: '10.0.2.1:1' })).not.toBe(keyOf({ source: '10.0.2.1:2' }))
  })

  test('without routers nothing changes', () => {
    expect(untranslated(segment, new Map())).toBe(segment)
  })
})

describe('PacketNumbers', () => {
  test('the same at both ends, and through a router between them', () => {
    const numbers = new PacketNumbers()
    expect(numbers.numberOf('k', 'sent', 'a', 0n)).toBe(1)
    expect(numbers.numberOf('k', 'received', 'r', 1n)).toBe(1)
    expect(numbers.numberOf('k', 'sent', 'r', 2n)).toBe(1)
    expect(numbers.numberOf('k', 'received', 'b', 3n)).toBe(1)
  })

  test('sent again, however alike, it is another packet; what arrives is the latest', () => {
    const numbers = new PacketNumbers()
    expect(numbers.numberOf('k', 'sent', 'a', 0n)).toBe(1)
    expect(numbers.numberOf('k', 'sent', 'a', 1n)).toBe(2)
    expect(numbers.numberOf('k', 'received', 'b', 2n)).toBe(2)
  })

  test('a burst of alike packets: as many as arrive have arrived', () => {
    const numbers = new PacketNumbers()
    const sent = [0n, 1n, 2n].map((at) => numbers.numberOf('k', 'sent', 'a', at))
    const received = [3n, 4n].map((at) => numbers.numberOf('k', 'received', 'b', at))
    expect(received).toEqual([3, 1])
    // After the last one that is missing, what arrives is a double.
    expect(numbers.numberOf('k', 'received', 'b', 5n)).toBe(2)
    expect(numbers.numberOf('k', 'received', 'b', 6n)).toBe(3)
    expect(sent).toEqual([1, 2, 3])
  })

  test('sent again after a while, the earlier one stays lost', () => {
    const numbers = new PacketNumbers()
    numbers.numberOf('k', 'sent', 'a', 0n)
    numbers.numberOf('k', 'sent', 'a', 1_000_000_000n)
    expect(numbers.numberOf('k', 'received', 'b', 1_000_000_001n)).toBe(2)
    expect(numbers.numberOf('k', 'received', 'b', 1_000_000_002n)).toBe(2)
  })

  test('doubled by the network it is the same packet twice', () => {
    const numbers = new PacketNumbers()
    numbers.numberOf('k', 'sent', 'a', 0n)
    expect(numbers.numberOf('k', 'received', 'b', 1n)).toBe(1)
    expect(numbers.numberOf('k', 'received', 'b', 2n)).toBe(1)
  })

  test('what a switch itself sends is one packet for all, and the next time another', () => {
    const numbers = new PacketNumbers()
    expect(numbers.numberOf('k', 'received', 'a', 0n)).toBe(1)
    expect(numbers.numberOf('k', 'received', 'b', 1n)).toBe(1)
    expect(numbers.numberOf('k', 'received', 'a', 2n)).toBe(2)
  })

  test('half a minute later nothing is remembered, and no number is used twice', () => {
    const numbers = new PacketNumbers()
    expect(numbers.numberOf('k', 'sent', 'a', 0n)).toBe(1)
    expect(numbers.numberOf('k', 'received', 'b', 31_000_000_000n)).toBe(2)
  })
})
