/** Every number of SIP: first what the protocol fixes, then what is ours to choose. Sections are RFC 3261's. */

// ---- the protocol ---------------------------------------------------------------------------------

export const VERSION = 'SIP/2.0'
export const PORT = 5060
/** Section 8.1.1.7: a branch that begins so is unique; one that does not is from before 2002. */
export const BRANCH_COOKIE = 'z9hG4bK'

/** What all timers are made of (section 17.1.1.1): a round trip, the longest pause, how long a message may be on its way. */
export interface Timing {
  t1Ms: number
  t2Ms: number
  t4Ms: number
}
export const TIMING: Timing = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000 }
/** So many times T1 an answer is awaited: timers B, F, H, J, L and M. */
export const PATIENCE_T1S = 64
/** Section 17.1.1.2: timer D, over UDP at least so long. */
export const TIMER_D_MS = 32_000

/** Section 16.6: a proxy waits longer than three minutes for an INVITE that rings. */
export const TIMER_C_MS = 181_000

export const MAX_FORWARDS = 70
/** Section 8.1.1.5, 20.19: numbers of a dialog are below 2^31, times in seconds below 2^32. */
export const SEQUENCE_MAX = 2 ** 31 - 1
export const SECONDS_MAX = 2 ** 32 - 1
/** RFC 4028 4 and 5: no session timer is shorter; an end that proposes none shorter than half an hour is kind. */
export const SESSION_SECONDS_MIN = 90
/** RFC 4028 10: the end that does not refresh says BYE so long before the session expires, or a third of it if that is less. */
export const SESSION_GRACE_SECONDS = 32

// ---- ours -----------------------------------------------------------------------------------------

/** As UDP carries at most: no message over TCP is larger either. */
export const MESSAGE_BYTES_MAX = 65_535
/** What is before the body. */
export const HEAD_BYTES_MAX = 32_768
/** Fields, after folded lines were put together. */
export const HEADERS_MAX = 200
/** Values of one field: no request passes so many proxies. */
export const VALUES_MAX = 80
/** Messages that a connection may have sent behind each other, not yet taken. */
export const STREAM_BYTES_MAX = 4 * MESSAGE_BYTES_MAX
/** A few hundred calls a second, each kept for half a minute after its end. */
export const TRANSACTIONS_MAX = 50_000
/** A telephone with more calls than this is an attack. */
export const CALLS_MAX = 1_000
/** Of callers who have not shown that they hear us, see answer-budget.ts: each may wait for 64 T1. */
export const STRANGERS_CALLS_MAX = 100
/** So much more than they said may be said to them: a hundred answers that are as long as an INVITE twice ... */
export const EXCESS_BYTES_MAX = 65_536
/** ... and then some twenty a second, which harm nobody. */
export const EXCESS_BYTES_PER_SECOND = 16_384
/** An address may be somebody else's later. */
export const PROVEN_FOR_MS = 600_000
export const PROVEN_MAX = 10_000
