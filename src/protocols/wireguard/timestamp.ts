/** TAI64N: seconds since 1970 in the scale TAI, plus 2^62, and nanoseconds; big-endian, so bytes compare as times do. */
import { TIMESTAMP_BYTES } from './constants.ts'

/** TAI was ten seconds ahead of UTC in 1970. Leap seconds since do not matter: both ends need only an order. */
const LABEL_OF_1970 = 2n ** 62n + 10n

export function timestampAt(wallMs: number): Buffer {
  const bytes = Buffer.alloc(TIMESTAMP_BYTES)
  bytes.writeBigUInt64BE(LABEL_OF_1970 + BigInt(Math.floor(wallMs / 1000)))
  bytes.writeUInt32BE(Math.floor((wallMs % 1000) * 1e6), 8)
  return bytes
}

export function isLater(one: Buffer, other: Buffer): boolean {
  return Buffer.compare(one, other) > 0
}
