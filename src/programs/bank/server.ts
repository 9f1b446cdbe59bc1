/**
 * A small web bank: sign in, balance, transfer, sign out, over HTTP or HTTPS. What it knows of a visitor hangs on a
 * cookie and on nothing else, least of all on the connection; where it is kept is the store's business.
 *
 * Pages are for browsers; whoever asks for `Accept: application/json` gets the same as JSON.
 */
import * as http from 'node:http'
import * as https from 'node:https'
import express, { type NextFunction, type Request, type Response } from 'express'
import type { Emitter } from '../../events/emit.ts'
import { SESSION_LIMITS, type SessionLimits } from '../../protocols/http-session/constants.ts'
import {
  type CookiePurpose,
  cookieRemoval,
  cookieWith,
  presentedCookie,
} from '../../protocols/http-session/cookie.ts'
import { csrfTokenOf, isCsrfTokenOf, isSameOrigin } from '../../protocols/http-session/forgery.ts'
import { idempotencyKeyIn, isIdempotencyKey } from '../../protocols/http-session/idempotency.ts'
import { RateTable } from '../../protocols/http-session/rate.ts'
import { type Store, StoreContendedError, StoreUnavailableError } from '../../store/store.ts'
import { PeerBelief } from '../belief.ts'
import type { Program } from '../program.ts'
import { addressesOf, groupIdOf, listen, reportTcp } from '../tcp-events.ts'
import type { Certificate } from './certificate.ts'
import { field, Refusal, refusalOf, secure } from './guard.ts'
import {
  BODY_BYTES_MAX,
  FIELDS_MAX,
  HEADER_BYTES_MAX,
  HEADERS_MAX,
  HEADERS_WITHIN_MS,
  KEEP_ALIVE_MS,
  PASSWORD_LENGTH_MAX,
  RATES,
  REQUEST_WITHIN_MS,
  USER_LENGTH_MAX,
} from './limits.ts'
import { accountPage, problemPage, STYLE, signInPage } from './pages.ts'
import { PasswordCheck, PasswordsBusyError } from './passwords.ts'
import { newId, type Outcome, Sessions } from './sessions.ts'
import {
  type Account,
  accountKey,
  amountOf,
  centsOf,
  decideTransfer,
  keysOfTransfer,
  openAccounts,
} from './transfer.ts'
import { USERS } from './users.ts'

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
   * The address or subnet of a balancer: what it says in X-Forwarded-For, -Proto and -Host is believed, and of
   * nobody else (they are headers, and anybody can write one).
   */
  proxy?: string | undefined
}

/** From being asked to end: a request under way is answered first. */
const CLOSE_LIMIT_MS = 500

