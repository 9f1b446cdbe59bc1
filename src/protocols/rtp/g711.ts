/**
 * Speech in one byte a sample, by the formulas of ITU-T G.711: a sign, three bits that say how loud (the segment), four
 * bits within it. Quiet sounds are kept finely and loud ones coarsely, as the ear has it.
 *
 *     u-law   14 bits; 33 is added, so that each segment is twice as wide as the last; all bits are inverted
 *     A-law   13 bits; the first two segments are equally fine; every second bit is inverted
 *
 * The least and the most that a sample of 16 bits can be are beyond the last value, and become it.
 */

/** In 16 bits: 33 and 8,158 in the 14 of the recommendation. */
const ULAW_BIAS = 33 << 2
const ULAW_MAX = 8_158 << 2
const ULAW_INVERTED = 0xff
const ALAW_INVERTED = 0x55
const SIGN_BIT = 0x80
const SEGMENT_MASK = 0x07
const STEP_MASK = 0x0f
/** A-law's last value, in 16 bits. */
const ALAW_MAX = 0x7fff

/** One byte each: 0 to 255, by what it means in 16 bits. */
const ULAW_VALUES = Int16Array.from({ length: 256 }, (_, code) => ulawValue(code))
const ALAW_VALUES = Int16Array.from({ length: 256 }, (_, code) => alawValue(code))

export type Law = 'ulaw' | 'alaw'

/** What the receiver hears of this byte, -32,124 to 32,124. */
function ulawValue(code: number): number {
  const bits = code ^ ULAW_INVERTED
  const segment = (bits >> 4) & SEGMENT_MASK
  const size = ((((bits & STEP_MASK) << 3) + ULAW_BIAS) << segment) - ULAW_BIAS
  return (bits & SIGN_BIT) === 0 ? size : -size
}

/** What the receiver hears of this byte, -32,256 to 32,256: the middle of its step. */
function alawValue(code: number): number {
  const bits = code ^ ALAW_INVERTED
  const segment = (bits >> 4) & SEGMENT_MASK
  const step = (bits & STEP_MASK) << 4
  const size = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1)
  // Here a set bit says that the value is positive.
  return (bits & SIGN_BIT) === 0 ? -size : size
}

function ulawCode(sample: number): number {
  const sign = sample < 0 ? SIGN_BIT : 0
  const size = Math.min(Math.abs(sample), ULAW_MAX) + ULAW_BIAS
  const segment = Math.min(SEGMENT_MASK, Math.max(0, 24 - Math.clz32(size)))
  return (sign | (segment << 4) | ((size >> (segment + 3)) & STEP_MASK)) ^ ULAW_INVERTED
}

function alawCode(sample: number): number {
  const sign = sample < 0 ? 0 : SIGN_BIT
  // The negative values are those of the positive ones, each one lower: -1 is to them what 0 is to these.
  const size = Math.min(sample < 0 ? -sample - 1 : sample, ALAW_MAX)
  const segment = Math.max(0, 24 - Math.clz32(size))
  const step = (segment === 0 ? size >> 4 : size >> (segment + 3)) & STEP_MASK
  return (sign | (segment << 4) | step) ^ ALAW_INVERTED
}

const codeOf: Record<Law, (sample: number) => number> = { ulaw: ulawCode, alaw: alawCode }
const valuesOf: Record<Law, Int16Array> = { ulaw: ULAW_VALUES, alaw: ALAW_VALUES }

/** One byte a sample of 16 bits. */
export function encodeG711(law: Law, samples: Int16Array): Buffer {
  const code = codeOf[law]
  const bytes = Buffer.alloc(samples.length)
  for (const [at, sample] of samples.entries()) bytes[at] = code(sample)
  return bytes
}

export function decodeG711(law: Law, bytes: Uint8Array): Int16Array {
  const values = valuesOf[law]
  const samples = new Int16Array(bytes.length)
  for (let at = 0; at < bytes.length; at++) samples[at] = values[bytes[at] as number] as number
  return samples
}
