/**
 * Cross-site request forgery: another site makes the browser send a request, and the browser adds the cookie by
 * itself. So the cookie proves who, and not that they wanted it. Three things speak against each such request,
 * beside SameSite, and every one of them has to be overcome (OWASP ASVS 5.0, 3.5.1 and 3.5.3).
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * The token of a session, for its forms: a page of another site cannot read it. It is computed from the id, so
 * that nobody has to keep it and no two sessions share one; the id does not follow from it.
 */
export function csrfTokenOf(sessionId: string): string {
  return createHmac('sha256', sessionId).update('stillhere bank: this form').digest('base64url')
}

/** Takes as long for a token that is nearly right as for one that is all wrong. */
export function isCsrfTokenOf(sessionId: string, token: string): boolean {
  const [expected, given] = [Buffer.from(csrfTokenOf(sessionId)), Buffer.from(token)]
  return expected.length === given.length && timingSafeEqual(expected, given)
}

/** What browsers say of a request beside the request, and no page can make them say otherwise. */
export interface RequestOrigin {
  /** Of the page that it comes from; `null` where the browser will not say (Fetch standard, 3.2). */
  origin?: string | undefined
  /** `Sec-Fetch-Site` (Fetch Metadata): how that page and this server are related. Only over TLS or on localhost. */
  fetchSite?: string | undefined
}

/**
 * Whether it may come from a page of this server. One who is no browser says neither and may pass: curl has no
 * cookies but those its user gave it. (Such a page needs `Referrer-Policy` to be other than `no-referrer`, with
 * which browsers send `Origin: null` for its own forms too.)
 * @param ownOrigin as `https://127.0.0.1:8443`
 */
export function isSameOrigin({ origin, fetchSite }: RequestOrigin, ownOrigin: string): boolean {
  // none: typed by the user, or a bookmark. same-site is a neighbour in the domain, and another program.
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') return false
  return origin === undefined || origin === ownOrigin
}
