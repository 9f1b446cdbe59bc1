/** One request, as the bank looks at it: whose cookie it carries, whether its sender meant it, how often they come. */
import type { Request, Response } from 'express'
import type { Emitter } from '../../events/emit.ts'
import {
  type CookiePurpose,
  cookieRemoval,
  cookieWith,
  type PresentedCookie,
  presentedCookie,
} from '../../protocols/http-session/cookie.ts'
import { isCsrfTokenOf, isSameOrigin } from '../../protocols/http-session/forgery.ts'
import type { RateTable } from '../../protocols/http-session/rate.ts'
import type { SessionState } from '../../protocols/http-session/session.ts'
import { Refusal } from './refusal.ts'
import type { Outcome } from './sessions.ts'

/** Whoever sent a request has no session, or no longer. */
export class SignedOut extends Error {
  override name = 'SignedOut'
  readonly state: Exclude<SessionState, 'live'>

  constructor(state: Exclude<SessionState, 'live'>) {
    super(state)
    this.state = state
  }
}

/**
 * What came of a request that its session was live for.
 * @throws SignedOut
 */
export function live<T>(outcome: Outcome<T>): { user: string; result: T } {
  if (outcome.state !== 'live') throw new SignedOut(outcome.state)
  return outcome
}

export class Visit {
  readonly request: Request
  readonly response: Response
  /** Writes events in the name of the connection that the request came over. */
  readonly tell: Emitter

  constructor(request: Request, response: Response, tell: Emitter) {
    this.request = request
    this.response = response
    this.tell = tell
  }

  get wantsJson(): boolean {
    return this.request.accepts(['html', 'json']) === 'json'
  }

  presented(purpose: CookiePurpose): PresentedCookie {
    return presentedCookie(this.request.headers.cookie, purpose, this.request.secure)
  }

  keep(purpose: CookiePurpose, id: string): void {
    this.response.append('Set-Cookie', cookieWith(purpose, id, this.request.secure))
  }

  takeAway(purpose: CookiePurpose): void {
    this.response.append('Set-Cookie', cookieRemoval(purpose, this.request.secure))
  }

  /** The session id that the request came with. What can be no id is taken away from the browser. */
  presentedId(): string | null {
    const presented = this.presented('session')
    if (presented.kind === 'one') return presented.id
    if (presented.kind === 'none') return null
    this.tell('http-session:refused', { session: null, because: presented.kind })
    if (presented.kind === 'oversized') {
      throw new Refusal(
        431,
        'Too many cookies',
        'All cookies of this host together are longer than 4096 bytes.',
      )
    }
    this.takeAway('session')
    return null
  }

  /** @throws SignedOut */
  sessionId(): string {
    const id = this.presentedId()
    if (id === null) throw new SignedOut('unknown')
    return id
  }

  /** One value of a form or of a JSON object; nothing but text counts. */
  field(name: string, lengthMax: number): string | null {
    const body: unknown = this.request.body
    if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return null
    const value = (body as Record<string, unknown>)[name]
    return typeof value === 'string' && value.length <= lengthMax ? value : null
  }

  /**
   * @param id of the cookie that the form's token must fit
   * @throws Refusal (403)
   */
  refuseForgery(id: string | null): void {
    const { headers, protocol, host } = this.request
    const from = { origin: headers.origin, fetchSite: [headers['sec-fetch-site'] ?? []].flat()[0] }
    if (!isSameOrigin(from, `${protocol}://${host}`)) {
      this.tell('bank:forgery_refused', { because: 'origin' })
      throw new Refusal(403, 'From another site', 'The bank takes requests from its own pages only.')
    }
    if (id !== null && isCsrfTokenOf(id, this.field('csrf', 64) ?? '')) return
    this.tell('bank:forgery_refused', { because: id === null ? 'no_cookie' : 'token' })
    throw new Refusal(
      403,
      'This form is not yours, or too old',
      'Its field "csrf" does not fit your cookie. Open the page again, with cookies allowed, and use the form it has now.',
    )
  }

  /** @throws Refusal (429) */
  takeRate(limit: 'requests' | 'sign_ins' | 'passwords' | 'transfers', table: RateTable, who: string): void {
    const admission = table.take(who, performance.now())
    if (admission.admitted) return
    if (admission.isFirst) this.tell('bank:rate_refused', { limit })
    const seconds = String(Math.ceil(admission.retryAfterMs / 1000))
    throw new Refusal(429, 'Too often', `Wait ${seconds} s, then ask again.`, { 'Retry-After': seconds })
  }
}
