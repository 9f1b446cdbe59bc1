/** SIP addresses (RFC 3261 section 19.1): `sip:user:password@host:port;parameters?headers`. */
import { isIPv4, isIPv6 } from '../ip-address.ts'
import { bad, type Parameters, readParameters, SipError, writeParameters } from './text.ts'

export interface SipUri {
  scheme: 'sip' | 'sips'
  /** Escapes as they were written: compare with {@link userOf}. */
  user: string | null
  /** Lower case; an IPv6 address in brackets. */
  host: string
  port: number | null
  parameters: Parameters
  /** What follows `?`; null: nothing. */
  headers: string | null
}

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/
const USER = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/:]|%[0-9A-Fa-f]{2})+$/
const HOST_PORT = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?$/
const SPACE_OR_ANGLE = /[\s<>"]/
const PORT_MAX = 65_535

/**
 * @throws SipError 416 where it is an address of another kind, as `tel:`; 400 where it is none
 */
export function readUri(text: string): SipUri {
  const [scheme] = SCHEME.exec(text) ?? []
  if (scheme === undefined || SPACE_OR_ANGLE.test(text)) throw bad('an address is malformed')
  const name = scheme.slice(0, -1).toLowerCase()
  if (name !== 'sip' && name !== 'sips') throw new SipError(416, 'an address is not of SIP')
  const rest = text.slice(scheme.length)
  // A user may have ; and ?, but no @: what is before the last one is the user.
  const at = rest.lastIndexOf('@')
  const user = at === -1 ? null : rest.slice(0, at)
  if (user !== null && !USER.test(user)) throw bad('the user of an address is malformed')
  const [, place = '', headers] = /^([^?]*)(?:\?(.*))?$/s.exec(rest.slice(at + 1)) ?? []
  const [hostPort = '', ...parameters] = place.split(';')
  const [, host = '', port] = HOST_PORT.exec(hostPort) ?? []
  if (host === '' || Number(port ?? 0) > PORT_MAX) throw bad('the host of an address is malformed')
  return {
    scheme: name,
    user,
    host: host.toLowerCase(),
    port: port === undefined ? null : Number(port),
    parameters: readParameters(parameters),
    headers: headers ?? null,
  }
}

export function writeUri({ scheme, user, host, port, parameters, headers }: SipUri): string {
  const place = `${host}${port === null ? '' : `:${port}`}${writeParameters(parameters)}`
  return `${scheme}:${user === null ? '' : `${user}@`}${place}${headers === null ? '' : `?${headers}`}`
}

/**
 * What stands in the first line of a request to this address: without `?headers`, which are for whoever writes a new
 * message, and must not be there (section 19.1.1).
 * @throws SipError as {@link readUri}
 */
export function targetOf(address: string): string {
  const uri = readUri(address)
  return uri.headers === null ? address : writeUri({ ...uri, headers: null })
}

/** Who is meant: without the password, escapes undone. Case counts in it. */
export function userOf({ user }: SipUri): string {
  const [name = ''] = (user ?? '').split(':')
  return name.replace(/%([0-9A-Fa-f]{2})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
}

/** As sockets want it: without brackets. null: a name, which nobody here looks up. */
export function addressOf(host: string): string | null {
  const bare = host.replace(/^\[|\]$/g, '')
  return isIPv4(bare) || isIPv6(bare) ? bare : null
}

/** As messages have it: an IPv6 address in brackets. */
export const hostOf = (address: string) => (isIPv6(address) ? `[${address}]` : address)
