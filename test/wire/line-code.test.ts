/** What a card would put on a cable: the check sequence is zlib's and tshark's too, the levels are the standard's. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { enhancedPacket, sectionHeader } from '../../src/view/pcapng/blocks.ts'
import { bitsOf, frameCheckSequence, levelsOf, onTheLine } from '../../src/wire/line-code.ts'
import { testNeeding } from '../support/needs.ts'
import { hasTshark, tshark } from '../support/tshark.ts'

const frameOf = (payload: Buffer) =>
  Buffer.concat([Buffer.from('02000000000b02000000000a88b5', 'hex'), payload])

describe('the check sequence', () => {
  test('of "123456789" is the published one', () => {
    expect(frameCheckSequence(Buffer.from('123456789')).readUInt32LE().toString(16)).toBe('cbf43926')
  })

  test('is that of zlib, whatever the frame', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1514 }), (octets) => {
        expect(frameCheckSequence(Buffer.from(octets)).readUInt32LE()).toBe(crc32(octets))
      }),
    )
  })

  testNeeding('tshark', hasTshark)('is good in the eyes of tshark, and bad where a bit has changed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'stillhere-fcs-'))
    try {
      const file = join(folder, 'checked.pcapng')
      const frames = [0, 1, 46, 600, 1500].flatMap((length) => {
        const { frame, pad, checkSequence } = onTheLine(frameOf(Buffer.alloc(length, 'x')))
        const good = Buffer.concat([frame, pad, checkSequence])
        const bad = Buffer.from(good)
        bad.writeUInt8(bad.readUInt8(20) ^ 0x10, 20)
        return [good, bad]
      })
      const packets = frames.map((bytes, index) =>
        enhancedPacket({ interfaceId: 0, wallNs: BigInt(index), bytes, wireBytes: bytes.length }),
      )
      writeFileSync(file, Buffer.concat([sectionHeader(), checkedInterface(), ...packets]))
      const options = ['-o', 'eth.check_fcs:TRUE', '-T', 'fields', '-e', 'eth.fcs.status']
      expect(tshark(file, 'eth', options)).toEqual(frames.map((_, index) => (index % 2 === 0 ? '1' : '0')))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** Ethernet whose packets end with their check sequence: if_fcslen (13) is 4 (pcapng draft, section 4.2). */
function checkedInterface(): Buffer {
  const words = (...values: number[]) => Buffer.from(Uint32Array.of(...values).buffer)
  const halves = (...values: number[]) => Buffer.from(Uint16Array.of(...values).buffer)
  const options = Buffer.concat([halves(13, 1), Buffer.of(4, 0, 0, 0), halves(0, 0)])
  const length = 20 + options.length
  return Buffer.concat([words(1, length), halves(1, 0), words(0), options, words(length)])
}

describe('on the line', () => {
  test('a short frame is filled up to 64 octets, a long one is not', () => {
    const lengths = (payload: number) => {
      const { frame, pad, checkSequence } = onTheLine(frameOf(Buffer.alloc(payload)))
      return [pad.length, frame.length + pad.length + checkSequence.length]
    }
    expect([0, 45, 46, 1500].map(lengths)).toEqual([
      [46, 64],
      [1, 64],
      [0, 64],
      [0, 1518],
    ])
  })

  test('bits are in turn until two ones say that the frame begins', () => {
    const { preamble, startDelimiter } = onTheLine(frameOf(Buffer.alloc(0)))
    expect(bitsOf(Buffer.concat([preamble, startDelimiter])).join('')).toBe(`${'10'.repeat(31)}11`)
  })

  test('each bit changes the level in its middle, a one upwards', () => {
    expect([levelsOf(1), levelsOf(0)]).toEqual([
      ['low', 'high'],
      ['high', 'low'],
    ])
  })
})
