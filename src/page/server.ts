/**
 * The server of the live page. It belongs to the launcher's process, outside the namespaces: what is
 * watched does not know of it, and is not slower for it.
 *
 *   GET  /  /main.js  /page.css      the page itself; holds no secret
 *   GET  /api/setup                  what can be chosen, and what this machine cannot do
 *   GET  /api/runs  /api/runs/<id>   earlier runs; one of them, line by line
 *   POST /api/start  stop  act       orders
 *   POST /api/predict  skip          what somebody expects of the run, before they see it
 *   GET  /api/acts                   with containers: what to type, and what to expect
 *   WS   /api/live                   what goes on, see feed.ts
 *
 * Who may do what: locks.ts.
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express'
import * as v from 'valibot'
import { type WebSocket, WebSocketServer } from 'ws'
import { faults } from '../faults/registry.ts'
import { printableLines } from '../foreign/printable.ts'
import { UsageError } from '../foreign/usage.ts'
import { findCapabilities } from '../hosts/capabilities.ts'
import type { Lab } from '../lab/lab.ts'
import { CannotRunError } from '../launcher/launch.ts'
import type { StartRun } from '../launcher/start.ts'
import { parseLabOptions } from '../plan/options.ts'
import { selectionOf } from '../plan/plan.ts'
import { impossibleActions, impossibleCases } from '../plan/possible.ts'
import {
  type Admission,
  admission,
  destroyOnceEnded,
  HTTP_TIME_LIMITS,
} from '../programs/parts/connection-limits.ts'
import { webApplication } from '../programs/parts/web-application.ts'
import { RateLimit } from '../protocols/rate-limit.ts'
import { readRecordedCells } from '../view/report/recorded.ts'
import { type PageFiles, pageFiles } from './bundle-page.ts'
import { argumentsOf, commandOf } from './choice.ts'
import { listRuns, NoRunError, openRun } from './earlier-runs.ts'
import { Feed } from './feed.ts'
import { LiveRun, NotNowError } from './live-run.ts'
import { Locks, newToken, type Refusal, SECURITY_HEADERS } from './locks.ts'
import { GOING_AWAY, type LabSetup, type Setup, type ShownAct, SUBPROTOCOL } from './messages.ts'
import {
  choiceSchemaOf,
  helloSchema,
  labChoiceSchema,
  playCommandSchema,
  predictionSchema,
  skipSchema,
} from './requests.ts'

const ADDRESS = '127.0.0.1'
const EVERY_ADDRESS = '0.0.0.0'
/** The longest order names all cases and mechanisms of a lab. */
const BODY_BYTES_MAX = 4096
/** A browser says one thing over its WebSocket: how far it has come. */
const HELLO_BYTES_MAX = 512
const HELLO_WITHIN_MS = 5000
/** Browsers of one person, with all their tabs. */
const BROWSERS_MAX = 16
/** A browser opens up to six for requests, and one for its WebSocket. */
const CONNECTIONS_MAX = { perAddressMax: BROWSERS_MAX * 7, connectionsMax: 128 }
/** From all browsers together. */
const REQUESTS_PER_SECOND_MAX = 50
/** The page itself gives an answer up after so long. */
const IDLE_MS = 30_000
/** A browser that does not answer our goodbye does not keep us. */
const GOODBYE_MS = 300
/** Lines of an opened run go out in pieces of this size: one write each would take seconds. */
const PIECE_CHARACTERS = 65_536
/** RFC 6455 section 7.4.1: the message violates what was agreed. */
const POLICY_VIOLATION = 1008
/** The same: come again later. */
const TRY_AGAIN_LATER = 1013

export interface PageOptions {
  labs: Readonly<Record<string, Lab>>
  /** Where runs are kept. */
  out: string
  /** 0: any free one. */
  port: number
  /** How runs are started, where that is not as always. */
  start?: StartRun
  /** Served out of a container; a run goes on in others. */
  container?: InContainer
}

/**
 * A container's loopback is its own, so the page listens on all its addresses, and the engine publishes one port of
 * the machine's loopback. The locks are as they are elsewhere: of that port, and with a token.
 */
export interface InContainer {
  /** The port in the address bar. */
  publishedPort: number
  token: string
  acts: () => readonly ShownAct[]
}

export interface Page {
  /** With the token: whoever has it can open the page, and through it start and kill processes. */
  url: string
  live: LiveRun
  /** What listens. Whoever checks the locks reads from it which routes there are, and who is connected. */
  server: Server
  /** Ends the run that goes on, in order, says goodbye to every browser, and listens no more. */
  close(): Promise<void>
}

