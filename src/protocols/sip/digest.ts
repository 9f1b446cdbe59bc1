/**
 * Digest: who knows a password proves it without saying it (RFC 7616, in SIP by RFC 3261 22 and RFC 8760). The server
 * gives a number to be used once, the client answers with a hash of that, the password and what it asks for.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { bad, cut, quoted, readParameters } from './text.ts'

export type Algorithm = 'MD5' | 'SHA-256'
const HASH: Record<Algorithm, string> = { MD5: 'md5', 'SHA-256': 'sha256' }

export interface Challenge {
  realm: string
  nonce: string
  algorithm: Algorithm
  /** false: as before RFC 2617, without a count of uses. */
  qop: boolean
  opaque: string | null
  /** The nonce was good and is too old: the password was not wrong. */
  isStale: boolean
}

export interface Credentials {
  username: string
  realm: string
  nonce: string
  uri: string
  response: string
  algorithm: Algorithm
  opaque: string | null
  /** null: without qop. */
  counted: { cnonce: string; nc: string } | null
}

/** What a response is made of beside what {@link Credentials} say openly. */
export interface Secret {
  password: string
  method: string
}

export function responseOf(
  one: Omit<Credentials, 'response' | 'opaque'>,
  { password, method }: Secret,
): string {
  const hash = (text: string) => createHash(HASH[one.algorithm]).update(text, 'latin1').digest('hex')
  const who = hash(`${one.username}:${one.realm}:${password}`)
  const what = hash(`${method}:${one.uri}`)
  if (one.counted === null) return hash(`${who}:${one.nonce}:${what}`)
  return hash(`${who}:${one.nonce}:${one.counted.nc}:${one.counted.cnonce}:auth:${what}`)
}

export function isRight(credentials: Credentials, secret: Secret): boolean {
  const [said, expected] = [credentials.response.toLowerCase(), responseOf(credentials, secret)]
  return (
    said.length === expected.length && timingSafeEqual(Buffer.from(said, 'latin1'), Buffer.from(expected))
  )
}

/** null: of a scheme or an algorithm that is not known here. @throws SipError where it is malformed */
export function readChallenge(text: string): Challenge | null {
  const fields = digestFields(text)
  const algorithm = algorithmOf(fields?.get('algorithm'))
  if (!fields || algorithm === null) return null
  const qop = fields.get('qop') ?? null
  if (qop !== null && !qop.split(',').some((one) => one.trim() === 'auth')) return null
  return {
    realm: needed(fields, 'realm'),
    nonce: needed(fields, 'nonce'),
    algorithm,
    qop: qop !== null,
    opaque: fields.get('opaque') ?? null,
    isStale: fields.get('stale')?.toLowerCase() === 'true',
  }
}

export function writeChallenge({ realm, nonce, algorithm, qop, opaque, isStale }: Challenge): string {
  const parts = [`realm=${quoted(realm)}`, `nonce=${quoted(nonce)}`, `algorithm=${algorithm}`]
  if (qop) parts.push('qop="auth"')
  if (opaque !== null) parts.push(`opaque=${quoted(opaque)}`)
  if (isStale) parts.push('stale=true')
  return `Digest ${parts.join(', ')}`
}

/** null: of a scheme or an algorithm that is not known here. @throws SipError where it is malformed */
export function readCredentials(text: string): Credentials | null {
  const fields = digestFields(text)
  const algorithm = algorithmOf(fields?.get('algorithm'))
  if (!fields || algorithm === null) return null
  const qop = fields.get('qop') ?? null
  if (qop !== null && qop !== 'auth') return null
  return {
    username: needed(fields, 'username'),
    realm: needed(fields, 'realm'),
    nonce: needed(fields, 'nonce'),
    uri: needed(fields, 'uri'),
    response: needed(fields, 'response'),
    algorithm,
    opaque: fields.get('opaque') ?? null,
    counted: qop === null ? null : { cnonce: needed(fields, 'cnonce'), nc: needed(fields, 'nc') },
  }
}

export function writeCredentials(one: Credentials): string {
  const open = {
    username: one.username,
    realm: one.realm,
    nonce: one.nonce,
    uri: one.uri,
    response: one.response,
  }
  const parts = Object.entries(open).map(([name, value]) => `${name}=${quoted(value)}`)
  parts.push(`algorithm=${one.algorithm}`)
  if (one.opaque !== null) parts.push(`opaque=${quoted(one.opaque)}`)
  if (one.counted) parts.push('qop=auth', `nc=${one.counted.nc}`, `cnonce=${quoted(one.counted.cnonce)}`)
  return `Digest ${parts.join(', ')}`
}

/** The strongest of several that is known here: RFC 8760 2.4 puts the one that the server likes most first. */
export function answerChallenge(
  challenge: Challenge,
  who: { username: string; password: string; method: string; uri: string; cnonce: string; uses: number },
): string {
  const nc = who.uses.toString(16).padStart(8, '0')
  const { realm, nonce, algorithm, opaque } = challenge
  const counted = challenge.qop ? { cnonce: who.cnonce, nc } : null
  const open = { username: who.username, realm, nonce, uri: who.uri, algorithm, counted }
  return writeCredentials({ ...open, opaque, response: responseOf(open, who) })
}

function digestFields(text: string): ReadonlyMap<string, string | null> | null {
  const [, scheme = '', rest = ''] = /^(\S+)\s+(.*)$/s.exec(text) ?? []
  return scheme.toLowerCase() === 'digest' ? readParameters(cut(rest, ',')) : null
}

function algorithmOf(said: string | null | undefined): Algorithm | null {
  const name = (said ?? 'MD5').toUpperCase()
  return name === 'MD5' || name === 'SHA-256' ? name : null
}

function needed(fields: ReadonlyMap<string, string | null>, name: string): string {
  const value = fields.get(name)
  if (value === undefined || value === null) throw bad(`${name} is missing`)
  return value
}
