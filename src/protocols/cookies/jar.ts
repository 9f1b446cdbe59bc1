/**
 * What a browser keeps of cookies, and what it sends back where (RFC 6265, as browsers have it: the draft that
 * replaces it, 6265bis).
 *
 * What surprises: a cookie belongs to a *host name*. Neither port nor connection is asked for (section 8.5), and
 * whether it came over TLS only where its attributes say so. A "session cookie" is one without a date: it goes when
 * the browser is closed, and knows nothing of any session (section 5.3, step 3).
 */
import { parseSetCookie } from 'cookie'

/** Section 6.1: at least so many bytes a cookie, and so many cookies a host; beyond that the oldest goes. */
const COOKIE_BYTES_MAX = 4096
const COOKIES_MAX = 50

export interface Cookie {
  name: string
  value: string
  /** The host that set it, and no other: this jar has no `Domain`, which would let others have it too. */
  host: string
  path: string
  /** null: a "session cookie", which goes when the browser is closed. */
  expiresAtMs: number | null
  secure: boolean
  httpOnly: boolean
  sameSite: string | null
}

/** Where a request goes to, as far as cookies care: there is no port. */
export interface Target {
  host: string
  path: string
  isSecure: boolean
}

export class CookieJar {
  #cookies: Cookie[] = []

  /**
   * Keeps what a `Set-Cookie` says (section 5.3), or forgets what it says is over.
   * @returns the cookie, or why a browser takes no notice of it
   */
  take(from: Target, setCookie: string, nowMs: number): Cookie | { refused: string } {
    if (setCookie.length > COOKIE_BYTES_MAX) return { refused: `longer than ${COOKIE_BYTES_MAX} bytes` }
    // Whatever it is, it goes back as it came.
    const said = parseSetCookie(setCookie, { decode: (text) => text })
    const { name, value = '', path, secure = false, httpOnly = false, sameSite } = said
    if (name === '') return { refused: 'it has no name' }
    if (said.domain !== undefined && said.domain !== from.host) return { refused: 'for another host' }
    if (secure && !from.isSecure) return { refused: 'Secure, and it came without TLS' }
    if (name.startsWith('__Secure-') && !secure) return { refused: '__Secure- without Secure' }
    if (name.startsWith('__Host-') && !(secure && path === '/' && said.domain === undefined)) {
      return { refused: '__Host- without Secure, with Domain, or not for Path=/' }
    }
    const cookie: Cookie = {
      name,
      value,
      host: from.host,
      path: path?.startsWith('/') ? path : defaultPath(from.path),
      expiresAtMs: expiryOf(said, nowMs),
      secure,
      httpOnly,
      sameSite: typeof sameSite === 'string' ? sameSite : null,
    }
    const isOther = (one: Cookie) =>
      one.name !== cookie.name || one.host !== cookie.host || one.path !== cookie.path
    this.#cookies = this.#cookies.filter(isOther)
    if (cookie.expiresAtMs === null || cookie.expiresAtMs > nowMs) this.#cookies.push(cookie)
    if (this.#cookies.length > COOKIES_MAX) this.#cookies.shift()
    return cookie
  }

  /** Those that go with a request (section 5.4). */
  for({ host, path, isSecure }: Target, nowMs: number): Cookie[] {
    this.#cookies = this.#cookies.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs)
    return this.#cookies
      .filter((one) => one.host === host && (isSecure || !one.secure) && pathMatches(path, one.path))
      .sort((one, other) => other.path.length - one.path.length)
  }

  /** The browser is closed: what has no date is forgotten. Nobody is told. */
  closeBrowser(): void {
    this.#cookies = this.#cookies.filter(({ expiresAtMs }) => expiresAtMs !== null)
  }
}

/** The value of the header; undefined without any cookie. */
export function cookieHeader(cookies: readonly Cookie[]): string | undefined {
  if (cookies.length === 0) return undefined
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
}

/** Max-Age counts for more than Expires (section 5.3 step 3). */
function expiryOf({ maxAge, expires }: ReturnType<typeof parseSetCookie>, nowMs: number): number | null {
  if (maxAge !== undefined) return maxAge <= 0 ? 0 : nowMs + maxAge * 1000
  return expires === undefined ? null : expires.getTime()
}

/** Section 5.1.4. */
function defaultPath(path: string): string {
  const end = path.lastIndexOf('/')
  return end <= 0 ? '/' : path.slice(0, end)
}

function pathMatches(path: string, cookiePath: string): boolean {
  if (!path.startsWith(cookiePath)) return false
  return path.length === cookiePath.length || cookiePath.endsWith('/') || path[cookiePath.length] === '/'
}
