/** RTP and RTCP, bytes <-> value. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRtp, writeRtp } from '../../../src/protocols/rtp/packet.ts'
import {
  type ReportBlock,
  readRtcp,
  roundTripMs,
  writeBye,
  writeName,
  writeReport,
} from '../../../src/protocols/rtp/rtcp.ts'

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex')
const word = fc.nat(2 ** 32 - 1)
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))

describe('a packet of RTP', () => {
  test('is read field by field', () => {
    expect(readRtp(hex('80 88 0102 00000a00 deadbeef ff7f'))).toEqual({
      payloadType: 8,
      marker: true,
      sequence: 0x0102,
      timestamp: 2560,
      ssrc: 0xdeadbeef,
      payload: hex('ff7f'),
    })
  })

  test('may have sources, an extension and padding before and after what it carries', () => {
    const full = hex('b1 00 0001 00000001 00000002 00000003 abcd 0001 99999999 aabb 0000 0004')
    expect(readRtp(full)?.payload).toEqual(hex('aabb'))
  })

  test.each([
    ['is too short', '80 00 0001 00000001 000000'],
    ['has another version', '40 00 0001 00000001 00000002'],
    ['may be RTCP', '80 c8 0006 00000001 00000002'],
    ['has more sources than bytes', '81 00 0001 00000001 00000002'],
    ['has no room for an extension', '90 00 0001 00000001 00000002 0000'],
    ['has an extension longer than itself', '90 00 0001 00000001 00000002 0000 0002 00000000'],
    ['is padded by nothing', 'a0 00 0001 00000001 00000002 aa00'],
    ['is padded by more than it has', 'a0 00 0001 00000001 00000002 aa03'],
  ])('is refused where it %s', (_, text) => {
    expect(readRtp(hex(text))).toBe(null)
  })

  test('is read as it was written', () => {
    const packets = fc.record({
      payloadType: fc.nat(127).filter((type) => type < 72 || type > 76),
      sequence: fc.nat(65_535),
      timestamp: word,
      ssrc: word,
      marker: fc.boolean(),
      payload: bytes(320),
    })
    fc.assert(fc.property(packets, (packet) => void expect(readRtp(writeRtp(packet))).toEqual(packet)))
  })

  test('any bytes are read or refused, and nothing is made up', () => {
    const anything = fc.oneof(
      bytes(80),
      bytes(80).map((rest) => Buffer.concat([hex('bf00'), rest])),
    )
    fc.assert(
      fc.property(anything, (some) => {
        const packet = readRtp(some)
        expect(packet === null || packet.payload.length <= some.length - 12).toBe(true)
      }),
    )
  })
})

describe('RTCP', () => {
  const blocks: fc.Arbitrary<ReportBlock> = fc.record({
    ssrc: word,
    fractionLost: fc.nat(255),
    lost: fc.integer({ min: -(2 ** 23), max: 2 ** 23 - 1 }),
    extendedGreatest: word,
    jitterSamples: word,
    lastReport: word,
    sinceLastReport: word,
  })

  test('a compound packet is read as it was written', () => {
    const names = fc.string({ maxLength: 60 })
    const reports = fc.array(blocks, { maxLength: 31 })
    const senders = fc.option(
      fc.record({
        wallMs: fc.nat(2 ** 31).map((s) => s * 1000 + 500),
        timestamp: word,
        packets: word,
        bytes: word,
      }),
    )
    fc.assert(
      fc.property(word, senders, reports, names, names, (ssrc, sender, block, name, reason) => {
        const compound = [writeReport(ssrc, sender, block), writeName(ssrc, name), writeBye(ssrc, reason)]
        const read = readRtcp(Buffer.concat(compound))
        expect(read?.[0]).toMatchObject({ kind: 'report', ssrc, sender, blocks: block })
        expect(read?.[1]).toEqual({ kind: 'names', names: [{ ssrc, name }] })
        expect(read?.[2]).toEqual({ kind: 'bye', ssrcs: [ssrc], reason: reason === '' ? null : reason })
      }),
    )
  })

  test.each([
    ['is empty', ''],
    ['is of a type that RTCP does not have', '80bf 0001 00000001'],
    ['has another version', '40c9 0001 00000001'],
    ['begins with a padded report', 'a0c9 0002 00000001 00000004 81cb 0001 00000001'],
    ['is longer than it is', '80c9 0002 00000001'],
    ['ends in the middle of a header', '80c9 0001 00000001 80cb'],
    ['has fewer blocks than it counts', '81c9 0001 00000001'],
    ['has a sender without its numbers', '80c8 0001 00000001'],
    ['has a name that never ends', '80c9 0001 00000001 81ca 0002 00000001 01ff4141'],
    ['has a name without a zero after it', '80c9 0001 00000001 81ca 0002 00000001 01024141'],
    ['has fewer names than it counts', '80c9 0001 00000001 82ca 0002 00000001 00000000'],
    ['says goodbye for more than it names', '80c9 0001 00000001 82cb 0001 00000001'],
    ['has a reason longer than itself', '80c9 0001 00000001 81cb 0002 00000001 04414141'],
    ['has padding in the middle', '80c9 0001 00000001 a1cb 0002 00000001 00000004 81cb 0001 00000001'],
  ])('is refused whole where it %s', (_, text) => {
    expect(readRtcp(hex(text))).toBe(null)
  })

  test('what came later than this program is passed over; the last packet may be padded', () => {
    const read = readRtcp(hex('80c9 0001 00000001 80cc 0002 00000001 50494e47 a1cb 0002 00000001 00000004'))
    expect(read?.slice(1)).toEqual([
      { kind: 'other', type: 204 },
      { kind: 'bye', ssrcs: [1], reason: null },
    ])
  })

  test('what travels without a report before it is read: BYE and APP as baresip 1.0 says them', () => {
    const bye =
      '81cb0003 885d5894 0441646a 6f000000 81ca0006 885d5894 01107369 703a626f 62403130 2e302e33 2e320000'
    expect(readRtcp(hex(bye))).toEqual([
      { kind: 'bye', ssrcs: [0x885d5894], reason: 'Adjo' },
      { kind: 'names', names: [{ ssrc: 0x885d5894, name: 'sip:bob@10.0.3.2' }] },
    ])
    expect(readRtcp(hex('80cc0003 885d5894 50494e47 504f4e47'))).toEqual([{ kind: 'other', type: 204 }])
    // RFC 4585 6.2.1: that a packet is missing, which is told alone as soon as it is (RFC 5506).
    expect(readRtcp(hex('81cd0003 00000001 00000002 00070000'))).toEqual([{ kind: 'other', type: 205 }])
  })

  test('any bytes are read or refused', () => {
    const head = fc.constantFrom('80c8', '81c8', '80c9', '9fc9', '81ca', '9fca', '81cb', '9fcb', 'a1cb')
    const piece = fc
      .tuple(head, bytes(12))
      .map(([start, { length }]) => [start, Buffer.alloc(4 * length, length)] as const)
      .map(([start, body]) => Buffer.concat([hex(start), Buffer.from([0, body.length / 4]), body]))
    const compounds = fc.array(piece, { maxLength: 5 }).map((all) => Buffer.concat(all))
    fc.assert(
      fc.property(fc.oneof(bytes(120), compounds), (some) => {
        const read = readRtcp(some)
        expect(read === null || read.length > 0).toBe(true)
        if (some[0] !== undefined && some[0] >> 6 !== 2) expect(read).toBe(null)
      }),
    )
  })

  test('a report is refused a name that does not fit', () => {
    expect(() => writeName(1, 'a'.repeat(256))).toThrow(RangeError)
  })

  test('the time of a round trip is that of RFC 3550, figure 2', () => {
    // [10 Nov 1995 11:33:25.125 UTC], A at B710:8000; delay 5.250 s; last SR B705:2000: 6.125 s.
    const wallMs = Date.UTC(1995, 10, 10, 11, 33, 36, 500)
    const block = { lastReport: 0xb7052000, sinceLastReport: 0x00054000 } as ReportBlock
    expect(roundTripMs(block, wallMs)).toBeCloseTo(6125, 0)
    expect(roundTripMs({ ...block, lastReport: 0 }, wallMs)).toBe(null)
  })
})
