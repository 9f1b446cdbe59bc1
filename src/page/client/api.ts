/** Questions and orders to the server, with the token that came in the address. */
/// <reference lib="dom" />
import { TOKEN_HEADER } from '../messages.ts'

/** Kept for this tab, so that a reload works; the storage of another port's page is another. */
const KEPT_AS = 'stillhere-token'

/** A server that is stopped accepts connections, and never answers: its kernel does. */
const ANSWER_WITHIN_MS = 30_000

/** The server refused it, with a reason for people. */
export class RefusedError extends Error {
  override name = 'RefusedError'
  readonly status: number

  constructor(status: number, reason: string) {
    super(reason)
    this.status = status
  }
}

/**
 * Takes the token out of the address, where it could be read over a shoulder or copied by mistake.
 * @returns whether there was one
 */
export function takeToken(): boolean {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token === null) return false
  sessionStorage.setItem(KEPT_AS, token)
  history.replaceState(null, '', location.pathname)
  return true
}

/** Empty when this tab was never opened by the printed link. */
export function token(): string {
  return sessionStorage.getItem(KEPT_AS) ?? ''
}

/** @throws RefusedError; TypeError when nobody listens */
export async function request(path: string, order?: object): Promise<Response> {
  const headers: Record<string, string> = { [TOKEN_HEADER]: token() }
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
  const response = await fetch(
    path,
    order === undefined
      ? { headers, signal }
      : {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(order),
          signal,
        },
  )
  if (!response.ok) throw new RefusedError(response.status, (await response.text()).trim())
  return response
}

export async function ask<T>(path: string): Promise<T> {
  return (await (await request(path)).json()) as T
}
