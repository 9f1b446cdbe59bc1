/** Every number of RTP, RTCP and G.711: first what the specifications fix, then what is ours to choose. */

// ---- the protocol: two ends that differ here do not understand each other -------------------------

/** RFC 3550 5.1, 6.4: all headers begin with it. */
export const RTP_VERSION = 2
/** RFC 3550 5.1: before the list of contributing sources. */
export const RTP_HEADER_BYTES = 12
/** RFC 3551 table 4: payload types that need no description. */
export const PAYLOAD_TYPE = { pcmu: 0, pcma: 8 } as const
/** RFC 3551 4.5.14: G.711 samples speech 8,000 times a second, one byte a sample; RTP's timestamp counts them. */
export const SAMPLES_PER_SECOND = 8_000
/** RFC 3551 4.2: a packet carries 20 ms unless something else was agreed. */
export const PACKET_MS = 20
export const SAMPLES_PER_PACKET = (SAMPLES_PER_SECOND * PACKET_MS) / 1000

/** RFC 3550 A.1: so many packets in sequence, and a source is believed. */
export const SEQUENTIAL_MIN = 2
/** RFC 3550 A.1: a number so far ahead is still the same stream; one so far behind is a late packet. */
export const DROPOUT_MAX = 3_000
export const MISORDER_MAX = 100

/** RFC 3550 6.2: the least time between two reports of one participant, halved before the first. */
export const REPORT_INTERVAL_MS_MIN = 5_000
/** RFC 3550 6.2: reports take this share of the session's bandwidth; where senders are few, a quarter of it is theirs. */
export const REPORT_SHARE = 0.05
export const SENDERS_SHARE = 0.25
/** RFC 3550 6.3.1: reconsidering makes intervals longer on average than was computed; this sets it right. */
export const RECONSIDERATION_DIVISOR = Math.E - 3 / 2
/** RFC 3550 6.3.5: silent for so many intervals, and a participant is gone; for two, and it is no sender. */
export const MEMBER_TIMEOUT_INTERVALS = 5
export const SENDER_TIMEOUT_INTERVALS = 2

// ---- ours: each end may choose its own ------------------------------------------------------------

/** 20 ms of G.711 with the headers of RTP, UDP and IPv4: 200 bytes, 50 times a second. */
export const SESSION_BYTES_PER_SECOND = 10_000
/** A report of one source with a name, UDP and IPv4 included: what the first interval is computed from (6.3.2). */
export const REPORT_BYTES_GUESSED = 110
/** How long speech waits for packets that are late: what a wire with 40 ms of jitter needs. */
export const PLAYOUT_DELAY_MS = 60
/** A second of speech waits at most; what is beyond is dropped, and counted. */
export const BUFFERED_PACKETS_MAX = 50
/** So many late packets in a row: the way has become longer, and waiting for the old one helps nobody. */
export const LATE_IN_A_ROW_MAX = 10
/** A timestamp so far from the last is a new beginning, and not a gap to be filled with silence. */
export const GAP_MS_MAX = 2_000
