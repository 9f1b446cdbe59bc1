/**
 * A reverse proxy before several servers of one site (RFC 9110 section 3.7: a gateway).
 *
 *   many clients === its connections | balancer | its own few connections === servers
 *
 * The connections on its left and those on its right have nothing to do with each other: requests of many sessions
 * travel over one of them, one after the other. So a session cannot be known by its connection, and who is sent to
 * which server must be read off the request: by a cookie of the balancer's own (`sticky`), or not at all.
 *
 * It looks after its servers passively: what becomes of requests is all it knows. A request that cannot have reached
 * a server is tried at the next. One that was sent may have been done, whatever became of its answer: it is tried
 * again only where that does no harm (RFC 9110 section 9.2.2), and a POST is answered with 502.
 */
import { createHash } from 'node:crypto'
import * as http from 'node:http'
import type * as net from 'node:net'
import { pipeline } from 'node:stream'
import { parseCookie, stringifySetCookie } from 'cookie'
import type { Emitter } from '../events/emit.ts'
import { UsageError } from '../foreign/usage.ts'
import { observeTcp } from '../kernel/socket-options.ts'
import type { PeerBelief } from './parts/belief.ts'
import {
  type ByHand,
  listenOptions,
  optionalInteger,
  runByHand,
  runsAsFile,
  socketAddresses,
} from './parts/command-line.ts'
import { HTTP_TIME_LIMITS } from './parts/connection-limits.ts'
import type { Program } from './parts/program.ts'
import {
  admitTcp,
  closeInOrder,
  errorData,
  groupIdOf,
  listen,
  stopListening,
  takeTcp,
} from './parts/tcp-events.ts'

export const policies = ['sticky', 'round-robin'] as const
export type Policy = (typeof policies)[number]

export interface BalancerOptions {
  mechanism: string
  /** What its connections to the servers are called, where they are not of the same row. */
  onward?: string
  host: string
  /** 0: any free port. */
  port: number
  backends: readonly { host: string; port: number }[]
  policy: Policy
  /** To each server. Requests that find none free wait. */
  connectionsMax?: number
}

export const BALANCER_COOKIE = 'balancer'
const CONNECTIONS_DEFAULT = 8
/** Those that are whole, and wait for a connection or an answer; one more is refused with 503. */
const REQUESTS_MAX = 200
/** A body is read before it is sent on, since it may have to be sent to another server. */
const BODY_BYTES_MAX = 64 * 1024
const HEADER_BYTES_MAX = 16 * 1024
/** Node's default of 5 s ends a client's connection sooner than its next page is wanted. */
const KEEP_ALIVE_MS = 60_000
/** From SYN to a connection. The kernel alone would try an address that is gone for two minutes. */
const CONNECT_WITHIN_MS = 2000
/** From the request, given away, to the headers of its answer. */
const ANSWER_WITHIN_MS = 30_000
/** A server that failed is not asked for so long; the next request after that is its trial. */
const OUT_FOR_MS = 5000

/** For one connection only (RFC 9110 section 7.6.1), beside all that `Connection` names. */
const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
/** Told by the balancer alone: a client could claim anything. */
const MADE_ANEW: readonly string[] = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']
/** RFC 9110 section 9.2.1: asking twice changes nothing. */
const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

interface Backend {
  readonly host: string
  readonly port: number
  /** `10.0.1.2:7003` */
  readonly name: string
  /** What the cookie says: no address for strangers. */
  readonly tag: string
  readonly agent: http.Agent
  outUntilMs: number
}

/** What became of one try at one server. `reached`: it may have been done there. */
type Tried = { response: http.IncomingMessage } | { code: string; reached: boolean }

