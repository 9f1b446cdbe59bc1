/** How an id travels: the cookies of the bank (RFC 6265; RFC 6265bis for SameSite and the prefix). */
import { type SetCookie, stringifySetCookie } from 'cookie'
import { COOKIE_BYTES_MAX, DEVICE_KEPT_MS } from './constants.ts'
import { isSessionId } from './session.ts'

/**
 * What a cookie of the bank is for. `sign-in` only ties the sign-in form to the browser that asked for it; `device`
 * says that somebody has signed in with this browser before, and goes nowhere but where one signs in.
 */
export type CookiePurpose = 'session' | 'sign-in' | 'device'

const DEVICE_PATH = '/sign-in'

/**
 * With the prefix `__Host-` a browser takes the cookie only over TLS, for this host alone and all of its paths
 * (RFC 6265bis section 4.1.3.2): no neighbour in the domain can plant one. What it cannot do: tell ports
 * apart. Every server on this host name gets the cookie (RFC 6265 section 8.5). With a path of its own there is
 * only `__Secure-`.
 */
export function cookieName(purpose: CookiePurpose, isSecure: boolean): string {
  if (!isSecure) return purpose
  return purpose === 'device' ? `__Secure-${purpose}` : `__Host-${purpose}`
}

function attributes(purpose: CookiePurpose, isSecure: boolean) {
  return {
    // No script reads it (section 4.1.2.6): script smuggled into a page cannot send it away.
    httpOnly: true,
    // No request that another site causes carries it, not even a link's. A bank is entered by its own front door.
    sameSite: 'strict',
    // Only over TLS (section 4.1.2.5).
    secure: isSecure,
    // And no Domain: only the host that set it gets it back.
    path: purpose === 'device' ? DEVICE_PATH : '/',
  } as const satisfies Partial<SetCookie>
}

/**
 * A `Set-Cookie` header for an id. No Max-Age, but for a device: the browser forgets it when it ends, and perhaps
 * even then not.
 */
export function cookieWith(purpose: CookiePurpose, id: string, isSecure: boolean): string {
  return stringifySetCookie({
    name: cookieName(purpose, isSecure),
    value: id,
    ...(purpose === 'device' ? { maxAge: DEVICE_KEPT_MS / 1000 } : {}),
    ...attributes(purpose, isSecure),
  })
}

/** A `Set-Cookie` header that takes it away. What it was good for must end in the store as well. */
export function cookieRemoval(purpose: CookiePurpose, isSecure: boolean): string {
  return stringifySetCookie({
    name: cookieName(purpose, isSecure),
    value: '',
    maxAge: 0,
    ...attributes(purpose, isSecure),
  })
}

/** What a `Cookie` header holds of ours. Only `one` has an id, and that may still be anybody's invention. */
export type PresentedCookie =
  | { kind: 'none' | 'malformed' | 'ambiguous' | 'oversized' }
  | { kind: 'one'; id: string }

/**
 * Reads an id off a `Cookie` header. Two cookies of one name are as good as none: a server cannot see which of
 * them it set, and the browser sends first the one with the longer path, which a neighbour may have planted.
 */
export function presentedCookie(
  header: string | undefined,
  purpose: CookiePurpose,
  isSecure: boolean,
): PresentedCookie {
  if (header === undefined) return { kind: 'none' }
  if (header.length > COOKIE_BYTES_MAX) return { kind: 'oversized' }
  const name = cookieName(purpose, isSecure)
  const values = header
    .split(';')
    .map((pair) => pair.trim().split('='))
    .filter(([given]) => given === name)
    .map(([, ...value]) => value.join('='))
  const [id] = values
  if (id === undefined) return { kind: 'none' }
  if (values.length > 1) return { kind: 'ambiguous' }
  return isSessionId(id) ? { kind: 'one', id } : { kind: 'malformed' }
}
