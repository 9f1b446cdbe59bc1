/**
 * HTTP servers and clients led step by step by a lab. There is no way to start it by hand: `http-server.ts`,
 * `http-client.ts` and curl(1) are for that.
 */
import * as http from 'node:http'
import type * as net from 'node:net'
import type { PeerBelief } from '../../parts/belief.ts'
import type { Scripted, ScriptedHost } from '../../parts/program.ts'
import { errorData, groupIdOf, listen, ofAllTcp, stopListening, takeTcp } from '../../parts/tcp-events.ts'
import type { Get, HttpClient } from './client.ts'
import type { HttpRequests } from './requests.ts'

export function scriptHttp({ address, emitterOf }: ScriptedHost): Scripted<HttpRequests> {
  const emit = emitterOf('http-script')
  const servers = new Map<string, http.Server>()
  const clients = new Map<string, Promise<HttpClient>>()
  const sockets = new Map<net.Socket, PeerBelief>()
  let number = 0

  /** From the first moment of a connection, at either end. */
  function take(socket: net.Socket, groupId: string, how: 'accepted' | 'connected'): void {
    sockets.set(socket, takeTcp(socket, emit, groupId, how))
    socket.once('close', () => sockets.delete(socket))
  }

  return {
    answer: {
      async httpListen({ mechanism, port, does, limits }) {
        if (servers.has(mechanism)) throw new RangeError(`"${mechanism}" serves already on this host`)
        const { keepAliveTimeoutMs, headersTimeoutMs, requestTimeoutMs, checkEveryMs } = limits
        const server = http.createServer(
          {
            ...(keepAliveTimeoutMs === undefined ? {} : { keepAliveTimeout: keepAliveTimeoutMs }),
            ...(headersTimeoutMs === undefined ? {} : { headersTimeout: headersTimeoutMs }),
            ...(requestTimeoutMs === undefined ? {} : { requestTimeout: requestTimeoutMs }),
            ...(checkEveryMs === undefined ? {} : { connectionsCheckingInterval: checkEveryMs }),
          },
          (request, response) => {
            const groupId = groupIdOf(mechanism, request.socket.remotePort)
            emit('http:request_received', { method: request.method ?? '?', path: '/' }, groupId)
            // Node's own listener comes first, and has set the limit by then.
            response.once('finish', () => {
              const { timeout: idleLimitMs = 0 } = request.socket
              emit('http:response_sent', { status: 200, idleLimitMs }, groupId)
            })
            request.resume()
            // Said by us, so that Node does not add for how long it waits for the next request.
            response.setHeader('Connection', 'keep-alive')
            if (does === 'answer') request.once('end', () => response.end('here'))
          },
        )
        server.on('connection', (socket) => take(socket, groupIdOf(mechanism, socket.remotePort), 'accepted'))
        const opened = await listen(server, { host: address, port })
        servers.set(mechanism, server)
        emit('http:limits_read', { mechanism, ...limitsOf(server) })
        return { port: opened }
      },

      async httpGet({ mechanism, address: host, port, by, headersTimeoutMs }) {
        const made =
          clients.get(mechanism) ??
          (by === 'node'
            ? Promise.resolve(pool(host, port))
            : // Large, and few hosts have a use for it.
              import('./undici-client.ts').then(({ undiciClient }) =>
                undiciClient(`http://${host}:${port}`, headersTimeoutMs),
              ))
        clients.set(mechanism, made)
        const client = await made
        const asked = { number: number++, method: 'GET', path: '/' }
        const askedAtMs = performance.now()
        let groupId = groupIdOf(mechanism, undefined)
        client
          .get((socket) => {
            groupId = groupIdOf(mechanism, socket.localPort)
            if (!sockets.has(socket)) take(socket, groupId, 'connected')
            emit('http:request_sent', asked, groupId)
          })
          .then((status) => ({ name: 'http:response_received', data: { status } }) as const)
          .catch((error) => ({ name: 'http:request_failed', data: { code: errorData(error).code } }) as const)
          .then(({ name, data }) => {
            const outcome = { number: asked.number, afterMs: performance.now() - askedAtMs, ...data }
            emit(name, outcome as never, groupId)
          })
        return null
      },
    },

    async close() {
      for (const client of await Promise.all(clients.values())) client.close()
      for (const socket of sockets.keys()) socket.destroy()
      await Promise.all([...servers.values()].map(stopListening))
    },
    ...ofAllTcp(sockets, emit),
  }
}

function limitsOf(server: http.Server) {
  const { connectionsCheckingInterval = 0 } = server as { connectionsCheckingInterval?: number }
  return {
    keepAliveTimeoutMs: server.keepAliveTimeout,
    headersTimeoutMs: server.headersTimeout,
    requestTimeoutMs: server.requestTimeout,
    checkEveryMs: connectionsCheckingInterval,
    timeoutMs: server.timeout,
  }
}

/** One connection that waits for its next request when it is not in use, as any keep-alive agent has. */
function pool(host: string, port: number): HttpClient {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const get: Get = (sent) =>
    new Promise((resolve, reject) => {
      const request = http.get({ host, port, agent }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0))
        response.once('error', reject)
      })
      request.once('error', reject)
      request.once('socket', (socket) => {
        if (socket.connecting) socket.once('connect', () => sent(socket))
        else sent(socket)
      })
    })
  return { get, close: () => agent.destroy() }
}
