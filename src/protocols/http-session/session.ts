/**
 * What a web session is to the server: an id that only the browser has, and a record that only the server has.
 * The connection does not occur here, nor does its address: whoever sends the id is the user.
 *
 *   no id, or one that nobody gave out -> unknown
 *   signed in --+-- used ------------------------------> live, and idle from now
 *               +-- no request for idleMs -------------> idle-expired
 *               +-- absoluteMs after signing in -------> expired
 *               +-- signed out, here or everywhere ----> unknown, as if it had never been
 *
 * (OWASP ASVS 5.0 chapter 7. That a "session cookie" of RFC 6265 section 5.3 ends with the browser says nothing
 * about any of this.)
 */
import { createHash } from 'node:crypto'
import { EXPIRED_KEPT_MS, SESSION_ID_BYTES, type SessionLimits, USE_WRITTEN_PART } from './constants.ts'

/** What is kept about a session. Times are milliseconds since 1970: they outlive the process. */
export type SessionRecord = {
  readonly user: string
  readonly signedInAtMs: number
  readonly usedAtMs: number
}

export type SessionState = 'live' | 'unknown' | 'idle-expired' | 'expired'

/** @param random from the operating system, SESSION_ID_BYTES of it */
export function sessionIdOf(random: Uint8Array): string {
  if (random.length !== SESSION_ID_BYTES) throw new RangeError(`an id is ${SESSION_ID_BYTES} random bytes`)
  return Buffer.from(random).toString('hex')
}

/** Whether somebody could have been given this: nothing else is even looked up. */
export function isSessionId(text: string): boolean {
  return text.length === 2 * SESSION_ID_BYTES && /^[\da-f]+$/.test(text)
}

/**
 * What the store has instead of the id: whoever reads the store, or a copy of it, has no session. A plain hash
 * will do, without salt or many rounds: 128 random bits cannot be guessed as passwords can. And whoever measures
 * how long a look-up takes learns about hashes, which lead to no id.
 */
export function sessionKeyOf(id: string): string {
  return createHash('sha256').update(id).digest('hex')
}

/** Enough to recognise a session in a log, useless to whoever steals the log. */
export function sessionDigest(id: string): string {
  return sessionKeyOf(id).slice(0, 8)
}

/** What has become of a session by now. A clock that was set back makes none over. */
export function stateOf(
  record: SessionRecord | undefined,
  { idleMs, absoluteMs }: SessionLimits,
  nowMs: number,
): SessionState {
  if (record === undefined) return 'unknown'
  if (nowMs >= record.signedInAtMs + absoluteMs) return 'expired'
  return nowMs >= record.usedAtMs + idleMs ? 'idle-expired' : 'live'
}

/** When the store may forget it. */
export function keptUntilMs(record: SessionRecord, { idleMs, absoluteMs }: SessionLimits): number {
  return Math.min(record.usedAtMs + idleMs, record.signedInAtMs + absoluteMs) + EXPIRED_KEPT_MS
}

/** The record after a request, or null: what is written down is recent enough. */
export function used(record: SessionRecord, { idleMs }: SessionLimits, nowMs: number): SessionRecord | null {
  const isRecent = nowMs < record.usedAtMs + idleMs * USE_WRITTEN_PART
  return isRecent ? null : { ...record, usedAtMs: nowMs }
}

/** One of a user's sessions, as the list has it by which they are ended everywhere. */
export type ListedSession = { readonly key: string; readonly signedInAtMs: number }

export type LivingSession = ListedSession & { readonly usedAtMs: number }

/**
 * Those of a user's list that are live. Nobody takes a session off it that dies of idleness.
 * @param records by key, `undefined` where there is none any more; a session whose record was not read at all has
 * begun since the list was read
 */
export function livingIn(
  list: readonly ListedSession[],
  records: ReadonlyMap<string, SessionRecord | undefined>,
  limits: SessionLimits,
  nowMs: number,
): LivingSession[] {
  return list.flatMap((listed) => {
    const record = records.get(listed.key)
    if (!records.has(listed.key)) return [{ ...listed, usedAtMs: listed.signedInAtMs }]
    return record && stateOf(record, limits, nowMs) === 'live'
      ? [{ ...listed, usedAtMs: record.usedAtMs }]
      : []
  })
}

/** The list with one more, and those that have to make room for it: the oldest. */
export function listWith(
  living: readonly ListedSession[],
  added: ListedSession,
  { perUserMax }: SessionLimits,
): { kept: ListedSession[]; ended: ListedSession[] } {
  const kept = [...living, added].slice(-perUserMax)
  return { kept, ended: living.filter((session) => !kept.includes(session)) }
}
