/** Which hosts and which paths a cookie is for (RFC 6265bis sections 5.1.2 to 5.1.4). */
import { domainToASCII } from 'node:url'

/** A host name as it is compared: lower case, and other alphabets than ours as `xn--` labels (section 5.1.2). */
export function canonicalHost(host: string): string {
  return isAscii(host) ? host.toLowerCase() : domainToASCII(host)
}

export function isAscii(text: string): boolean {
  return !/[\u0080-\uffff]/.test(text)
}

/** No name ends in a number: what does is an IPv4 address (URL standard, "ends in a number"). */
function isIpAddress(host: string): boolean {
  return host.includes(':') || /(^|\.)\d+$/.test(host)
}

/** Whether it is that domain, or a name below it. Addresses have nothing below them (section 5.1.3). */
export function domainMatches(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !isIpAddress(host))
}

/**
 * Whether strangers register names below this one, who must not set cookies for each other (section 5.7 step 9).
 * This jar knows the rule that holds where the Public Suffix List has no other: a name of one label, as `com` or
 * `localhost`. It would take `co.uk` for somebody's domain, and no lab leaves its own network.
 */
export function isPublicSuffix(domain: string): boolean {
  return domain !== '' && !domain.includes('.') && !domain.includes(':')
}

/** The path of what was asked for, without its query. */
export function pathOf(asked: string): string {
  return /^[^?#]*/.exec(asked)?.[0] ?? ''
}

/** For a cookie that names no path: the folder of what was asked for (section 5.1.4). */
export function defaultPath(asked: string): string {
  const path = pathOf(asked)
  const end = path.lastIndexOf('/')
  return path.startsWith('/') && end > 0 ? path.slice(0, end) : '/'
}

/** Whether it is that path, or one below it. `/x` is for `/x/y`, and not for `/xy` (section 5.1.4). */
export function pathMatches(path: string, cookiePath: string): boolean {
  if (!path.startsWith(cookiePath)) return false
  return path.length === cookiePath.length || cookiePath.endsWith('/') || path[cookiePath.length] === '/'
}
