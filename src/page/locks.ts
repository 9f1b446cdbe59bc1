/**
 * Who may talk to a page that can kill processes.
 *
 * To listen on 127.0.0.1 keeps other machines out, and nobody else: every site that this person has open
 * can send requests to 127.0.0.1 from their own browser. So three things must be right:
 *
 *   Host    the name in the address bar is ours. A name of somebody else's that was made to point at
 *           127.0.0.1 (DNS rebinding) would count as the same origin as our page.
 *   Origin  what changes something, and every WebSocket, was asked for by our own page. A browser lets
 *           any site open a WebSocket to anybody; only this header tells.
 *   token   the sender was told the secret that is printed at start. Other users of this machine can
 *           connect as well, and write what they like into both headers. Not in a cookie: cookies do not
 *           know ports, so the labs' own HTTP servers on the same address would be sent it.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { SUBPROTOCOL, TOKEN_HEADER } from './messages.ts'

/** 192 bits, which nobody guesses. */
const TOKEN_BYTES = 24

export interface Refusal {
  status: 401 | 403
  /** Short: whoever reads it may be the attacker. */
  reason: string
}

/** Made anew at each start. Fits a URL and the name of a subprotocol as it is. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url')
}

export class Locks {
  readonly #names: readonly string[]
  readonly #token: Buffer

  constructor(port: number, token: string) {
    this.#names = [`127.0.0.1:${port}`, `localhost:${port}`]
    this.#token = digest(token)
  }

  /** For the page itself, which holds no secret: whoever follows the printed link has no header to set. */
  refusePage(request: IncomingMessage): Refusal | null {
    // A link to us may stand anywhere, in a terminal inside a browser for example.
    return this.#refuseName(request) ?? (isFollowedLink(request) ? null : refuseOtherSite(request))
  }

  /** For what belongs to the page: nobody goes there. */
  refuseFile(request: IncomingMessage): Refusal | null {
    return this.#refuseName(request) ?? refuseOtherSite(request)
  }

  /** For questions and orders, and for whatever else there is or will be. */
  refuseRequest(request: IncomingMessage): Refusal | null {
    const { method, headers } = request
    return (
      this.#refuseName(request) ??
      // A browser sends no Origin when a page asks its own server something by GET.
      (method === 'GET' && headers.origin === undefined ? null : this.#refuseOrigin(headers)) ??
      refuseOtherSite(request) ??
      this.#refuseToken(headers[TOKEN_HEADER])
    )
  }

  /** For a WebSocket, before it becomes one. */
  refuseUpgrade(request: IncomingMessage): Refusal | null {
    const { headers } = request
    const offered = headers['sec-websocket-protocol']?.split(/ *, */) ?? []
    return (
      this.#refuseName(request) ??
      this.#refuseOrigin(headers) ??
      this.#refuseToken(offered[0] === SUBPROTOCOL ? offered[1] : undefined)
    )
  }

  #refuseName({ headersDistinct: { host = [] } }: IncomingMessage): Refusal | null {
    // Of several lines one program believes the first and another the last (RFC 9112 section 3.2).
    const isOurs = host.length === 1 && this.#names.includes(host[0] ?? '')
    return isOurs ? null : { status: 403, reason: 'wrong host' }
  }

  #refuseOrigin({ host, origin }: IncomingHttpHeaders): Refusal | null {
    // To the letter the page's own: `localhost` and `127.0.0.1` are two origins.
    return origin === `http://${host}` ? null : { status: 403, reason: 'wrong origin' }
  }

  #refuseToken(given: string | string[] | undefined): Refusal | null {
    const right = typeof given === 'string' && timingSafeEqual(digest(given), this.#token)
    return right ? null : { status: 401, reason: 'wrong token' }
  }
}

/** Whatever somebody sends, two digests have the same length, and a comparison takes the same time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * Another site's page that loads ours as its script, picture or frame learns at least that we are here.
 * Browsers say who asks (Fetch Metadata); what does not say is no browser, and no other site's page.
 */
function refuseOtherSite({ headers }: IncomingMessage): Refusal | null {
  const site = headers['sec-fetch-site'] ?? 'none'
  return site === 'none' || site === 'same-origin' ? null : { status: 403, reason: 'other site' }
}

/** A form of another site leads to a document as well, but not by GET alone. */
function isFollowedLink({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers['sec-fetch-dest'] === 'document'
}

/** How a browser is told to treat what we send: run our script, show our styles, and nothing else. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}
