/**
 * When to report, and who is gone (RFC 3550 6.2, 6.3): no clock inside, no dice; every call brings both.
 *
 * All reports of a session share one small part of its bandwidth, so the more participants, the longer each waits. A random
 * factor keeps them from speaking all at once; and who is due looks again how many there are now, before it speaks.
 *
 *     due        compute the interval anew; last report + interval has passed ? report : wait until then
 *     BYE heard  fewer are here: what is left of the interval shrinks in proportion
 */
import {
  MEMBER_TIMEOUT_INTERVALS,
  RECONSIDERATION_DIVISOR,
  REPORT_BYTES_GUESSED,
  REPORT_INTERVAL_MS_MIN,
  REPORT_SHARE,
  SENDERS_SHARE,
  SESSION_BYTES_PER_SECOND,
} from './constants.ts'

/** 6.3.3: how quickly the average follows a new size. */
const AVERAGE_SHARE = 1 / 16
/** 6.3.1: from half of it to one and a half. */
const RANDOM_LEAST = 0.5

export interface Session {
  /** With this end. */
  members: number
  senders: number
  weSend: boolean
}

/** 6.3.1, without the random factor: also what a participant's silence is measured by. */
export function deterministicIntervalMs(
  { members, senders, weSend }: Session,
  reportBytes: number,
  leastMs: number,
): number {
  const bytesPerMs = (SESSION_BYTES_PER_SECOND * REPORT_SHARE) / 1000
  const areSendersFew = senders <= members * SENDERS_SHARE
  const share = !areSendersFew ? 1 : weSend ? SENDERS_SHARE : 1 - SENDERS_SHARE
  const sharedBy = !areSendersFew ? members : weSend ? senders : members - senders
  return Math.max(leastMs, (sharedBy * reportBytes) / (share * bytesPerMs))
}

export class RtcpTiming {
  readonly #leastMs: number
  readonly #random: () => number
  #hasReported = false
  #reportBytes = REPORT_BYTES_GUESSED
  #lastMs: number
  #dueAtMs: number
  #members: number

  /** @param random from 0 up to 1. @param leastMs 6.2: a session may choose a shorter one than five seconds */
  constructor(session: Session, nowMs: number, random: () => number, leastMs = REPORT_INTERVAL_MS_MIN) {
    this.#leastMs = leastMs
    this.#random = random
    this.#members = session.members
    this.#lastMs = nowMs
    this.#dueAtMs = nowMs + this.#intervalMs(session)
  }

  get dueAtMs(): number {
    return this.#dueAtMs
  }

  /** It is time, or thought to be. @returns whether to report now; {@link reported} is to follow */
  isDue(session: Session, nowMs: number): boolean {
    if (nowMs < this.#dueAtMs) return false
    this.#members = session.members
    this.#dueAtMs = this.#lastMs + this.#intervalMs(session)
    return this.#dueAtMs <= nowMs
  }

  /** @param bytes with the headers of UDP and IP */
  reported(session: Session, bytes: number, nowMs: number): void {
    this.#hasReported = true
    this.#lastMs = nowMs
    this.#passed(bytes)
    this.#dueAtMs = nowMs + this.#intervalMs(session)
  }

  received(bytes: number): void {
    this.#passed(bytes)
  }

  /** 6.3.4: somebody left. */
  left(members: number, nowMs: number): void {
    if (members >= this.#members) return
    const share = members / this.#members
    this.#dueAtMs = nowMs + share * (this.#dueAtMs - nowMs)
    this.#lastMs = nowMs - share * (nowMs - this.#lastMs)
    this.#members = members
  }

  /** 6.3.5: who was silent for so long, in RTP and in RTCP, is counted no more. */
  memberTimeoutMs(session: Session): number {
    // As a receiver would reckon: every participant then comes to the same time.
    const asReceiver = { ...session, weSend: false }
    return MEMBER_TIMEOUT_INTERVALS * deterministicIntervalMs(asReceiver, this.#reportBytes, this.#leastMs)
  }

  #intervalMs(session: Session): number {
    const leastMs = this.#hasReported ? this.#leastMs : this.#leastMs / 2
    const intervalMs = deterministicIntervalMs(session, this.#reportBytes, leastMs)
    return (intervalMs * (RANDOM_LEAST + this.#random())) / RECONSIDERATION_DIVISOR
  }

  #passed(bytes: number): void {
    this.#reportBytes += (bytes - this.#reportBytes) * AVERAGE_SHARE
  }
}
