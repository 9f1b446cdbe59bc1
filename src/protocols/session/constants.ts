/** Every number of the session protocol: first what the protocol fixes, then what is ours to choose. */

// ---- the protocol: two ends that differ here do not understand each other (README.md) -------------

/** What HELLO says. A server that speaks another version refuses. */
export const VERSION = 1

/**
 * 128 random bits from the operating system, in hex: OWASP ASVS 5 asks for that much (7.2.3). At a thousand guesses
 * a second half of them are tried after 5 x 10^27 years.
 */
export const TOKEN_HEX_DIGITS = 32

/** 64 bits: it only has to be unlike others, since it is no secret. */
export const SESSION_ID_HEX_DIGITS = 16

/**
 * Characters of a message. With the line's own words it stays below 1200 bytes, which every path is taken to carry
 * in one datagram (RFC 9000 section 14).
 */
export const TEXT_CHARS_MAX = 1000

/** Before LF, a CR included: `DATA 4294967295 ` and a message. */
export const LINE_BYTES_MAX = 1024

// ---- ours: each end may choose its own ------------------------------------------------------------

/** How long a session without a connection is kept. Longer forgives more, and leaves a stolen token of use longer. */
export const GRACE_MS = 30_000

/**
 * Messages that wait for their ACK, at each end and for each session. When so many wait, `say` answers `full`: it is
 * for the caller to wait or to drop, and not for us to fill the memory.
 */
export const UNACKNOWLEDGED_MAX = 100

/** Over datagrams so many are under way at once: nobody else slows us down where a network is busy. */
export const IN_FLIGHT_MAX = 16

/** A datagram is sent again after so long without an ACK, then after twice as long, and so on (RFC 6298). */
export const RETRANSMIT_AFTER_MS = 200
export const RETRANSMIT_AFTER_MS_MAX = 3200

/**
 * From HELLO or RESUME to the proof that its sender receives: a round trip, or a few tries over datagrams. A
 * connection that says nothing useful for so long is closed.
 */
export const CONFIRM_WITHIN_MS = 3000

/** A client that finds nobody at all gives up after so long; once it has a session, after twice its grace period. */
export const OPEN_WITHIN_MS = 30_000
export const GIVE_UP_AFTER_GRACES = 2

/** All of them together cost a server about 100 kB of messages each, at the most. */
export const SESSIONS_MAX = 1000
/** Sessions whose client has not proved yet that it receives: anybody can ask for one from a forged address. */
export const OPENING_MAX = 100
export const CONNECTIONS_MAX = 1000

/** An honest client never presents a wrong token; one that does it by mistake may look twice. */
export const WRONG_TOKENS_PER_CONNECTION_MAX = 3
/** Of all connections together. What is beyond is not answered; a client with the right one is always let in. */
export const WRONG_TOKENS_PER_SECOND_MAX = 20

/** A full queue and its ACKs, both ways, right after a resume, and the heartbeat. */
export const LINES_PER_SECOND_MAX = 1000
