/** What anybody may ask of the bank. A person who uses it never meets one of these. */
import type { Rate } from '../../protocols/http-session/rate.ts'

/** The line and all headers of one request; Node answers 431. Of these a cookie may have 4096. */
export const HEADER_BYTES_MAX = 8192
/** Browsers send about fifteen. */
export const HEADERS_MAX = 64
/** A form of ours has less than 300. */
export const BODY_BYTES_MAX = 2048
export const FIELDS_MAX = 8
export const USER_LENGTH_MAX = 32
/** Longer than anybody types, and hashed as any other: the time does not depend on it. */
export const PASSWORD_LENGTH_MAX = 128

/** A request must be there within this time, or its connection ends: slow senders hold nothing. */
export const HEADERS_WITHIN_MS = 5000
export const REQUEST_WITHIN_MS = 10_000
/** Node's default of 5 s ends a persistent connection sooner than many who reuse it expect. */
export const KEEP_ALIVE_MS = 60_000

/** A session moves no more than 500.00 until its user's password is given again (ASVS 7.5.3). */
export const WITHOUT_PASSWORD_CENTS_MAX = 50_000

/** Of one process: two servers admit twice as much. */
export const RATES = {
  /** Of one address. */
  requests: { burst: 200, perSecond: 100 },
  /** Tries of a password, by each who tries and on each user (ASVS 6.3.1): 10 a minute when the burst is gone. */
  passwords: { burst: 20, perSecond: 1 / 6 },
  /** Of one user. */
  transfers: { burst: 50, perSecond: 20 },
} as const satisfies Record<string, Rate>
