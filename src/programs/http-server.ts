/**
 * An HTTP server with sessions. The session lives in a Map of this process and in a cookie of the
 * client: it survives every connection, and dies with this process.
 */

import { randomBytes } from 'node:crypto'
import * as http from 'node:http'
import type * as net from 'node:net'
import { parseCookie, stringifySetCookie } from 'cookie'
import express, { type NextFunction, type Request, type Response } from 'express'
import type { Emitter } from '../events/emit.ts'
import { observeTcp } from '../kernel/socket-options.ts'
import { sessionDigest } from '../protocols/http-session/session.ts'
import type { PeerBelief } from './parts/belief.ts'
import { listenFlags, listenOptions, runByHand, runsAsFile } from './parts/command-line.ts'
import { HTTP_TIME_LIMITS } from './parts/connection-limits.ts'
import type { Program } from './parts/program.ts'
import { admitTcp, closeInOrder, groupIdOf, listen, stopListening, takeTcp } from './parts/tcp-events.ts'
import { webApplication } from './parts/web-application.ts'

export interface HttpServerOptions {
  mechanism: string
  host: string
  /** 0: any free port. */
  port: number
}

export const SESSION_COOKIE = 'session'

/** 128 random bits (OWASP asks for 64 at least): whoever could guess an id would have the session. */
const SESSION_ID_BYTES = 16

/** Anybody may sign in here as often as they like: the oldest session makes room. */
const SESSIONS_MAX = 1000

/** Resolves when it listens; rejects when it cannot (EADDRINUSE, ...). */
export async function startHttpServer(options: HttpServerOptions, emit: Emitter): Promise<Program> {
  const visitsOf = new Map<string, number>()
  const beliefs = new Map<net.Socket, PeerBelief>()
  // A client that has a session is no stranger.
  const { admits, keep } = admitTcp()

  const app = webApplication()
  app.use((request, response, next) => {
    const groupId = groupIdOfRequest(request)
    emit('http:request_received', { method: request.method, path: request.path.slice(0, 64) }, groupId)
    response.once('finish', () => emit('http:response_sent', { status: response.statusCode }, groupId))
    next()
  })
  // No request of ours has a body. One that has is read up to this limit, then refused with 413.
  app.use(express.raw({ type: () => true, limit: 64 }))

  // No password: who somebody is matters less here than recognising them.
  app.post('/sign-in', (request, response) => {
    const id = randomBytes(SESSION_ID_BYTES).toString('hex')
    visitsOf.set(id, 0)
    if (visitsOf.size > SESSIONS_MAX) visitsOf.delete(visitsOf.keys().next().value as string)
    emit('http-session:started', { session: sessionDigest(id) }, groupIdOfRequest(request))
    // HttpOnly: no script reads it. SameSite: no other site's form sends it. No Secure: this is no TLS.
    const cookie = { name: SESSION_COOKIE, value: id, httpOnly: true, sameSite: 'lax', path: '/' } as const
    response.setHeader('Set-Cookie', stringifySetCookie(cookie)).status(204).end()
  })

  app.get('/visits', (request, response) => {
    const id = parseCookie(request.headers.cookie ?? '')[SESSION_COOKIE] ?? ''
    const session = sessionDigest(id)
    const visits = visitsOf.get(id)
    if (visits === undefined) {
      emit('http-session:denied', { session, status: 401 }, groupIdOfRequest(request))
      response.status(401).json({ problem: 'no such session' })
      return
    }
    visitsOf.set(id, visits + 1)
    keep(request.socket)
    emit('http-session:continued', { session, requests: visits + 1 }, groupIdOfRequest(request))
    response.json({ visits: visits + 1 })
  })

  // Express would answer with the stack. It takes a function for an error handler by its four parameters.
  app.use((error: { status?: number }, _request: Request, response: Response, _next: NextFunction) => {
    // What is left of such a request is not waited for.
    response
      .setHeader('Connection', 'close')
      .status(error.status ?? 500)
      .json({ problem: 'refused' })
  })

  const server = http.createServer({ maxHeaderSize: 4096, ...HTTP_TIME_LIMITS }, app)
  // Node would close a connection after 5 idle seconds. In this lab only faults end connections.
  server.keepAliveTimeout = 0
  server.on('connection', (socket) => {
    if (!admits(socket)) return
    const groupId = groupIdOf(options.mechanism, socket.remotePort)
    beliefs.set(socket, takeTcp(socket, emit, groupId, 'accepted'))
    socket.once('close', () => beliefs.delete(socket))
  })
  const port = await listen(server, options)

  function groupIdOfRequest(request: Request): string {
    return groupIdOf(options.mechanism, request.socket.remotePort)
  }

  return {
    port,
    async close() {
      for (const belief of beliefs.values()) belief.become('down', 'user_closed')
      const closing = [...beliefs.keys()].map((socket) => closeInOrder(socket, () => socket.end()))
      await Promise.all([stopListening(server), ...closing])
    },
    observe() {
      for (const [socket, belief] of beliefs) observeTcp(socket, emit, belief.groupId)
    },
    write() {}, // an HTTP server speaks when it is asked
    reset() {
      for (const [socket, belief] of beliefs) {
        belief.become('down', 'user_closed')
        socket.resetAndDestroy()
      }
    },
  }
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'http-server',
    about: 'Signs clients in (POST /sign-in) and counts their visits (GET /visits).',
    mechanism: 'http',
    flags: listenFlags,
    start: async (values, emit) => startHttpServer({ mechanism: 'http', ...listenOptions(values) }, emit),
  })
}