/** Resolves when it listens; rejects when it cannot (EADDRINUSE, ...) or when the store cannot be reached. */
export async function startBank(
  options: BankOptions,
  emit: Emitter,
): Promise<Pick<Program, 'port' | 'close'>> {
  const { mechanism, name, store } = options
  await openAccounts(store)
  const sessions = new Sessions(store, { ...SESSION_LIMITS, ...options.sessions })
  const passwords = new PasswordCheck()
  const requests = new RateTable(RATES.requests)
  const signIns = new RateTable(RATES.signIns)
  const transfers = new RateTable(RATES.transfers)

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.set('trust proxy', options.proxy ?? false)

  app.use(secure)
  app.use((request, response, next) => {
    const tell = tellOf(request)
    takeRate('requests', requests, request.ip ?? '', tell)
    response.set('X-Served-By', name)
    // A balancer asks every second: that is no news.
    if (request.path !== '/health') {
      tell('http:request_received', { method: request.method, path: request.path.slice(0, 64) })
      response.once('finish', () => tell('http:response_sent', { status: response.statusCode }))
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
  app.use(
    // No form is compressed: what is would be small here and large after unpacking.
    express.urlencoded({
      extended: false,
      limit: BODY_BYTES_MAX,
      parameterLimit: FIELDS_MAX,
      inflate: false,
    }),
    express.json({ limit: BODY_BYTES_MAX, inflate: false }),
  )

  app.get('/', async (request, response) => {
    const id = sessionIdIn(request, response)
    if (id !== null && (await look(request, id)).state === 'live') {
      response.redirect(303, '/account')
      return
    }
    answerSignIn(request, response, 200, null)
  })

  app.post('/sign-in', async (request, response) => {
    const tell = tellOf(request)
    const visitor = presentedCookie(request.headers.cookie, 'sign-in', request.secure)
    const visitorId = visitor.kind === 'one' ? visitor.id : null
    refuseForgery(request, visitorId, tell)
    const user = field(request, 'user', USER_LENGTH_MAX) ?? ''
    const password = field(request, 'password', PASSWORD_LENGTH_MAX) ?? ''
    takeRate('sign_ins', signIns, `address ${request.ip}`, tell)
    takeRate('sign_ins', signIns, `user ${user}`, tell)
    const known = USERS.find((each) => each.name === user)
    if (!(await passwords.isRight(password, known?.hash)) || known === undefined) {
      tell('bank:sign_in_refused', { because: 'name_or_password' })
      const text = 'Name or password is wrong. The bank does not say which of the two.'
      if (wantsJson(request)) throw new Refusal(401, 'Not signed in', text, CHALLENGE)
      answerSignIn(request, response, 401, text)
      return
    }
    const id = await sessions.signIn(user, sessionIdIn(request, response), tell)
    response.append('Set-Cookie', cookieWith('session', id, request.secure))
    response.append('Set-Cookie', cookieRemoval('sign-in', request.secure))
    if (wantsJson(request)) response.json({ user, csrf: csrfTokenOf(id) })
    else response.redirect(303, '/account')
  })

  app.get('/account', async (request, response) => {
    const id = sessionIdIn(request, response)
    const outcome: Outcome<Account> = id === null ? { state: 'unknown' } : await look(request, id)
    if (id === null || outcome.state !== 'live') {
      answerSignedOut(request, response, outcome)
      return
    }
    const { user, result: account } = outcome
    const [csrf, transferKey] = [csrfTokenOf(id), newId()]
    if (wantsJson(request)) {
      response.json({
        user,
        balance: amountOf(account.cents),
        recent: account.recent,
        csrf,
        key: transferKey,
      })
      return
    }
    const done = account.recent.find(
      ({ transfer, cents }) => transfer === request.query.transfer && cents < 0,
    )
    const notice = done && {
      kind: 'done' as const,
      text: `Transfer ${done.transfer} is done: ${amountOf(-done.cents)} to ${done.with}.`,
    }
    response.send(accountPage({ user, account, csrf, transferKey, server: name, notice: notice ?? null }))
  })

  app.post('/transfer', async (request, response) => {
    const tell = tellOf(request)
    const id = sessionIdIn(request, response)
    if (id === null) {
      answerSignedOut(request, response, { state: 'unknown' })
      return
    }
    refuseForgery(request, id, tell)
    const asked = askedTransfer(request, tell)
    const outcome = await sessions.within(
      id,
      (user) => {
        takeRate('transfers', transfers, user, tell)
        return keysOfTransfer({ ...asked, from: user })
      },
      (values, user) => decideTransfer(values, { ...asked, from: user }),
      tell,
    )
    if (outcome.state !== 'live') {
      answerSignedOut(request, response, outcome)
      return
    }
    const { user, result } = outcome
    if (result.kind === 'same_account') {
      throw refuseTransfer(tell, 'recipient', 422, 'Nothing to move', 'From and to are the same account.')
    }
    if (result.kind !== 'answered') {
      throw refuseTransfer(
        tell,
        'key_reused',
        422,
        'Another transfer has this key',
        'A key stands for one transfer: the same amount to the same recipient. Choose another key for another one.',
      )
    }
    const { answer, isRepeated } = result
    if (isRepeated) {
      tell('bank:transfer_repeated', { transfer: answer.done ? answer.transfer : null })
      response.set('Idempotent-Replayed', 'true')
    }
    const balance = amountOf(answer.balanceCents)
    if (!answer.done) {
      if (!isRepeated) tell('bank:transfer_refused', { because: 'funds' })
      throw new Refusal(
        409,
        'Not enough money',
        `Your balance is ${balance}; you asked for ${amountOf(asked.cents)}.`,
      )
    }
    if (!isRepeated) {
      tell('bank:transfer_done', { transfer: answer.transfer, from: user, to: asked.to, cents: asked.cents })
    }
    if (wantsJson(request)) {
      response.json({ transfer: answer.transfer, to: asked.to, amount: amountOf(asked.cents), balance })
    } else {
      // See other: to load that page again asks for no transfer again (RFC 9110 section 15.4.4).
      response.redirect(303, `/account?transfer=${answer.transfer}`)
    }
  })

  for (const [path, which] of [
    ['/sign-out', 'this'],
    ['/sign-out-everywhere', 'all'],
  ] as const) {
    app.post(path, async (request, response) => {
      const tell = tellOf(request)
      const id = sessionIdIn(request, response)
      if (id === null) {
        answerSignedOut(request, response, { state: 'unknown' })
        return
      }
      refuseForgery(request, id, tell)
      const outcome = await sessions.signOut(id, which, tell)
      if (outcome.state !== 'live') {
        answerSignedOut(request, response, outcome)
        return
      }
      response.append('Set-Cookie', cookieRemoval('session', request.secure))
      if (wantsJson(request)) response.json({ ended: outcome.result.length })
      else response.redirect(303, '/')
    })
  }

  const METHODS: Record<string, string> = {
    '/': 'GET, HEAD',
    '/account': 'GET, HEAD',
    '/style.css': 'GET, HEAD',
    '/health': 'GET, HEAD',
    '/sign-in': 'POST',
    '/transfer': 'POST',
    '/sign-out': 'POST',
    '/sign-out-everywhere': 'POST',
  }
  app.use((request) => {
    const allow = Object.hasOwn(METHODS, request.path) ? METHODS[request.path] : undefined
    if (allow === undefined) throw new Refusal(404, 'No such page', 'The bank has a front door: /')
    throw new Refusal(405, 'Not this way', `This address takes ${allow}.`, { Allow: allow })
  })

  // Express takes a function for an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const refusal = unavailable(error, tellOf(request)) ?? refusalOf(error)
    if (response.headersSent) {
      request.socket.destroy()
      return
    }
    const { status, title, message: detail } = refusal
    response.status(status).set(refusal.headers)
    // RFC 9457.
    if (wantsJson(request))
      response.type('application/problem+json').send(JSON.stringify({ status, title, detail }))
    else response.type('html').send(problemPage({ title, detail, server: name }))
  })

  const limits = {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEADERS_WITHIN_MS,
    requestTimeout: REQUEST_WITHIN_MS,
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: KEEP_ALIVE_MS,
  }
  const { certificate } = options
  const server =
    certificate === undefined
      ? http.createServer(limits, app)
      : https.createServer({ ...limits, key: certificate.privateKey, cert: certificate.certificate }, app)
  // Node would leave out what is beyond, Host perhaps, and say nothing: we count, and refuse.
  server.maxHeadersCount = 0
  server.on('connection', (socket) => {
    const groupId = groupIdOf(mechanism, socket.remotePort)
    const belief = new PeerBelief(emit, groupId)
    reportTcp(socket, emit, groupId, belief)
    emit('tcp:accepted', addressesOf(socket), groupId)
    belief.become('up', 'accepted')
  })
  server.on('secureConnection', (socket) => {
    const agreed = { protocol: socket.getProtocol() ?? '', isResumed: socket.isSessionReused() }
    emit('tls:accepted', agreed, groupIdOf(mechanism, socket.remotePort))
  })
  const port = await listen(server, options)

  /** Writes events in the name of the connection that a request came over. */
  function tellOf(request: Request): Emitter {
    const groupId = groupIdOf(mechanism, request.socket.remotePort)
    return (event, data) => emit(event, data, groupId)
  }

  /** @throws Refusal (429) */
  function takeRate(
    limit: 'requests' | 'sign_ins' | 'transfers',
    table: RateTable,
    who: string,
    tell: Emitter,
  ): void {
    const admission = table.take(who, performance.now())
    if (admission.admitted) return
    if (admission.isFirst) tell('bank:rate_refused', { limit })
    const seconds = String(Math.ceil(admission.retryAfterMs / 1000))
    throw new Refusal(429, 'Too often', `Wait ${seconds} s, then ask again.`, { 'Retry-After': seconds })
  }

  /**
   * @param id of the cookie that the form's token must fit
   * @throws Refusal (403)
   */
  function refuseForgery(request: Request, id: string | null, tell: Emitter): void {
    const from = {
      origin: request.headers.origin,
      fetchSite: [request.headers['sec-fetch-site'] ?? []].flat()[0],
    }
    if (!isSameOrigin(from, `${request.protocol}://${request.host}`)) {
      tell('bank:forgery_refused', { because: 'origin' })
      throw new Refusal(403, 'From another site', 'The bank takes requests from its own pages only.')
    }
    if (id !== null && isCsrfTokenOf(id, field(request, 'csrf', 64) ?? '')) return
    tell('bank:forgery_refused', { because: id === null ? 'no_cookie' : 'token' })
    throw new Refusal(
      403,
      'This form is not yours, or too old',
      'Its field "csrf" does not fit your cookie. Open the page again, with cookies allowed, and use the form it has now.',
    )
  }

  /** The id a request came with. One that can be no session's is taken away from the browser. */
  function sessionIdIn(request: Request, response: Response): string | null {
    const presented = presentedCookie(request.headers.cookie, 'session', request.secure)
    if (presented.kind === 'one') return presented.id
    if (presented.kind === 'none') return null
    tellOf(request)('http-session:refused', { session: null, because: presented.kind })
    if (presented.kind === 'oversized') {
      throw new Refusal(
        431,
        'Too many cookies',
        'All cookies of this host together are longer than 4096 bytes.',
      )
    }
    response.append('Set-Cookie', cookieRemoval('session', request.secure))
    return null
  }

  function look(request: Request, id: string): Promise<Outcome<Account>> {
    return sessions.within(
      id,
      (user) => [accountKey(user)],
      (values, user) => ({ write: new Map(), result: values.get(accountKey(user)) as Account }),
      tellOf(request),
    )
  }

  function answerSignedOut(request: Request, response: Response, { state }: Outcome<unknown>): void {
    const text = {
      live: '',
      unknown: 'You are not signed in.',
      'idle-expired': 'You were signed out, since you did nothing for a while.',
      expired: 'You were signed out: a session ends after some hours, whatever you do.',
    }[state]
    // Only what came: a request that another site caused comes without, and must not sign its user out.
    if (presentedCookie(request.headers.cookie, 'session', request.secure).kind === 'one') {
      response.append('Set-Cookie', cookieRemoval('session', request.secure))
    }
    if (wantsJson(request)) throw new Refusal(401, 'Not signed in', text, CHALLENGE)
    answerSignIn(request, response, 401, text)
  }

  /** The form, tied to the browser that asks for it: nobody can be made to sign in as somebody else. */
  function answerSignIn(request: Request, response: Response, status: number, problem: string | null): void {
    const purpose: CookiePurpose = 'sign-in'
    const presented = presentedCookie(request.headers.cookie, purpose, request.secure)
    const id = presented.kind === 'one' ? presented.id : newId()
    if (presented.kind !== 'one') response.append('Set-Cookie', cookieWith(purpose, id, request.secure))
    const csrf = csrfTokenOf(id)
    response.status(status)
    if (status === 401) response.set(CHALLENGE)
    if (wantsJson(request)) response.json({ user: null, csrf })
    else {
      const notice = problem === null ? null : { kind: 'error' as const, text: problem }
      response.send(signInPage({ csrf, server: name, notice }))
    }
  }

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

/** A 401 must say how to do better (RFC 9110 section 15.5.2); for forms and cookies no scheme is registered. */
const CHALLENGE = { 'WWW-Authenticate': 'Cookie realm="bank"' }

function wantsJson(request: Request): boolean {
  return request.accepts(['html', 'json']) === 'json'
}

/** @throws Refusal */
function askedTransfer(request: Request, tell: Emitter) {
  const to = field(request, 'to', USER_LENGTH_MAX)
  if (to === null || !USERS.some(({ name }) => name === to)) {
    throw refuseTransfer(
      tell,
      'recipient',
      422,
      'No such recipient',
      'Give the name of a user of this bank as "to".',
    )
  }
  const cents = centsOf(field(request, 'amount', 16) ?? '')
  if (cents === null) {
    throw refuseTransfer(
      tell,
      'amount',
      422,
      'What amount?',
      'Give more than nothing as "amount": 12 or 12.50.',
    )
  }
  const key = idempotencyKeyIn(request.get('Idempotency-Key') ?? field(request, 'key', 64) ?? '')
  if (!isIdempotencyKey(key)) {
    throw refuseTransfer(
      tell,
      'key',
      400,
      'A key is missing',
      'Send 8 to 64 letters, digits or hyphens as "key" or in the header Idempotency-Key, new for each transfer and the same when you ask for it again: so it is done once.',
    )
  }
  return { to, cents, key, atMs: Date.now() }
}

function refuseTransfer(
  tell: Emitter,
  because: 'recipient' | 'amount' | 'key' | 'key_reused',
  status: number,
  title: string,
  detail: string,
): Refusal {
  tell('bank:transfer_refused', { because })
  return new Refusal(status, title, detail)
}

/** What is no fault of whoever asked, and may be over soon. */
function unavailable(error: unknown, tell: Emitter): Refusal | null {
  if (error instanceof PasswordsBusyError) {
    tell('bank:sign_in_refused', { because: 'busy' })
    return new Refusal(503, 'Busy', 'Too many sign in at this moment. Try again.', { 'Retry-After': '2' })
  }
  if (!(error instanceof StoreUnavailableError || error instanceof StoreContendedError)) return null
  tell('bank:store_failed', { message: error.message })
  return new Refusal(
    503,
    'The books are out of reach',
    'What you asked for may have been done or not. Ask again with the same key: it is done once.',
    { 'Retry-After': '1' },
  )
}
