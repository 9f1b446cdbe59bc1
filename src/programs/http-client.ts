/**
 * An HTTP client that signs in and then asks, every two seconds, with the same cookie. Its connection
 * may break: the agent opens another for the next request, and the session goes on over it.
 */
import * as http from 'node:http'
import type * as net from 'node:net'
import { parseSetCookie, stringifyCookie } from 'cookie'
import type { Emitter } from '../events/emit.ts'
import { observeTcp } from '../kernel/socket-options.ts'
import { PeerBelief } from './belief.ts'
import { connectFlags, connectOptions, runByHand, runsAsFile } from './command-line.ts'
import { SESSION_COOKIE, sessionDigest } from './http-server.ts'
import type { Program } from './program.ts'
import { addressesOf, closeInOrder, groupIdOf, reportTcp } from './tcp-events.ts'

export interface HttpClientOptions {
  mechanism: string
  host: string
  port: number
  timing?: HttpTiming | undefined
}

/** Unlike a heartbeat's, only the client has one: an HTTP server waits for ever. */
export interface HttpTiming {
  intervalMs: number
  /** How long an answer may take. After it the client doubts, and goes on waiting. */
  answerWithinMs: number
}

/** A page that asks every two seconds is a lively one; an answer takes milliseconds. */
export const HTTP_TIMING: HttpTiming = { intervalMs: 2000, answerWithinMs: 1500 }

const ANSWER_BYTES_MAX = 1024

/** Resolves when the first request has been given to the agent. */
export async function startHttpClient(options: HttpClientOptions, emit: Emitter): Promise<Program> {
  const { intervalMs, answerWithinMs } = options.timing ?? HTTP_TIMING
  // keepAlive is about HTTP: one connection for many requests. Surprise: the agent also switches TCP
  // keepalive on (after 1 s) while a connection waits for its next request.
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const belief = new PeerBelief(emit, groupIdOf(options.mechanism, undefined))
  let socket: net.Socket | undefined
  let outstanding: http.ClientRequest | undefined
  let sessionId: string | undefined
  let number = 0

  function ask(): void {
    // At most one: a second question would not be answered before the first.
    if (outstanding !== undefined) return
    const request = http.request({
      agent,
      host: options.host,
      port: options.port,
      // Without a session yet, the question is for one.
      ...(sessionId === undefined
        ? { method: 'POST', path: '/sign-in' }
        : {
            method: 'GET',
            path: '/visits',
            headers: { cookie: stringifyCookie({ [SESSION_COOKIE]: sessionId }) },
          }),
    })
    outstanding = request
    const asked = { number: number++, method: request.method, path: request.path }
    const askedAtMs = performance.now()
    const afterMs = () => performance.now() - askedAtMs
    const limit = setTimeout(() => {
      // Silence may take away trust, and never gives it back to a peer that is down.
      if (belief.now !== 'down') belief.become('suspect', 'answer_missed', afterMs())
    }, answerWithinMs)

    const finish = () => {
      clearTimeout(limit)
      outstanding = undefined
    }
    // Says nothing about the peer: the socket's own events do, and know FIN from RST. Here both read
    // ECONNRESET, "socket hang up".
    const failed = (error: NodeJS.ErrnoException) => {
      if (outstanding !== request) return
      finish()
      const data = { number: asked.number, code: error.code ?? error.name, afterMs: afterMs() }
      emit('http:request_failed', data, belief.groupId)
    }

    request.once('socket', (used) => {
      if (used !== socket) adopt(used)
      emit('http:request_sent', asked, belief.groupId)
    })
    request.on('error', failed)
    request.once('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
        if (body.length > ANSWER_BYTES_MAX) request.destroy(new Error('the answer is too long'))
      })
      response.on('error', failed)
      response.once('end', () => {
        finish()
        const status = response.statusCode ?? 0
        emit('http:response_received', { number: asked.number, status, afterMs: afterMs() }, belief.groupId)
        belief.become('up', belief.now === 'suspect' ? 'answer_late' : 'heard')
        learn(status, response.headers['set-cookie'], body)
      })
    })
    request.end()
  }

  /** The agent opened a connection: everything from here on belongs to it. */
  function adopt(opened: net.Socket): void {
    socket = opened
    const groupId = groupIdOf(options.mechanism, opened.localPort)
    belief.groupId = groupId
    if (belief.now === 'unknown') belief.become('connecting', 'started')
    reportTcp(opened, emit, groupId, belief)
    opened.once('connect', () => emit('tcp:connected', addressesOf(opened), groupId))
  }

  /** What the answer says about the session. */
  function learn(status: number, setCookies: string[] | undefined, body: string): void {
    if (sessionId === undefined) {
      const given = setCookies
        ?.map((text) => parseSetCookie(text))
        .find(({ name }) => name === SESSION_COOKIE)
      if (given?.value === undefined) return
      sessionId = given.value
      emit('session:started', { session: sessionDigest(sessionId) }, belief.groupId)
      return
    }
    const session = sessionDigest(sessionId)
    const visits = visitsIn(body)
    // The cookie is kept after a refusal too: signing in again by itself would hide that a session ended.
    if (status === 401) emit('session:refused', { session, status }, belief.groupId)
    else if (visits !== undefined) emit('session:continued', { session, requests: visits }, belief.groupId)
  }

  const asking = setInterval(ask, intervalMs)
  ask()

  return {
    get port() {
      return socket?.localPort ?? 0
    },
    async close() {
      clearInterval(asking)
      belief.become('down', 'user_closed')
      const closed = socket && closeInOrder(socket, () => {})
      agent.destroy()
      await closed
    },
    observe() {
      if (socket && !socket.destroyed) observeTcp(socket, emit, belief.groupId)
    },
    write: ask,
    reset() {
      if (!socket || socket.destroyed) return
      belief.become('down', 'user_closed')
      socket.resetAndDestroy()
    },
  }
}

/** The answer comes from the network: it may be anything. */
function visitsIn(body: string): number | undefined {
  try {
    const { visits } = JSON.parse(body) as { visits?: unknown }
    return Number.isSafeInteger(visits) && (visits as number) >= 0 ? (visits as number) : undefined
  } catch {
    return undefined
  }
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'http-client',
    about: 'Signs in, then asks for its visits every two seconds with the same cookie.',
    mechanism: 'http',
    flags: connectFlags,
    start: async (values, emit) => startHttpClient({ mechanism: 'http', ...connectOptions(values) }, emit),
  })
}
