/**
 * A datagram that says which one it is: `datagram 3 of 20`, a newline, and dots up to the size wanted. Text,
 * so that it can be read in any capture.
 */

/** What a sender may announce; a receiver believes no more. */
export const DATAGRAMS_MAX = 100_000
/** UDP's own length field ends at 65,535, of which IPv4 takes 20 bytes and UDP 8 (RFC 768, RFC 791). */
export const DATAGRAM_BYTES_MAX = 65_507

export interface NumberedDatagram {
  /** From 1. */
  number: number
  of: number
}

/**
 * The datagram as bytes. It is longer than `bytes` where its text is.
 * @throws RangeError for numbers or sizes that cannot be sent
 */
export function formatDatagram({ number, of }: NumberedDatagram, bytes: number): Buffer {
  if (!isBetween(of, 1, DATAGRAMS_MAX) || !isBetween(number, 1, of)) {
    throw new RangeError(`cannot number datagram: "${number} of ${of}" is not within 1 to ${DATAGRAMS_MAX}`)
  }
  return Buffer.from(`datagram ${number} of ${of}\n`.padEnd(bytes, '.'), 'latin1')
}

/** Null for a datagram that is not numbered: anybody may send anything. */
export function parseDatagram(datagram: Buffer): NumberedDatagram | null {
  const line = datagram.toString('latin1', 0, 40)
  const [, number, of] = /^datagram (\d{1,6}) of (\d{1,6})\n/.exec(line)?.map(Number) ?? []
  if (number === undefined || of === undefined) return null
  return isBetween(of, 1, DATAGRAMS_MAX) && isBetween(number, 1, of) ? { number, of } : null
}

function isBetween(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}
