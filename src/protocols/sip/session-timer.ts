/**
 * Session timers (RFC 4028): the ends of a call agree that one of them says again and again that it is there, with a
 * re-INVITE. Without them nothing in SIP ever notices that a telephone is gone.
 *
 *     agreed ---half the time---> refresh        by the refresher
 *     agreed ---the time less a third, at most 32 s---> BYE       by the other, when nobody refreshed
 */
import { SECONDS_MAX, SESSION_GRACE_SECONDS } from './constants.ts'
import { type Header, headerOf, type Message } from './message.ts'
import { readNumber, readParameters } from './text.ts'

export type Role = 'uac' | 'uas'

export interface SessionExpires {
  seconds: number
  refresher: Role | null
}

/** @throws SipError where it is malformed */
export function sessionExpiresOf(message: Message): SessionExpires | null {
  const value = headerOf(message, 'Session-Expires')
  if (value === null) return null
  const [seconds = '', ...parameters] = value.split(';').map((part) => part.trim())
  const refresher = readParameters(parameters).get('refresher')?.toLowerCase()
  return {
    seconds: readNumber(seconds, 'Session-Expires', SECONDS_MAX),
    refresher: refresher === 'uac' || refresher === 'uas' ? refresher : null,
  }
}

/** @throws SipError where it is malformed */
export function minSessionOf(message: Message): number | null {
  const value = headerOf(message, 'Min-SE')
  return value === null ? null : readNumber((value.split(';')[0] ?? '').trim(), 'Min-SE', SECONDS_MAX)
}

export const sessionHeader = ({ seconds, refresher }: SessionExpires): Header => ({
  name: 'Session-Expires',
  value: `${seconds}${refresher === null ? '' : `;refresher=${refresher}`}`,
})

export interface Session {
  seconds: number
  isRefresher: boolean
  /** Infinity: not this end's to do. */
  refreshAtMs: number
  /** When this end says BYE, unless somebody refreshes. */
  expiresAtMs: number
}

export function sessionFrom(seconds: number, isRefresher: boolean, nowMs: number): Session {
  const graceSeconds = Math.min(SESSION_GRACE_SECONDS, seconds / 3)
  return {
    seconds,
    isRefresher,
    refreshAtMs: isRefresher ? nowMs + (seconds * 1000) / 2 : Infinity,
    expiresAtMs: nowMs + (seconds - (isRefresher ? 0 : graceSeconds)) * 1000,
  }
}
