/** How SIP's values are written: tokens, quoted strings, lists, parameters (RFC 3261 section 25.1). */
import { VALUES_MAX } from './constants.ts'

/** A message that breaks a rule; `status` is what the answer to it says. */
export class SipError extends Error {
  readonly status: number
  constructor(status: number, because: string) {
    super(because)
    this.status = status
  }
}

export const bad = (because: string) => new SipError(400, because)

const TOKEN = /^[A-Za-z0-9.!%*_+`'~-]+$/
export const isToken = (text: string) => TOKEN.test(text)

/**
 * Cuts at a mark that is in no quoted string, and in no `<...>`.
 * @throws SipError for a quoted string without an end
 */
export function cut(text: string, mark: ',' | ';'): string[] {
  if (!text.includes(mark) && !text.includes('"')) return [text.trim()]
  const parts: string[] = []
  let from = 0
  let isQuoted = false
  let isEnclosed = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (isQuoted) {
      if (char === '\\') at += 1
      else if (char === '"') isQuoted = false
    } else if (char === '"') isQuoted = true
    else if (char === '<') isEnclosed = true
    else if (char === '>') isEnclosed = false
    else if (char === mark && !isEnclosed) {
      parts.push(text.slice(from, at).trim())
      from = at + 1
    }
  }
  if (isQuoted) throw bad('a quoted string does not end')
  parts.push(text.slice(from).trim())
  if (parts.length > VALUES_MAX) throw bad(`more than ${VALUES_MAX} values`)
  return parts
}

export const quoted = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`
export const unquoted = (text: string) =>
  text.startsWith('"') ? text.slice(1, -1).replace(/\\([\s\S])/g, '$1') : text

/** Names in lower case; null: a parameter without a value, as `lr`. */
export type Parameters = ReadonlyMap<string, string | null>

const PARAMETER = /^([^\s=]+)(?:\s*=\s*("(?:[^"\\]|\\[\s\S])*"|\S+))?$/

/** @throws SipError for one that is none, or that is there twice */
export function readParameters(parts: readonly string[]): Parameters {
  const parameters = new Map<string, string | null>()
  for (const part of parts) {
    const [, name = '', value] = PARAMETER.exec(part) ?? []
    if (!isToken(name)) throw bad('a parameter is malformed')
    if (parameters.has(name.toLowerCase())) throw bad(`parameter ${name} is there twice`)
    parameters.set(name.toLowerCase(), value === undefined ? null : unquoted(value))
  }
  return parameters
}

export function writeParameters(parameters: Parameters): string {
  return [...parameters]
    .map(([name, value]) => `;${name}${value === null ? '' : `=${written(value)}`}`)
    .join('')
}

/** An address as in `received=::1` is no token, and yet not quoted. */
const written = (value: string) => (/^[[\]:A-Za-z0-9.!%*_+`'~-]+$/.test(value) ? value : quoted(value))

/** @throws SipError where it is no number, or larger than `max` */
export function readNumber(text: string, what: string, max: number): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (number <= max) return number
  throw bad(`${what} is no number up to ${max}`)
}