/** Resolves when it listens; rejects when it cannot (EADDRINUSE, ...). */
export async function startBalancer(options: BalancerOptions, emit: Emitter): Promise<Program> {
  const { mechanism, onward = mechanism, policy, connectionsMax = CONNECTIONS_DEFAULT } = options
  const beliefs = new Map<net.Socket, PeerBelief>()
  const backends = options.backends.map(({ host, port }): Backend => {
    const name = `${host}:${port}`
    const tag = createHash('sha256').update(name).digest('hex').slice(0, 8)
    // The connection that was used last is used next: the others may become old, and be closed.
    const agent = new http.Agent({ keepAlive: true, maxSockets: connectionsMax, scheduling: 'lifo' })
    return { host, port, name, tag, agent, outUntilMs: 0 }
  })
  const { admits } = admitTcp()
  let turn = 0
  let underWay = 0

  function take(socket: net.Socket, groupId: string, how: 'accepted' | 'connected'): void {
    beliefs.set(socket, takeTcp(socket, emit, groupId, how))
    socket.once('close', () => beliefs.delete(socket))
  }

  /** Those to be tried, the right one first; those that failed lately only when there is no other. */
  function inOrder(request: http.IncomingMessage): Backend[] {
    const bound = parseCookie(request.headers.cookie ?? '')[BALANCER_COOKIE]
    const first = policy === 'sticky' ? backends.findIndex(({ tag }) => tag === bound) : -1
    const from = first === -1 ? turn++ % backends.length : first
    const order = [...backends.slice(from), ...backends.slice(0, from)]
    const now = performance.now()
    return order.sort((one, other) => Number(one.outUntilMs > now) - Number(other.outUntilMs > now))
  }

  function believe(backend: Backend, is: 'in' | 'out', because: string): void {
    const was = backend.outUntilMs === 0 ? 'in' : 'out'
    backend.outUntilMs = is === 'in' ? 0 : performance.now() + OUT_FOR_MS
    if (is !== was) emit('balancer:backend_updated', { backend: backend.name, new: is, because })
  }

  function ask(
    { host, port, name, agent }: Backend,
    request: http.IncomingMessage,
    body: Buffer,
    tries: number,
    groupId: string,
    over: AbortSignal,
  ): Promise<Tried> {
    let reached = false
    return new Promise((resolve) => {
      const { method = 'GET', url: path = '/' } = request
      const headers = onwardHeaders(request, body.length)
      const asked = http.request({ host, port, agent, method, path, headers, signal: over })
      const limit = setTimeout(() => asked.destroy(new TimeoutError('no answer')), ANSWER_WITHIN_MS)
      let connecting: NodeJS.Timeout | undefined
      asked.once('socket', (socket) => {
        const begin = () => {
          clearTimeout(connecting)
          reached = true
          const reused = beliefs.has(socket)
          if (!reused) take(socket, groupIdOf(onward, socket.localPort), 'connected')
          const local = `${socket.localAddress}:${socket.localPort}`
          emit('balancer:forwarded', { backend: name, local, reused, tries }, groupId)
        }
        if (!socket.connecting) return begin()
        socket.once('connect', begin)
        connecting = setTimeout(() => asked.destroy(new TimeoutError('no connection')), CONNECT_WITHIN_MS)
      })
      asked.once('response', (response) => {
        clearTimeout(limit)
        resolve({ response })
      })
      asked.on('error', (error) => {
        clearTimeout(limit)
        clearTimeout(connecting)
        resolve({ code: errorData(error).code, reached })
      })
      asked.end(body)
    })
  }

  async function pass(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const problem = problemWith(request)
    if (problem !== null) return refuse(response, problem)
    const body = await readBody(request)
    if (body === null) return refuse(response, 413)
    // Only now: who never sends the rest of a body keeps nobody else out.
    if (underWay >= REQUESTS_MAX) return refuse(response, 503)
    underWay += 1
    try {
      await passWhole(request, response, body)
    } finally {
      underWay -= 1
    }
  }

  async function passWhole(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    body: Buffer,
  ): Promise<void> {
    const groupId = groupIdOf(mechanism, request.socket.remotePort)
    const { method = 'GET' } = request
    const gone = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) gone.abort()
    })
    let status = 502
    for (const [index, backend] of inOrder(request).entries()) {
      const tried = await ask(backend, request, body, index + 1, groupId, gone.signal)
      if (gone.signal.aborted) return
      if ('response' in tried) {
        believe(backend, 'in', 'it answers')
        if (!isPlain(tried.response)) {
          tried.response.destroy()
          break
        }
        answer(tried.response, response, backend, request)
        return
      }
      believe(backend, 'out', tried.code)
      status = tried.code === 'TimeoutError' ? 504 : 502
      if (tried.reached && !SAFE.includes(method)) break
    }
    refuse(response, status)
  }

  function answer(
    from: http.IncomingMessage,
    to: http.ServerResponse,
    { tag }: Backend,
    request: http.IncomingMessage,
  ): void {
    const headers = endToEnd(from.headersDistinct)
    const bound = parseCookie(request.headers.cookie ?? '')[BALANCER_COOKIE]
    if (policy === 'sticky' && bound !== tag) {
      const cookie = {
        name: BALANCER_COOKIE,
        value: tag,
        httpOnly: true,
        sameSite: 'lax',
        path: '/',
      } as const
      headers['set-cookie'] = [headers['set-cookie'] ?? [], stringifySetCookie(cookie)].flat()
    }
    to.writeHead(from.statusCode ?? 502, headers)
    // An answer that breaks off is broken off here too: what has been sent cannot be taken back.
    pipeline(from, to, () => {})
  }

  const server = http.createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: KEEP_ALIVE_MS, ...HTTP_TIME_LIMITS },
    (request, response) => {
      const groupId = groupIdOf(mechanism, request.socket.remotePort)
      emit('http:request_received', { method: request.method ?? '?', path: pathOf(request) }, groupId)
      response.once('finish', () => emit('http:response_sent', { status: response.statusCode }, groupId))
      // A request that broke off while it was read, or headers that nobody may send.
      pass(request, response).catch(() => refuse(response, 400))
    },
  )
  server.on('connection', (socket) => {
    if (admits(socket)) take(socket, groupIdOf(mechanism, socket.remotePort), 'accepted')
  })
  const port = await listen(server, options)

  return {
    port,
    async close() {
      for (const { agent } of backends) agent.destroy()
      const closing = [...beliefs].map(([socket, belief]) => {
        belief.become('down', 'user_closed')
        return closeInOrder(socket, () => socket.end())
      })
      await Promise.all([stopListening(server), ...closing])
    },
    observe() {
      for (const [socket, { groupId }] of beliefs) observeTcp(socket, emit, groupId)
    },
    write() {}, // it passes on what others say
    reset() {
      for (const [socket, belief] of beliefs) {
        belief.become('down', 'user_closed')
        socket.resetAndDestroy()
      }
    },
  }
}