/** Serves the live page. @throws CannotRunError when the port is taken */
export async function openPage({ labs, out, port, start, container }: PageOptions): Promise<Page> {
  // Before it listens: a page that was left open asks at once.
  const [files, setup] = await Promise.all([pageFiles(), setupOf(labs)])
  const server = createServer(HTTP_TIME_LIMITS)
  server.timeout = IDLE_MS
  const places = admission(CONNECTIONS_MAX)
  server.on('connection', (socket) => places.admits(socket))
  await listen(server, port, container === undefined ? ADDRESS : EVERY_ADDRESS)
  const actualPort = container?.publishedPort ?? (server.address() as AddressInfo).port
  const token = container?.token ?? newToken()
  const locks = new Locks(actualPort, token)
  const live: LiveRun = new LiveRun(() => feed.publish(), start)
  const feed = new Feed(live)
  const sockets = webSocketServer(feed)
  const acts = container?.acts ?? (() => [])
  server.on('request', application({ locks, places, files, setup, labs, out, live, acts }))
  server.on('upgrade', (request, socket, head) => {
    destroyOnceEnded(socket)
    const isOurs = request.url === '/api/live'
    const refusal = isOurs ? locks.refuseUpgrade(request) : { status: 403, reason: 'nothing here' }
    if (refusal !== null) {
      socket.end(refusalResponse(refusal))
      return
    }
    places.keep(request.socket)
    sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened, request))
  })
  return {
    url: `http://${ADDRESS}:${actualPort}/#token=${token}`,
    live,
    server,
    async close() {
      await live.close()
      feed.close()
      for (const socket of sockets.clients) sayGoodbye(socket, GOING_AWAY, 'the server ends')
      server.close()
      await Promise.all([...sockets.clients].map((socket) => once(socket, 'close')))
      server.closeAllConnections()
    },
  }
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${error.code})`
      reject(
        new CannotRunError(
          `port ${port} of ${address} ${why}; choose another with --port N (0: any free one)`,
        ),
      )
    })
    server.listen(port, address, resolve)
  })
}

async function setupOf(labs: PageOptions['labs']): Promise<Setup> {
  const { tier, because, isolation } = await findCapabilities()
  return {
    labs: Object.values(labs).map(labSetupOf),
    faults: Object.fromEntries(Object.values(faults).map(({ id, promise }) => [id, promise])),
    impossibleTiers: isolation === null ? { netns: because } : {},
    impossibleActions: {
      process: impossibleActions('process', process.platform),
      netns: impossibleActions('netns', process.platform),
      compose: impossibleActions('compose', process.platform),
    },
    tier,
    because,
    recorded: Object.fromEntries(
      Object.keys(labs).flatMap((id) => {
        const cells = readRecordedCells(id)
        return cells === undefined ? [] : [[id, cells]]
      }),
    ),
  }
}

function labSetupOf(lab: Lab): LabSetup {
  const { id, question, cases, mechanisms, hasStrike = false } = lab
  const { cells } = selectionOf(
    lab,
    cases.map((one) => one.id),
    mechanisms,
  )
  return {
    id,
    question,
    cases: cases.map(({ id, promise }) => ({ id, promise })),
    mechanisms: [...mechanisms],
    cells,
    hasStrike,
    hasPlay: lab.play !== undefined,
    impossible: {
      process: impossibleCases(cases, 'process', process.platform),
      netns: impossibleCases(cases, 'netns', process.platform),
    },
  }
}

interface Parts {
  locks: Locks
  places: Admission
  files: PageFiles
  setup: Setup
  labs: PageOptions['labs']
  out: string
  live: LiveRun
  acts: () => readonly ShownAct[]
}

function application({ locks, places, files, setup, labs, out, live, acts }: Parts): Express {
  const app = webApplication().disable('etag')
  const limit = new RateLimit(REQUESTS_PER_SECOND_MAX)
  app.use((_request, response, next) => {
    response.set(SECURITY_HEADERS)
    next()
  })

  const pageLock = lock((request) => locks.refusePage(request))
  const fileLock = lock((request) => locks.refuseFile(request))
  app.get('/', pageLock, (_request, response) => void response.type('html').send(files.html))
  app.get('/main.js', fileLock, (_request, response) => void response.type('js').send(files.js))
  app.get('/page.css', fileLock, (_request, response) => void response.type('css').send(files.css))

  // All that follows is locked, whatever it is called: a lock that looked at the name would have to read
  // it exactly as the router does.
  app.use(lock((request) => locks.refuseRequest(request)))
  app.use((request, response, next) => {
    places.keep(request.socket)
    if (limit.take(performance.now()) === 'admit') next()
    else say(response, 429, 'too many requests')
  })

  app.get('/api/setup', (_request, response) => void response.json(setup))
  app.get('/api/acts', (_request, response) => void response.json(acts()))
  app.get('/api/runs', async (_request, response) => {
    const runs = await listRuns(out)
    // Asked afterwards: reading takes a while. Its verdict would tell.
    response.json(runs.filter(({ id }) => id !== live.heldRun))
  })
  app.get('/api/runs/:id', async (request, response) => {
    if (request.params.id === live.heldRun) {
      throw new NotNowError('that run waits for your predictions; answer or skip them')
    }
    const lines = openRun(out, request.params.id)
    const head = await lines.next()
    response.type('application/x-ndjson')
    await pipeline(Readable.from(pieces(head.value, lines)), response).catch(() => {
      // The browser went away while we were reading.
    })
  })

  // Not before here: nobody who is not let in has a body read.
  app.use(express.json({ limit: BODY_BYTES_MAX }))
  app.post('/api/start', async (request, response) => {
    const { lab: id } = v.parse(labChoiceSchema, request.body)
    const lab = Object.hasOwn(labs, id) ? labs[id] : undefined
    if (lab === undefined) throw new UsageError(`there is no lab "${id}"`)
    const choice = v.parse(choiceSchemaOf(lab), request.body)
    const all = labSetupOf(lab)
    const options = parseLabOptions(lab, [...argumentsOf(choice, all), '--out', out])
    const asksFirst = choice.predict && !choice.play
    const { plan } = await live.start(lab, options, () => {}, commandOf(choice, all), asksFirst)
    response.json({ run: plan.run })
  })
  app.post('/api/stop', (_request, response) => {
    if (setup.labs.length === 0) throw new NotNowError('containers are stopped where they were started')
    live.stop()
    response.json({})
  })
  app.post('/api/act', (request, response) => {
    live.command(v.parse(playCommandSchema, request.body))
    response.json({})
  })

  app.post('/api/predict', (request, response) => {
    live.predict(v.parse(predictionSchema, request.body))
    response.json({})
  })
  app.post('/api/skip', (request, response) => {
    live.skipPredictions(v.parse(skipSchema, request.body).run)
    response.json({})
  })

  app.use((_request, response) => say(response, 404, 'nothing here'))
  app.use(explain)
  return app
}

function lock(refuse: (request: Request) => Refusal | null): RequestHandler {
  return (request, response, next) => {
    const refusal = refuse(request)
    if (refusal === null) next()
    else say(response, refusal.status, refusal.reason)
  }
}

/** Errors as one line for the person at the page; what nobody expected is no business of a browser's. */
const explain: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) return next(error)
  if (v.isValiError(error)) return say(response, 400, `not understood: ${error.message}`)
  if (error instanceof NoRunError) return say(response, 404, error.message)
  if (error instanceof NotNowError) return say(response, 409, error.message)
  if (error instanceof UsageError || error instanceof CannotRunError) return say(response, 422, error.message)
  // What express and its body parser found wrong with the request itself.
  const status = typeof error?.status === 'number' && error.status < 500 ? error.status : 500
  if (status === 500) {
    const problem = printableLines(String(error?.stack ?? error))
    process.stderr.write(`stillhere: the page's server: ${problem}\n`)
  }
  say(response, status, status === 413 ? 'too long' : status === 500 ? 'the server failed' : 'not understood')
}

