/**
 * What should be seen, computed from the timers that the phones were given. Pure. All times count from the first
 * transmission, or from the last refresh of a session.
 */

/** A `type`: it is part of a plan. */
export type SipTimes = {
  /** An estimate of the round trip; what is not answered is sent again after this. */
  t1Ms: number
  /** No pause between two transmissions of anything but an INVITE is longer. */
  t2Ms: number
}

/** RFC 3261 section 17: who is not answered in 64 x T1 gives up (timers B, F, H). */
const PATIENCE_T1 = 64
/** RFC 4028 section 10: so long before the end, or a third of the session, whichever is less. */
const BYE_BEFORE_MS_MAX = 32_000
const BYE_BEFORE_SHARE = 1 / 3
/** RFC 4028 section 7.2: who refreshes does so at half time. */
const REFRESH_SHARE = 1 / 2

export function givesUpMs({ t1Ms }: SipTimes): number {
  return PATIENCE_T1 * t1Ms
}

/** Timer A: an INVITE over UDP. Each pause is twice the one before, without a limit. */
export function invitesAtMs(times: SipTimes): number[] {
  return sentAtMs(times.t1Ms, Number.POSITIVE_INFINITY, givesUpMs(times))
}

/** Timer E, of any other request; and timer G and section 13.3.1.4, of an answer to INVITE until the ACK comes. */
export function othersAtMs(times: SipTimes): number[] {
  return sentAtMs(times.t1Ms, times.t2Ms, givesUpMs(times))
}

/** Pauses that double up to a limit, as long as there is patience. */
function sentAtMs(firstMs: number, pauseMsMax: number, patienceMs: number): number[] {
  const sent: number[] = []
  for (let atMs = 0, pauseMs = firstMs; atMs < patienceMs; atMs += pauseMs, pauseMs *= 2) {
    sent.push(atMs)
    pauseMs = Math.min(pauseMs, pauseMsMax)
  }
  return sent
}

/** Who waits for refreshes, and hears none, ends the call so long after the last one. */
export function sessionEndsMs(sessionMs: number): number {
  return sessionMs - Math.min(BYE_BEFORE_MS_MAX, sessionMs * BYE_BEFORE_SHARE)
}

/** Who is to refresh does so then. */
export function refreshMs(sessionMs: number): number {
  return sessionMs * REFRESH_SHARE
}

/** Until even the last of these timers has run out. */
export function longestMs({
  times,
  sessionMs,
  idleMs,
}: {
  times: SipTimes
  sessionMs: number
  idleMs: number
}): number {
  return Math.max(2 * givesUpMs(times), sessionMs + givesUpMs(times), idleMs)
}
