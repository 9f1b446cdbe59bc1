/**
 * A small web bank: sign in, balance, transfer, sign out, over HTTP or HTTPS. What it knows of a visitor hangs on a
 * cookie and on nothing else, least of all on the connection; where it is kept is the store's business.
 *
 * Pages are for browsers; whoever asks for `Accept: application/json` gets the same as JSON (README.md).
 */

import * as http from 'node:http'
import * as https from 'node:https'
import express, { type NextFunction, type Request, type Response } from 'express'
import type { Emitter } from '../../events/emit.ts'
import { SESSION_LIMITS, type SessionLimits } from '../../protocols/http-session/constants.ts'
import { RateTable } from '../../protocols/http-session/rate.ts'
import type { Store } from '../../store/store.ts'
import type { Program } from '../parts/program.ts'
import { admitTcp, groupIdOf, listen, takeTcp } from '../parts/tcp-events.ts'
import { webApplication } from '../parts/web-application.ts'
import { answerError } from './answers.ts'
import type { Certificate } from './certificate.ts'
import { openCounter } from './counter.ts'
import { Devices } from './devices.ts'
import {
  BODY_BYTES_MAX,
  FIELDS_MAX,
  HEADER_BYTES_MAX,
  HEADERS_MAX,
  HEADERS_WITHIN_MS,
  KEEP_ALIVE_MS,
  RATES,
  REQUEST_WITHIN_MS,
} from './limits.ts'
import { STYLE } from './pages.ts'
import { PasswordCheck } from './passwords.ts'
import { Refusal } from './refusal.ts'
import { openSessionDesk } from './session-desk.ts'
import { Sessions } from './sessions.ts'
import { openAccounts } from './transfer.ts'
import { Tries } from './tries.ts'
import { Visit } from './visit.ts'

export interface BankOptions {
  /** What the group ids of its connections begin with. */
  mechanism: string
  /** Its name, on its pages and in its answers (`X-Served-By`): behind a balancer one sees who answered. */
  name: string
  host: string
  /** 0: any free port. */
  port: number
  /** Whoever made it closes it. */
  store: Store
  /** HTTPS with it, HTTP without. */
  certificate?: Certificate | undefined
  sessions?: Partial<SessionLimits> | undefined
  /**
   * The address of a balancer: what it says in X-Forwarded-For, -Proto and -Host is believed, and of
   * nobody else (they are headers, and anybody can write one).
   */
  proxy?: string | undefined
}

/** From being asked to end: a request under way is answered first. */
const CLOSE_LIMIT_MS = 500

/** For a browser that is on the user's side (OWASP ASVS 5.0, 3.4). */
const BROWSER_HEADERS = {
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
}

/** What each address takes; whatever else is asked of it is refused with this. */
const METHODS: Record<string, string> = {
  '/': 'GET, HEAD',
  '/account': 'GET, HEAD',
  '/sessions': 'GET, HEAD',
  '/style.css': 'GET, HEAD',
  '/health': 'GET, HEAD',
  '/sign-in': 'POST',
  '/transfer': 'POST',
  '/sign-out': 'POST',
  '/sign-out-everywhere': 'POST',
  '/sessions/end': 'POST',
}

/** Resolves when it listens; rejects when it cannot (EADDRINUSE, ...) or when the store cannot be reached. */
export async function startBank(
  options: BankOptions,
  emit: Emitter,
): Promise<Pick<Program, 'port' | 'close'>> {
  const { mechanism, name, store, certificate } = options
  await openAccounts(store)
  const requests = new RateTable(RATES.requests)

  const app = webApplication()
  app.disable('etag')
  app.set('query parser', 'simple')
  app.set('trust proxy', options.proxy ?? false)

  app.use((request, response, next) => {
    const visit = visitOf(request, response)
    response.set(BROWSER_HEADERS)
    visit.takeRate('requests', requests, request.ip ?? '')
    response.set('X-Served-By', name)
    // A balancer asks every second: that is no news.
    if (request.path !== '/health') {
      visit.tell('http:request_received', { method: request.method, path: request.path.slice(0, 64) })
      response.once('finish', () => visit.tell('http:response_sent', { status: response.statusCode }))
    }
    if (request.rawHeaders.length / 2 > HEADERS_MAX) {
      throw new Refusal(431, 'Too many headers', `This bank reads at most ${HEADERS_MAX} header lines.`)
    }
    next()
  })
  app.get('/health', async (_request, response) => {
    await store.get('health')
    response.type('text').send('ok\n')
  })
  app.get('/style.css', (_request, response) => {
    response.type('css').send(STYLE)
  })
  // No form is compressed: what is would be small here and large after unpacking.
  const body = { limit: BODY_BYTES_MAX, inflate: false }
  app.use(express.urlencoded({ ...body, extended: false, parameterLimit: FIELDS_MAX }), express.json(body))
  const desk = {
    sessions: new Sessions(store, { ...SESSION_LIMITS, ...options.sessions }),
    passwords: new PasswordCheck(),
    tries: new Tries(),
    server: name,
  }
  openCounter(app, visitOf, { ...desk, devices: new Devices(store) })
  openSessionDesk(app, visitOf, desk)
  app.use((request) => {
    const allow = Object.hasOwn(METHODS, request.path) ? METHODS[request.path] : undefined
    if (allow === undefined) throw new Refusal(404, 'No such page', 'The bank has a front door: /')
    throw new Refusal(405, 'Not this way', `This address takes ${allow}.`, { Allow: allow })
  })
  // Express takes a function for an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) =>
    answerError(visitOf(request, response), name, error),
  )

  function visitOf(request: Request, response: Response): Visit {
    const groupId = groupIdOf(mechanism, request.socket.remotePort)
    return new Visit(request, response, (event, data) => emit(event, data, groupId))
  }

  const { admits } = admitTcp()
  const limits = {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEADERS_WITHIN_MS,
    requestTimeout: REQUEST_WITHIN_MS,
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: KEEP_ALIVE_MS,
  }
  const server =
    certificate === undefined
      ? http.createServer(limits, app)
      : https.createServer({ ...limits, key: certificate.privateKey, cert: certificate.certificate }, app)
  // Node would leave out what is beyond, Host perhaps, and say nothing: we count, and refuse.
  server.maxHeadersCount = 0
  server.on('connection', (socket) => {
    if (admits(socket)) takeTcp(socket, emit, groupIdOf(mechanism, socket.remotePort), 'accepted')
  })
  server.on('secureConnection', (socket) => {
    const agreed = { protocol: socket.getProtocol() ?? '', isResumed: socket.isSessionReused() }
    emit('tls:accepted', agreed, groupIdOf(mechanism, socket.remotePort))
  })
  const port = await listen(server, options)

  return {
    port,
    async close() {
      // Idle connections are closed at once.
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const limit = setTimeout(() => server.closeAllConnections(), CLOSE_LIMIT_MS)
      await closed
      clearTimeout(limit)
    },
  }
}
