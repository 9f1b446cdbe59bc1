/** G.711 beside what is known of it, and beside a program that others wrote. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { decodeG711, encodeG711, type Law } from '../../../src/protocols/rtp/g711.ts'
import { testNeeding } from '../../support/needs.ts'

const SOX_NAMES: Record<Law, string> = { ulaw: 'u-law', alaw: 'a-law' }
const LAWS: readonly Law[] = ['ulaw', 'alaw']
const codes = Buffer.from(Array.from({ length: 256 }, (_, code) => code))
const hasSox = spawnSync('sox', ['--version']).status === 0

test('the greatest, the least and silence are what G.711 says', () => {
  expect([...decodeG711('ulaw', Buffer.from('0080ff7f', 'hex'))]).toEqual([-32_124, 32_124, 0, 0])
  expect([...decodeG711('alaw', Buffer.from('2aaad555', 'hex'))]).toEqual([-32_256, 32_256, 8, -8])
  expect(encodeG711('ulaw', Int16Array.of(0, 32_767, -32_768))).toEqual(Buffer.from('ff8000', 'hex'))
  expect(encodeG711('alaw', Int16Array.of(0, 32_767, -32_768, -1))).toEqual(Buffer.from('d5aa2a55', 'hex'))
})

test.each(LAWS)('every value of %s is encoded as itself', (law) => {
  const again = encodeG711(law, decodeG711(law, codes))
  // u-law has two zeros, 7f and ff: both are heard as 0.
  for (const [code, other] of again.entries())
    expect(law === 'ulaw' && code === 0x7f ? 0x7f : other).toBe(code)
})

test.each(LAWS)('every sample in %s is heard as the value next to it', (law) => {
  const values = [...decodeG711(law, codes)].sort((a, b) => a - b)
  const samples = Int16Array.from({ length: 65_536 }, (_, place) => place - 32_768)
  const heard = decodeG711(law, encodeG711(law, samples))
  for (const [place, sample] of samples.entries()) {
    const value = heard[place] as number
    const at = values.indexOf(value)
    const [below = -Infinity, above = Infinity] = [values[at - 1], values[at + 1]]
    // Half a step at most, at the edge of a segment half of the larger one; u-law's edges are those of 14 bits.
    const halfStep = Math.max(value - below, above - value) / 2
    if (Math.abs(value - sample) > halfStep + 4) throw new Error(`${sample} is heard as ${value}`)
  }
})

for (const law of LAWS) {
  testNeeding('sox', hasSox)(`sox decodes all 256 bytes of ${law} to the same samples`, () => {
    const from = ['-t', 'raw', '-e', SOX_NAMES[law], '-b', '8', '-r', '8000', '-c', '1', '-']
    const { stdout } = spawnSync('sox', [...from, '-t', 'raw', '-e', 'signed', '-b', '16', '-L', '-'], {
      input: codes,
    })
    const expected = Int16Array.from({ length: 256 }, (_, place) => stdout.readInt16LE(2 * place))
    expect(decodeG711(law, codes)).toEqual(expected)
  })
}
