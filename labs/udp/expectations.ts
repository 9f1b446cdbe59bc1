/** What should be seen, as functions of what is in force. Pure. */
import { isPlausible } from '../../src/faults/measure.ts'
import { IP_HEADER_BYTES, LARGEST_BYTES, UDP_HEADER_BYTES } from './conditions.ts'

/** Offsets of fragments count in units of 8 bytes (RFC 791 section 3.2). */
const FRAGMENT_UNIT_BYTES = 8
/** TCP's header without options (RFC 9293 section 3.1). */
const TCP_HEADER_BYTES = 20

/** The largest datagram that goes in one packet. */
export function fitsInOnePacket(mtuBytes: number): number {
  return Math.min(mtuBytes - IP_HEADER_BYTES - UDP_HEADER_BYTES, LARGEST_BYTES)
}

/**
 * Into how many packets IP cuts a datagram: its UDP header is in the first of them, IP's in each. All but the last
 * carry whole units.
 */
export function packetsOf(bytes: number, mtuBytes: number): number {
  const room = mtuBytes - IP_HEADER_BYTES
  const perFragment = Math.floor(room / FRAGMENT_UNIT_BYTES) * FRAGMENT_UNIT_BYTES
  return 1 + Math.ceil(Math.max(0, bytes + UDP_HEADER_BYTES - room) / perFragment)
}

/** The most that one segment of TCP can carry. */
export function segmentBytesMax(mtuBytes: number): number {
  return mtuBytes - IP_HEADER_BYTES - TCP_HEADER_BYTES
}

/** A datagram arrives only if each of its packets does. */
export function lossOfWhole(loss: number, packets: number): number {
  return 1 - (1 - loss) ** packets
}

/** How often something of this probability can happen in this many tries: see `isPlausible`. */
export function plausibleHits(tries: number, share: number): { min: number; max: number } {
  const hits = Array.from({ length: tries + 1 }, (_, count) => count).filter((count) =>
    isPlausible(count, tries, share),
  )
  return { min: hits[0] ?? 0, max: hits.at(-1) ?? 0 }
}
