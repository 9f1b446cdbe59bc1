/** How the bank says no: a status, and a sentence that helps. */
import type { Emitter } from '../../events/emit.ts'
import { StoreContendedError, StoreUnavailableError } from '../../store/store.ts'
import { PasswordsBusyError } from './passwords.ts'

export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: number
  readonly title: string
  readonly headers: Readonly<Record<string, string>>

  /** @param detail for a person: what was wrong, and what to do */
  constructor(status: number, title: string, detail: string, headers: Record<string, string> = {}) {
    super(detail)
    this.status = status
    this.title = title
    this.headers = headers
  }
}

/** A 401 must say how to do better (RFC 9110 section 15.5.2); for forms and cookies no scheme is registered. */
export const CHALLENGE = { 'WWW-Authenticate': 'Cookie realm="bank"' }

/** What to tell of an error: its own words if it has any for strangers, and nothing of what broke in here. */
export function refusalOf(error: unknown, tell: Emitter): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof PasswordsBusyError) {
    tell('bank:sign_in_refused', { because: 'busy' })
    return new Refusal(503, 'Busy', 'Too many people are signing in at this moment. Try again.', {
      'Retry-After': '2',
    })
  }
  if (error instanceof StoreUnavailableError || error instanceof StoreContendedError) {
    tell('bank:store_failed', { message: error.message })
    const detail =
      'What you asked for may have been done or not. Ask again with the same key: it is done once.'
    return new Refusal(503, 'The books are out of reach', detail, { 'Retry-After': '1' })
  }
  // Of the parsers of bodies.
  const { status, type } = error as { status?: unknown; type?: unknown }
  if (type === 'entity.too.large') {
    return new Refusal(413, 'Too large', 'A form of this bank has less than 2 KiB.')
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    const detail = 'Send a form (application/x-www-form-urlencoded) or JSON, as it is announced.'
    return new Refusal(status, 'Not understood', detail)
  }
  const detail =
    'Something broke here. What you asked for may have been done or not: look before you ask again.'
  return new Refusal(500, 'Our mistake', detail)
}
