/**
 * What a browser keeps of cookies, and what it sends back where (RFC 6265bis, the successor of RFC 6265, as browsers
 * have it: the storage model of section 5.7 and the retrieval of section 5.8).
 *
 * What surprises: a cookie belongs to a *host name*. Neither port nor connection is asked for (section 8.5), and
 * whether it came over TLS only where its attributes say so. A "session cookie" is one without a date: it goes when
 * the browser is closed, and knows nothing of any session (section 5.7 step 6).
 */
import {
  canonicalHost,
  defaultPath,
  domainMatches,
  isAscii,
  isPublicSuffix,
  pathMatches,
  pathOf,
} from './match.ts'
import { parseSetCookie, type SameSite, type SetCookie } from './set-cookie.ts'

/** Section 6.1: at least so many must fit; here no more do. */
const COOKIES_PER_DOMAIN_MAX = 50
const COOKIES_MAX = 3000

export interface Cookie {
  /** Empty: it has a value only, and is sent as that. */
  name: string
  value: string
  domain: string
  /** For the host that set it alone, and no name below. */
  hostOnly: boolean
  path: string
  /** null: a "session cookie", which goes when the browser is closed. */
  expiresAtMs: number | null
  /** When its name was first set there: a new value leaves it as it is. */
  createdAtMs: number
  /** What has not been sent for longest makes room first. */
  usedAtMs: number
  secure: boolean
  httpOnly: boolean
  sameSite: SameSite
}

/** Where a request goes to, as far as cookies care: there is no port. */
export interface Target {
  host: string
  /** As it is asked for; a query does not count. */
  path: string
  isSecure: boolean
  /** Left out: an HTTP request. A `script` asks by what section 5.8.2 calls a "non-HTTP" API, as `document.cookie`. */
  by?: 'http' | 'script'
  /**
   * Left out: the user, or a page of the same site (section 5.2). `cross-site`: a page of another site, for a part of
   * itself; `-navigation`: it sends the whole window there, by a method that is safe or not.
   */
  causedBy?: 'same-site' | 'cross-site' | 'cross-site-navigation' | 'cross-site-unsafe-navigation'
}

export class CookieJar {
  /** In the order of their creation. */
  #cookies: Cookie[] = []

  /**
   * Keeps what a `Set-Cookie` says (section 5.7), or forgets what it says is over.
   * @returns the cookie, or why a browser takes no notice of it
   */
  take(from: Target, setCookie: string, nowMs: number): Cookie | { refused: string } {
    this.#forgetExpired(nowMs)
    const said = parseSetCookie(setCookie, nowMs)
    if ('refused' in said) return said
    const host = canonicalHost(from.host)
    const domain = domainOf(said, host)
    if (domain === null) return { refused: 'for another host' }
    const { name, value, expiresAtMs, path, secure, httpOnly, sameSite } = said
    const cookie: Cookie = {
      name,
      value,
      domain: domain === '' ? host : domain,
      hostOnly: domain === '',
      path: path ?? defaultPath(from.path),
      expiresAtMs,
      createdAtMs: nowMs,
      usedAtMs: nowMs,
      secure,
      httpOnly,
      sameSite,
    }
    const refused = refusalOf(cookie, from, path === '/') ?? this.#refusalOfOverwriting(cookie, from)
    if (refused !== null) return { refused }

    const index = this.#cookies.findIndex((one) => isSame(one, cookie))
    const old = this.#cookies[index]
    if (old === undefined) this.#cookies.push(cookie)
    else this.#cookies[index] = Object.assign(cookie, { createdAtMs: old.createdAtMs })
    this.#forgetExpired(nowMs)
    this.#makeRoom(cookie.domain)
    return cookie
  }