class TimeoutError extends Error {
  override name = 'TimeoutError'
}

/** Without the query, which may hold anything. */
function pathOf({ url = '/' }: http.IncomingMessage): string {
  return url.split('?', 1)[0]?.slice(0, 64) ?? '/'
}

/** What it is answered with, for a request that the server behind might take for another one. */
function problemWith(request: http.IncomingMessage): number | null {
  // RFC 9112 section 3.2: one Host line; of two, each server on the way may believe another.
  if ((request.headersDistinct.host ?? []).length > 1) return 400
  // RFC 9112 section 6.1: not undone here, and no server behind would know that it is there.
  return isPlain(request) ? null : 501
}

/** Without a transfer coding that would have to be undone: Node undoes `chunked` alone. */
function isPlain({ headers }: http.IncomingMessage): boolean {
  return ['', 'chunked'].includes((headers['transfer-encoding'] ?? '').trim().toLowerCase())
}

/** null: too large. @throws Error when it breaks off */
async function readBody(request: http.IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  // The rest is not read, and the connection is still needed: for the answer.
  const unread: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false })
  for await (const chunk of unread) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function refuse(response: http.ServerResponse, status: number): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { req: request } = response
  // What is left of a request that is refused is not waited for: Node destroys the connection after the answer.
  if (!request.complete) response.setHeader('Connection', 'close')
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  response.end(JSON.stringify({ problem: http.STATUS_CODES[status] }))
}

type Headers = Record<string, string | string[]>

/** What is not for this one connection. */
export function endToEnd(headers: NodeJS.Dict<string[]>): Headers {
  const named = (headers.connection ?? []).flatMap((line) =>
    line.split(',').map((name) => name.trim().toLowerCase()),
  )
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string[]] => ![...HOP_BY_HOP, ...named].includes(entry[0]),
    ),
  )
}

/** As the server gets them: RFC 9110 section 7.6.3 (Via), RFC 7239 (Forwarded). */
function onwardHeaders(request: http.IncomingMessage, bodyBytes: number): Headers {
  const { remoteAddress = 'unknown' } = request.socket
  const { host = '' } = request.headers
  const kept = Object.entries(endToEnd(request.headersDistinct)).filter(
    ([name]) => !MADE_ANEW.includes(name) && name !== 'content-length' && name !== 'expect',
  )
  return {
    ...Object.fromEntries(kept),
    // Named by `Connection`, as it were: without it no server would know which site is meant.
    host,
    via: [...(request.headersDistinct.via ?? []), '1.1 balancer'],
    forwarded: `for=${remoteAddress};host="${host.replaceAll(/["\\]/g, '')}";proto=http`,
    'x-forwarded-for': remoteAddress,
    'x-forwarded-proto': 'http',
    ...(bodyBytes > 0 || !SAFE.includes(request.method ?? '') ? { 'content-length': String(bodyBytes) } : {}),
  }
}

/** How it is started by hand. */
export const balancerByHand: ByHand = {
  name: 'balancer',
  about: 'Passes HTTP requests on to several servers, over few connections that it keeps.',
  mechanism: 'http',
  flags: {
    listen: { type: 'string', default: '0', value: 'PORT', help: 'port to listen on; 0: any free one' },
    host: { type: 'string', default: '127.0.0.1', value: 'ADDRESS', help: 'IPv4 address to listen on' },
    backend: { type: 'string', multiple: true, value: 'ADDRESS:PORT', help: 'a server; once for each' },
    policy: { type: 'string', default: 'sticky', value: 'POLICY', help: policies.join(' or ') },
    connections: { type: 'string', value: 'NUMBER', help: `to each server (${CONNECTIONS_DEFAULT})` },
  },
  start: async (values, emit) => {
    const policy = policies.find((one) => one === values.policy)
    if (policy === undefined)
      throw new UsageError(`"--policy" must be ${policies.join(' or ')}, is "${values.policy}"`)
    const backends = socketAddresses(values, 'backend')
    if (backends.length === 0) throw new UsageError('"--backend" is missing')
    const connectionsMax = optionalInteger(values, 'connections', 1, 1000)
    return startBalancer(
      {
        mechanism: 'http',
        ...listenOptions({ ...values, port: values.listen }),
        backends,
        policy,
        ...(connectionsMax === undefined ? {} : { connectionsMax }),
      },
      emit,
    )
  },
}

if (runsAsFile(import.meta.url)) runByHand(balancerByHand)
