import { describe, expect, test } from 'vitest'
import { copiesOf, lostOf } from '../../labs/udp/datagrams.ts'
import {
  fitsInOnePacket,
  lossOfWhole,
  packetsOf,
  plausibleHits,
  segmentBytesMax,
} from '../../labs/udp/expectations.ts'
import type { EventOf } from '../../src/events/vocabulary.ts'
import { reorderedOf } from '../../src/lab/packets.ts'

describe('sizes', () => {
  test.each([
    [1472, 1500, 1],
    [1473, 1500, 2],
    [2952, 1500, 2],
    [2953, 1500, 3],
    [65_507, 1500, 45],
    // 1006 - 20 is no multiple of 8: each fragment but the last carries 984.
    [978, 1006, 1],
    [979, 1006, 2],
    [1962, 1006, 2],
    [1963, 1006, 3],
    [65_507, 65_536, 1],
  ])('%d bytes at an MTU of %d are %d packets', (bytes, mtu, packets) => {
    expect(packetsOf(bytes, mtu)).toBe(packets)
  })

  test('what fits in a packet, and in a segment of TCP', () => {
    expect(fitsInOnePacket(1500)).toBe(1472)
    expect(fitsInOnePacket(65_536)).toBe(65_507)
    expect(segmentBytesMax(1500)).toBe(1460)
  })
})

describe('chance', () => {
  test('a whole of four pieces is lost with each of them', () => {
    expect(lossOfWhole(0.1, 1)).toBeCloseTo(0.1)
    expect(lossOfWhole(0.1, 4)).toBeCloseTo(0.3439)
    expect(lossOfWhole(0, 45)).toBe(0)
  })

  test('a cable that does nothing, or twice as much, is not believed', () => {
    const { min, max } = plausibleHits(400, 0.1)
    expect(min).toBeGreaterThan(0)
    expect(min).toBeLessThan(40)
    expect(max).toBeGreaterThan(40)
    expect(max).toBeLessThan(80)
    // Four pieces: not as if each datagram were one frame.
    const pieces = plausibleHits(150, lossOfWhole(0.1, 4))
    expect(pieces.min).toBeGreaterThan(15)
    expect(pieces.max).toBeLessThan(100)
  })
})

test('what became of packets is told by their numbers', () => {
  const packet = (number: number) =>
    ({ data: { packet: String(number) } }) as unknown as EventOf<'packet:captured'>
  const sent = [1, 2, 3, 4, 5].map(packet)
  const received = [1, 3, 2, 3, 5].map(packet)
  const numbers = (packets: EventOf<'packet:captured'>[]) => packets.map(({ data }) => data.packet)
  expect(numbers(lostOf({ sent, received }))).toEqual(['4'])
  expect(numbers(reorderedOf({ sent, received }))).toEqual(['2'])
  expect(numbers(copiesOf({ sent, received }))).toEqual(['3'])
  // A copy that comes late is a copy, and no reordering.
  expect(numbers(reorderedOf({ sent, received: [1, 2, 1, 3].map(packet) }))).toEqual([])
})
