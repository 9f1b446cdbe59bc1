/** Every number of STUN that is needed to ask "where do you see me?", and to answer (RFC 8489). */

/** Section 5: after type and length, in every message; what tells STUN from all else on the same port. */
export const MAGIC_COOKIE = 0x2112a442
export const HEADER_BYTES = 20
export const TRANSACTION_BYTES = 12
/** Section 5: method and class in one number, the two bits of the class among those of the method. */
export const MESSAGE_TYPE = {
  'binding-request': 0x0001,
  'binding-indication': 0x0011,
  'binding-success': 0x0101,
  'binding-error': 0x0111,
} as const
/** Section 18.3. Below 0x8000: who does not know it must not go on. */
export const ATTRIBUTE = { xorMappedAddress: 0x0020, fingerprint: 0x8028 } as const
export const COMPREHENSION_OPTIONAL = 0x8000
/**
 * Section 18.3, by number: known, and of no use here. MAPPED-ADDRESS, which old servers send beside the other; USERNAME and
 * MESSAGE-INTEGRITY, which a Binding needs only where both ends share a password; what an error carries.
 */
export const KNOWN_ATTRIBUTES: readonly number[] = [
  0x0001, 0x0006, 0x0008, 0x0009, 0x000a, 0x0014, 0x0015, 0x001c,
]
/** Section 14.2. */
export const FAMILY = { ipv4: 1, ipv6: 2 } as const
/** Section 14.7: so that a CRC of another protocol with the same polynomial is not taken for this one. */
export const FINGERPRINT_XOR = 0x5354554e

/** Section 6.2.1: the first wait for an answer, doubled for each next; so many requests, and a last wait of so many times the first. */
export const RTO_MS = 500
export const REQUESTS_MAX = 7
export const LAST_WAIT_RTOS = 16