function say(response: Response, status: number, reason: string): void {
  // A refused request may have a body that nobody reads: the connection is not to wait for it.
  response.status(status).set('connection', 'close').type('text').send(`${reason}\n`)
}

function refusalResponse({ status, reason }: Pick<Refusal, 'reason'> & { status: number }): string {
  const head = `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain\r\nContent-Length: ${reason.length + 1}`
  return `${head}\r\nConnection: close\r\n\r\n${reason}\n`
}

async function* pieces(head: string | undefined, lines: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = `${head}\n`
  for await (const line of lines) {
    piece += `${line}\n`
    if (piece.length < PIECE_CHARACTERS) continue
    yield piece
    piece = ''
  }
  yield piece
}

function webSocketServer(feed: Feed): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: HELLO_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  })
  sockets.on('connection', (socket: WebSocket, _request: IncomingMessage) => {
    // Too long a message, bad framing: ws says why and closes; without a listener the process would end.
    socket.on('error', () => terminateLater(socket))
    if (sockets.clients.size > BROWSERS_MAX) {
      sayGoodbye(socket, TRY_AGAIN_LATER, 'too many browsers')
      return
    }
    const tooLate = setTimeout(() => sayGoodbye(socket, POLICY_VIOLATION, 'no hello'), HELLO_WITHIN_MS)
    socket.once('close', () => clearTimeout(tooLate))
    socket.once('message', (data) => {
      clearTimeout(tooLate)
      // There is nothing to say after the first message.
      socket.once('message', () => sayGoodbye(socket, POLICY_VIOLATION, 'one message is enough'))
      const hello = v.safeParse(helloSchema, fromJson(String(data)))
      if (hello.success) feed.join(socket, hello.output)
      else sayGoodbye(socket, POLICY_VIOLATION, 'not understood')
    })
  })
  return sockets
}

function sayGoodbye(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason)
  terminateLater(socket)
}

function terminateLater(socket: WebSocket): void {
  const limit = setTimeout(() => socket.terminate(), GOODBYE_MS)
  socket.once('close', () => clearTimeout(limit))
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
