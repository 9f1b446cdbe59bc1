/**
 * What a card makes of a frame on a cable of 10BASE-T: what goes before and behind it, and which levels stand for its
 * bits. Computed: no program sees any of this, and between network namespaces there is no cable that could carry it.
 *
 *   | preamble 7 | start 1 | destination 6 | source 6 | type 2 | data 46 and more | check sequence 4 |   gap 12
 *                          +--------------------- what programs call the frame ----+
 */
import { ethernet } from './constants.ts'

/** IEEE 802.3 sections 3.2.1 and 3.2.2: bits in turn, until two of the same say that it begins. */
const PREAMBLE = Buffer.alloc(7, 0x55)
const START_DELIMITER = Buffer.of(0xd5)
/** IEEE 802.3 sections 3.2.8 and 4.4.2: shorter ones are filled up; else a collision could end unnoticed. */
const DATA_BYTES_MIN = 46
/** IEEE 802.3 section 4.4.2: so long nobody sends, after each frame. */
export const GAP_BITS = 96
/** IEEE 802.3 section 4.4.2, at 10 Mbit/s. */
export const BIT_NS = 100
/** IEEE 802.3 section 3.2.9: G(x) without its highest power, the lowest bit first, as octets are sent. */
const POLYNOMIAL = 0xedb8_8320

export interface OnTheLine {
  preamble: Buffer
  startDelimiter: Buffer
  /** As a capture has it. */
  frame: Buffer
  /** Zeros, where it is too short. */
  pad: Buffer
  checkSequence: Buffer
}

/** Everything that is sent for a frame, in order. */
export function onTheLine(frame: Buffer): OnTheLine {
  const pad = Buffer.alloc(Math.max(0, ethernet.bytes + DATA_BYTES_MIN - frame.length))
  const checkSequence = frameCheckSequence(Buffer.concat([frame, pad]))
  return { preamble: PREAMBLE, startDelimiter: START_DELIMITER, frame, pad, checkSequence }
}

/**
 * The remainder of a division, of the whole frame by a polynomial (CRC-32, IEEE 802.3 section 3.2.9): one wrong bit,
 * and up to 32 in a row, never leave the same. Whoever finds another one throws the frame away, and tells nobody.
 * @param frame with its pad
 */
export function frameCheckSequence(frame: Buffer): Buffer {
  let remainder = 0xffff_ffff
  for (const octet of frame) {
    remainder ^= octet
    for (let bit = 0; bit < 8; bit++) {
      const isDivided = (remainder & 1) === 1
      remainder = (remainder >>> 1) ^ (isDivided ? POLYNOMIAL : 0)
    }
  }
  const sequence = Buffer.alloc(4)
  sequence.writeUInt32LE(~remainder >>> 0)
  return sequence
}

/** In the order in which they are sent: of each octet the lowest first (IEEE 802.3 section 3.3). */
export function bitsOf(octets: Buffer): (0 | 1)[] {
  return [...octets].flatMap((octet) =>
    Array.from({ length: 8 }, (_, bit) => (((octet >> bit) & 1) === 1 ? 1 : 0)),
  )
}

type Level = 'high' | 'low'

/**
 * Manchester code (IEEE 802.3 section 7.3.1.1): each bit changes the level in its middle, a one upwards. So the
 * receiver hears the sender's clock in every bit, and a line without changes is one that nobody speaks on.
 */
export function levelsOf(bit: 0 | 1): [Level, Level] {
  return bit === 1 ? ['low', 'high'] : ['high', 'low']
}
