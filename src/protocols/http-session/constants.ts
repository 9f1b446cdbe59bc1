/** Every number of a web session: first what others ask for, then what is ours to choose. */

// ---- asked for by specifications ------------------------------------------------------------------

/** 128 bits from the system's random number generator (OWASP ASVS 5.0, 7.2.3): nobody guesses one. */
export const SESSION_ID_BYTES = 16

/** A browser keeps no cookie whose name and value are longer together (RFC 6265bis section 5.6, ASVS 3.3.5). */
export const COOKIE_BYTES_MAX = 4096

// ---- ours -----------------------------------------------------------------------------------------

export interface SessionLimits {
  /** Without a request for so long it is over (ASVS 7.3.1). */
  idleMs: number
  /** How long after signing in it is over, however busy it was (ASVS 7.3.2): what limits a thief who keeps it busy. */
  absoluteMs: number
  /** Of one user at a time; the oldest makes room (ASVS 7.1.2). */
  perUserMax: number
}

/**
 * Decided as ASVS 7.1.1 asks. OWASP's Session Management Cheat Sheet has 2 to 5 idle minutes for what is
 * valuable, and 4 to 8 hours in all for what somebody works with all day, as nobody does with a bank.
 */
export const SESSION_LIMITS: SessionLimits = { idleMs: 300_000, absoluteMs: 4 * 3_600_000, perUserMax: 5 }

/**
 * Not every request is worth a write to the store: when a session was used is written down when what is written
 * is older than this part of the idle time. So much earlier than promised can a session be over, never later.
 */
export const USE_WRITTEN_PART = 1 / 20

/** A session that is over is kept so long, only to say why it is refused. */
export const EXPIRED_KEPT_MS = 60_000

/** A browser is known again as its user's so long after they last signed in there. */
export const DEVICE_KEPT_MS = 180 * 86_400_000
/** How many browsers of a user are known; the one in which they have not signed in for longest is forgotten. */
export const DEVICES_PER_USER_MAX = 10

/** For how long after the first time a transfer may be asked for once more. Asked for later, it is another one. */
export const IDEMPOTENCY_KEPT_MS = 86_400_000
