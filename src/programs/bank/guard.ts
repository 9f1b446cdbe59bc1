/** What every request meets before the bank looks at what it wants. */
import type { NextFunction, Request, Response } from 'express'

/** A request that is refused, with what its sender should know. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  /** @param detail a sentence for a person: what was wrong, and what to do */
  constructor(status: number, title: string, detail: string, headers: Record<string, string> = {}) {
    super(detail)
    this.status = status
    this.title = title
    this.headers = headers
  }
  readonly title: string
}

/** For a browser that is on the user's side (OWASP ASVS 5.0, 3.4). */
export function secure(_request: Request, response: Response, next: NextFunction): void {
  response.set({
    // Nothing but our own style sheet and forms: no script at all, no frame around us.
    'Content-Security-Policy':
      "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
    'X-Content-Type-Options': 'nosniff',
    // Not `no-referrer`: with it our own forms would come with `Origin: null`.
    'Referrer-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    // A balance stays in no cache, and the back button shows none after signing out (RFC 9111 section 5.2.2.5).
    'Cache-Control': 'no-store',
    // No Strict-Transport-Security (ASVS 3.4.1): a browser keeps it for the whole host name, ports do not count,
    // and every other program on this machine's localhost would be out of reach.
  })
  next()
}

/** One value of a form or of a JSON object; nothing but text counts. */
export function field(request: Request, name: string, lengthMax: number): string | null {
  const body: unknown = request.body
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return null
  const value = (body as Record<string, unknown>)[name]
  return typeof value === 'string' && value.length <= lengthMax ? value : null
}

/** What to tell of an error: a refusal's own words, those of a body that could not be read, or nothing of what broke. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const { status, type } = error as { status?: unknown; type?: unknown }
  if (type === 'entity.too.large')
    return new Refusal(413, 'Too large', 'A form of this bank has less than 2 KiB.')
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new Refusal(
      status,
      'Not understood',
      'Send a form (application/x-www-form-urlencoded) or JSON, as it is announced.',
    )
  }
  return new Refusal(
    500,
    'Our mistake',
    'Something broke here. What you asked for may have been done or not: look before you ask again.',
  )
}
