/**
 * An HTTP client that signs in and then asks, every two seconds, with the same cookie. Its connection
 * may break: the next request opens another, and the session goes on over it.
 *
 * undici, not node:http: since Node 24 the agent of node:http closes a connection that gets FIN or RST while
 * it waits for its next request, and tells nobody which of the two it was.
 */
import type * as net from 'node:net'
import { parseSetCookie, stringifyCookie } from 'cookie'
import { type buildConnector, Client } from 'undici'
import type { Emitter } from '../events/emit.ts'
import { observeTcp } from '../kernel/socket-options.ts'
import { sessionDigest } from '../protocols/http-session/session.ts'
import { SESSION_COOKIE } from './http-server.ts'
import { PeerBelief } from './parts/belief.ts'
import { connectFlags, connectOptions, runByHand, runsAsFile } from './parts/command-line.ts'
import { deadlineAfter } from './parts/deadline.ts'
import type { Program } from './parts/program.ts'
import { addressesOf, closeInOrder, errorData, groupIdOf, openTcp, reportTcp } from './parts/tcp-events.ts'
import { HTTP_TIMING, type HttpTiming } from './parts/timing.ts'

export interface HttpClientOptions {
  mechanism: string
  host: string
  port: number
  timing?: HttpTiming | undefined
}

const ANSWER_BYTES_MAX = 1024
/** Longer than any lab: nobody closes a connection here because it is idle. */
const IDLE_LIMIT_MS = 86_400_000
/** undici's own limits on an answer are off: in this client a limit only reports. */
const NO_LIMIT = 0

/** Resolves when the first request has been given away to be sent. */
export async function startHttpClient(options: HttpClientOptions, emit: Emitter): Promise<Program> {
  const { intervalMs, answerWithinMs } = options.timing ?? HTTP_TIMING
  const belief = new PeerBelief(emit, groupIdOf(options.mechanism, undefined))
  let socket: net.Socket | undefined
  let isOutstanding = false
  let sessionId: string | undefined
  let number = 0

  /** One connection at a time, opened when a request needs it. */
  const client = new Client(`http://${options.host}:${options.port}`, {
    connect: (_, connected) => void open(connected),
    keepAliveTimeout: IDLE_LIMIT_MS,
    keepAliveMaxTimeout: IDLE_LIMIT_MS,
    headersTimeout: NO_LIMIT,
    bodyTimeout: NO_LIMIT,
    maxResponseSize: ANSWER_BYTES_MAX,
  })

  /** Everything from here on belongs to a new connection. */
  function open(connected: buildConnector.Callback): Promise<void> {
    return openTcp(options, (opened) => {
      socket = opened
      const groupId = groupIdOf(options.mechanism, opened.localPort)
      belief.groupId = groupId
      if (belief.now === 'unknown') belief.become('connecting', 'started')
      reportTcp(opened, emit, groupId, belief)
      const failed = (error: Error) => connected(error, null)
      opened.once('error', failed)
      opened.once('connect', () => {
        emit('tcp:connected', addressesOf(opened), groupId)
        opened.off('error', failed)
        connected(null, opened)
      })
    })
  }

  function ask(): void {
    // At most one: a second question would not be answered before the first.
    if (isOutstanding) return
    isOutstanding = true
    // Without a session yet, the question is for one.
    const question =
      sessionId === undefined
        ? { method: 'POST' as const, path: '/sign-in' }
        : {
            method: 'GET' as const,
            path: '/visits',
            headers: { cookie: stringifyCookie({ [SESSION_COOKIE]: sessionId }) },
          }
    const asked = { number: number++, method: question.method, path: question.path }
    const askedAtMs = performance.now()
    const afterMs = () => performance.now() - askedAtMs
    let isFinished = false
    const judge = () => {
      // Silence may take away trust, and never gives it back to a peer that is down.
      if (!isFinished && belief.now !== 'down') belief.become('suspect', 'answer_missed', afterMs())
    }
    const limit = deadlineAfter(answerWithinMs, judge)
    const finish = () => {
      clearTimeout(limit)
      isFinished = true
      isOutstanding = false
    }

    let status = 0
    let setCookies: string[] = []
    let body = ''
    client.dispatch(question, {
      onRequestStart() {
        emit('http:request_sent', asked, belief.groupId)
      },
      onResponseStart(_, statusCode, headers) {
        status = statusCode
        setCookies = [headers['set-cookie'] ?? []].flat()
      },
      onResponseData(_, chunk) {
        body += chunk.toString('utf8')
      },
      onResponseEnd() {
        finish()
        emit('http:response_received', { number: asked.number, status, afterMs: afterMs() }, belief.groupId)
        belief.become('up', belief.now === 'suspect' ? 'answer_late' : 'heard')
        learn(status, setCookies, body)
      },
      // Says nothing about the peer: the socket's own events do.
      onResponseError(_, error) {
        finish()
        const { code } = errorData(error)
        emit('http:request_failed', { number: asked.number, code, afterMs: afterMs() }, belief.groupId)
      },
    })
  }

  /** What the answer says about the session. */
  function learn(status: number, setCookies: string[], body: string): void {
    if (sessionId === undefined) {
      const given = setCookies.map((text) => parseSetCookie(text)).find(({ name }) => name === SESSION_COOKIE)
      if (given?.value === undefined) return
      sessionId = given.value
      emit('http-session:started', { session: sessionDigest(sessionId) }, belief.groupId)
      return
    }
    const session = sessionDigest(sessionId)
    const visits = visitsIn(body)
    // The cookie is kept after a refusal too: signing in again by itself would hide that a session ended.
    if (status === 401) emit('http-session:denied', { session, status }, belief.groupId)
    else if (visits !== undefined)
      emit('http-session:continued', { session, requests: visits }, belief.groupId)
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
      await client.destroy()
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
