/**
 * What a `Set-Cookie` header says (RFC 6265bis section 5.6). A browser takes far more than servers may write: no
 * quotes, no escapes, no spaces that would be forbidden. Whatever is unknown or makes no sense is passed over, and of
 * an attribute that comes twice the last counts.
 */
import { parseCookieDate } from './date.ts'

/** A cookie's name and value together; one that is longer is ignored (section 5.6). */
const NAME_AND_VALUE_BYTES_MAX = 4096
/** Of one attribute; it is passed over when it is longer (section 5.6). */
const ATTRIBUTE_BYTES_MAX = 1024
/** 400 days: no cookie lives longer, whatever it asks for (section 5.5). */
export const AGE_MAX_MS = 400 * 86_400_000
/** Earlier than anything. */
const LONG_AGO_MS = 0

/** All controls but the tab, which is white space. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/

export type SameSite = 'Strict' | 'Lax' | 'None' | 'Default'
const SAME_SITE = new Map<string, SameSite>([
  ['strict', 'Strict'],
  ['lax', 'Lax'],
  ['none', 'None'],
])

export interface SetCookie {
  /** Empty: the cookie has a value only. */
  name: string
  value: string
  /** Of Max-Age, or else of Expires; null: of neither. */
  expiresAtMs: number | null
  /** Without its leading dot, in lower case; empty: as if it had not been said. */
  domain: string
  /** null: none was said, or one that does not begin with a slash. */
  path: string | null
  secure: boolean
  httpOnly: boolean
  sameSite: SameSite
}

/** @returns what it says, or why a browser ignores it entirely */
export function parseSetCookie(text: string, nowMs: number): SetCookie | { refused: string } {
  if (CONTROLS.test(text)) return { refused: 'it has control characters' }
  const [pair = '', ...attributes] = text.split(';')
  const equals = pair.indexOf('=')
  const name = trim(pair.slice(0, Math.max(0, equals)))
  const value = trim(pair.slice(equals + 1))
  if (byteLength(name) + byteLength(value) > NAME_AND_VALUE_BYTES_MAX) {
    return { refused: `longer than ${NAME_AND_VALUE_BYTES_MAX} bytes` }
  }

  let maxAge: number | null = null
  let expires: number | null = null
  const said: Omit<SetCookie, 'expiresAtMs'> = {
    name,
    value,
    domain: '',
    path: null,
    secure: false,
    httpOnly: false,
    sameSite: 'Default',
  }
  for (const attribute of attributes) {
    const [attributeName = '', ...rest] = attribute.split('=')
    const attributeValue = trim(rest.join('='))
    if (byteLength(attributeValue) > ATTRIBUTE_BYTES_MAX) continue
    switch (trim(attributeName).toLowerCase()) {
      case 'expires':
        expires = parseCookieDate(attributeValue) ?? expires
        break
      case 'max-age':
        if (!/^-?\d+$/.test(attributeValue)) break
        maxAge = Number(attributeValue) <= 0 ? LONG_AGO_MS : nowMs + Number(attributeValue) * 1000
        break
      case 'domain':
        said.domain = attributeValue.replace(/^\./, '').toLowerCase()
        break
      case 'path':
        said.path = attributeValue.startsWith('/') ? attributeValue : null
        break
      case 'secure':
        said.secure = true
        break
      case 'httponly':
        said.httpOnly = true
        break
      case 'samesite':
        said.sameSite = SAME_SITE.get(attributeValue.toLowerCase()) ?? 'Default'
        break
    }
  }
  // Max-Age counts for more, whatever their order (section 5.7 step 6).
  const expiresAtMs = maxAge ?? expires
  return { ...said, expiresAtMs: expiresAtMs === null ? null : Math.min(expiresAtMs, nowMs + AGE_MAX_MS) }
}

/** Without blanks and tabs around it; other white space is a control character, or belongs to the text. */
function trim(text: string): string {
  let [from, to] = [0, text.length]
  while (text[from] === ' ' || text[from] === '\t') from += 1
  while (to > from && (text[to - 1] === ' ' || text[to - 1] === '\t')) to -= 1
  return text.slice(from, to)
}

/** In a header that Node has read a character is a byte; in text of other origin it may be up to four. */
function byteLength(text: string): number {
  return /[\u0100-\uffff]/.test(text) ? Buffer.byteLength(text) : text.length
}