  /** Those that go with a request, in the order in which they do (section 5.8.3). */
  for(to: Target, nowMs: number): Cookie[] {
    this.#forgetExpired(nowMs)
    const host = canonicalHost(to.host)
    const found = this.#cookies.filter(
      (one) =>
        (one.hostOnly ? host === one.domain : domainMatches(host, one.domain)) &&
        pathMatches(pathOf(to.path), one.path) &&
        (to.isSecure || !one.secure) &&
        (to.by !== 'script' || !one.httpOnly) &&
        isSentAcrossSites(one, to),
    )
    for (const cookie of found) cookie.usedAtMs = nowMs
    // Sorting leaves what is equal in its order.
    return found.sort(
      (one, other) => other.path.length - one.path.length || one.createdAtMs - other.createdAtMs,
    )
  }

  /** The browser is closed: what has no date is forgotten. Nobody is told. */
  closeBrowser(): void {
    this.#cookies = this.#cookies.filter(({ expiresAtMs }) => expiresAtMs !== null)
  }

  /** Steps 16 and 23.2: what is in the jar, and must not be replaced or covered by this one. */
  #refusalOfOverwriting(cookie: Cookie, from: Target): string | null {
    const coversSecure = (one: Cookie) =>
      one.secure &&
      one.name === cookie.name &&
      (domainMatches(one.domain, cookie.domain) || domainMatches(cookie.domain, one.domain)) &&
      pathMatches(cookie.path, one.path)
    if (!cookie.secure && !from.isSecure && this.#cookies.some(coversSecure)) {
      return 'there is a Secure one of this name, and it came without TLS'
    }
    const isHidden = (one: Cookie) => one.httpOnly && isSame(one, cookie)
    return from.by === 'script' && this.#cookies.some(isHidden) ? 'scripts replace no HttpOnly one' : null
  }

  #forgetExpired(nowMs: number): void {
    this.#cookies = this.#cookies.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs)
  }

  /** Excess cookies (section 5.7): of a domain that has too many the ones that are not Secure go first. */
  #makeRoom(domain: string): void {
    const ofDomain = () => this.#cookies.filter((one) => one.domain === domain)
    if (ofDomain().length > COOKIES_PER_DOMAIN_MAX) {
      const plain = ofDomain().filter(({ secure }) => !secure)
      this.#forgetLongestUnused(plain.length > 0 ? plain : ofDomain())
    }
    if (this.#cookies.length > COOKIES_MAX) this.#forgetLongestUnused(this.#cookies)
  }

  #forgetLongestUnused(among: readonly Cookie[]): void {
    const longest = among.reduce((one, other) => (other.usedAtMs < one.usedAtMs ? other : one))
    this.#cookies = this.#cookies.filter((one) => one !== longest)
  }
}

/** The value of the header; undefined without any cookie. */
export function cookieHeader(cookies: readonly Cookie[]): string | undefined {
  if (cookies.length === 0) return undefined
  return cookies.map(({ name, value }) => (name === '' ? value : `${name}=${value}`)).join('; ')
}

/** There is at most one with this name, domain, host-only-flag and path (step 23). */
function isSame(one: Cookie, other: Cookie): boolean {
  return (
    one.name === other.name &&
    one.domain === other.domain &&
    one.hostOnly === other.hostOnly &&
    one.path === other.path
  )
}

/** Steps 7 to 10. Empty: the host that sets it, alone. null: that host may not set it. */
function domainOf({ domain }: SetCookie, host: string): string | null {
  if (!isAscii(domain)) return null
  if (isPublicSuffix(domain)) return domain === host ? '' : null
  return domain === '' || domainMatches(host, domain) ? domain : null
}

/** Steps 2 and 12 to 22: what needs no look into the jar. */
function refusalOf(cookie: Cookie, from: Target, hasRootPath: boolean): string | null {
  const { name, value, secure, httpOnly, sameSite, hostOnly } = cookie
  if (name === '' && value === '') return 'it has neither name nor value'
  if (secure && !from.isSecure) return 'Secure, and it came without TLS'
  if (httpOnly && from.by === 'script') return 'HttpOnly, and a script set it'
  if (sameSite !== 'None' && isFromPartOfAnotherSite(from)) return 'from another site, without SameSite=None'
  if (sameSite === 'None' && !secure) return 'SameSite=None without Secure'
  // A server that ignores case would take any spelling for the prefix (section 5.4).
  if (hasPrefix(name, '__secure-') && !secure) return '__Secure- without Secure'
  // A path that is `/` by default does not count: servers rely on the attribute (section 4.1.3.2).
  if (hasPrefix(name, '__host-') && !(secure && hostOnly && hasRootPath)) {
    return '__Host- without Secure, with Domain, or not for Path=/'
  }
  // It would be sent as if the value had that name.
  if (name === '' && (hasPrefix(value, '__secure-') || hasPrefix(value, '__host-'))) {
    return 'no name, and a value like a prefix'
  }
  return null
}

function hasPrefix(text: string, prefix: string): boolean {
  return text.slice(0, prefix.length).toLowerCase() === prefix
}

/** Whoever sends the whole window somewhere may be given any cookie there (step 18.3); scripts send no windows. */
function isFromPartOfAnotherSite({ by, causedBy = 'same-site' }: Target): boolean {
  if (causedBy === 'same-site') return false
  return by === 'script' || causedBy === 'cross-site'
}

/** The last requirement of section 5.8.3. What says nothing of SameSite is taken for `Lax`. */
function isSentAcrossSites({ sameSite }: Cookie, { by, causedBy = 'same-site' }: Target): boolean {
  if (sameSite === 'None' || causedBy === 'same-site') return true
  return by !== 'script' && sameSite !== 'Strict' && causedBy === 'cross-site-navigation'
}
