/**
 * Every number of WireGuard: first what the protocol fixes, then what is ours to choose.
 *
 * Sections are those of the paper: J. A. Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel", NDSS 2017.
 */

// ---- the protocol: two ends that differ here do not understand each other -------------------------

/** Section 5.4: the pattern of the Noise Protocol Framework, with its three primitives. Nothing is negotiated. */
export const CONSTRUCTION = 'Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s'
export const IDENTIFIER = 'WireGuard v1 zx2c4 Jason@zx2c4.com'
export const LABEL_MAC1 = 'mac1----'
export const LABEL_COOKIE = 'cookie--'

/** Section 6.1. A session is replaced after so long by whoever began it, and is of no use after so long. */
export const REKEY_AFTER_MS = 120_000
export const REJECT_AFTER_MS = 180_000
/** Section 6.1. So long an initiation is sent again and again, and this is the least between two of them. */
export const REKEY_ATTEMPT_MS = 90_000
export const REKEY_TIMEOUT_MS = 5_000
/** Section 6.1. Who has received data and sent nothing for so long says that it is there. */
export const KEEPALIVE_TIMEOUT_MS = 10_000
/** Section 6.3: keys of which nobody made new ones are erased. */
export const ZERO_KEYS_AFTER_MS = 3 * REJECT_AFTER_MS
/** Section 5.4.7: a cookie, and the secret it is made with, are good for two minutes. */
export const COOKIE_GOOD_FOR_MS = 120_000

export const KEY_BYTES = 32
/** Poly1305's tag, at the end of whatever is encrypted. */
export const TAG_BYTES = 16
export const MAC_BYTES = 16
/** Section 5.4.7: of XChaCha20, long enough to be drawn at random. */
export const NONCE_BYTES = 24
/** Section 5.4.6: what is carried is padded with zeros to a multiple of this, so that its length tells less. */
export const PADDING_BYTES = 16
/** TAI64N: eight bytes of seconds, four of nanoseconds. */
export const TIMESTAMP_BYTES = 12

// ---- ours: each end may choose its own ------------------------------------------------------------

/** Two ends that began at once and collided do not begin again at once: up to so much is added, at random. */
export const JITTER_MS_MAX = 333
/**
 * The paper's limits are 2^60 and 2^64 - 2^13 - 1 messages. A number of JavaScript is exact up to 2^53: at a
 * million packets a second that is 285 years, and a session lives for three minutes.
 */
export const COUNTER_MAX = Number.MAX_SAFE_INTEGER
/** Packets that wait for a session. The oldest goes first: what is new is more likely to be still wanted. */
export const WAITING_PACKETS_MAX = 128
/** How far back a packet may come late (RFC 6479 leaves it open): 16 ms at half a million packets a second. */
export const REPLAY_WINDOW_PACKETS = 8_192
/** More handshake messages a second than this cost more than they should: strangers have to show a cookie. */
export const HANDSHAKES_PER_SECOND_MAX = 100
/** Even with a cookie: so many a second from one address. */
export const HANDSHAKES_PER_ADDRESS_MAX = 20
/** Of so many addresses the count is kept. */
export const ADDRESSES_MAX = 1_024
/** A peer's initiations closer together than this are a flood, whoever signed them. */
export const INITIATION_GAP_MS = 20
/** What we carry in one datagram of an Ethernet of 1,500 bytes: IPv6 40, UDP 8, header 16, tag 16 are gone. */
export const MTU = 1_420
/** A configuration may name so many peers, and so many ranges of each. */
export const PEERS_MAX = 256
export const RANGES_MAX = 1_024
