/**
 * WebSockets led step by step by a lab, and the page that a browser speaks from. There is no way to start it by
 * hand: `websocket-server.ts`, `websocket-client.ts` and `reconnecting-client.ts` are for that.
 */
import * as http from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Program, Scripted, ScriptedHost } from '../../parts/program.ts'
import { listen, stopListening } from '../../parts/tcp-events.ts'
import type { WebSocketConnection } from '../../parts/websocket-connection.ts'
import {
  startWebSocketSessionClient,
  startWebSocketSessionServer,
  type WebSocketSessionClient,
} from '../../parts/websocket-session.ts'
import { startReconnectingClient } from '../../reconnecting-client.ts'
import { startWebSocketClient, type WebSocketClient } from '../../websocket-client.ts'
import { startWebSocketServer, type WebSocketServer } from '../../websocket-server.ts'
import type { WebSocketRequests } from './requests.ts'

/** What chance says, in order; beyond it, chance itself. */
function drawsOf(draws: readonly number[]): () => number {
  const left = [...draws]
  return () => left.shift() ?? Math.random()
}

export function scriptWebSockets({ address, emitterOf }: ScriptedHost): Scripted<WebSocketRequests> {
  const emit = emitterOf('websocket-script')
  const servers = new Map<string, WebSocketServer>()
  const pages: http.Server[] = []
  const clients = new Map<string, WebSocketClient>()
  const reconnecting: Program[] = []
  const sessions = new Map<string, WebSocketSessionClient>()
  const sessionServers: Program[] = []
  const programs = (): Program[] => [
    ...servers.values(),
    ...clients.values(),
    ...reconnecting,
    ...sessions.values(),
    ...sessionServers,
  ]

  function find(groupId: string): WebSocketConnection | undefined {
    const accepted = [...servers.values()].flatMap((server) => server.connection(groupId) ?? [])
    return clients.get(groupId)?.connection() ?? accepted[0]
  }

  function known(groupId: string): WebSocketConnection {
    const found = find(groupId)
    if (found === undefined) throw new RangeError(`no open WebSocket "${groupId}" on this host`)
    return found
  }

  return {
    answer: {
      async webSocketListen({ mechanism, port, timings }) {
        if (servers.has(mechanism)) throw new RangeError(`"${mechanism}" listens already on this host`)
        const at = { mechanism, host: address, port }
        const server = await startWebSocketServer({ ...at, timing: null, timings, isObserved: true }, emit)
        servers.set(mechanism, server)
        return { port: server.port }
      },

      async webSocketPage({ html }) {
        const server = http.createServer((_request, response) => {
          response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html)
        })
        pages.push(server)
        return { port: await listen(server, { host: address, port: 0 }) }
      },

      async webSocketConnect({ mechanism, address: host, port, path, closeTimeoutMs }) {
        const to = { mechanism, host, port, path, closeTimeoutMs }
        const client = await startWebSocketClient({ ...to, timing: null, isObserved: true }, emit)
        clients.set(client.groupId, client)
        await client.opened
        return { groupId: client.groupId }
      },

      async webSocketReconnecting({ mechanism, address: host, port, limits, draws }) {
        for (const ofClient of draws) {
          const to = { mechanism, host, port, timing: null, limits, random: drawsOf(ofClient) }
          reconnecting.push(await startReconnectingClient(to, emit))
        }
        return null
      },

      async webSocketSessionServe({ mechanism, port, sessionTiming }) {
        const at = { mechanism, host: address, port }
        const server = await startWebSocketSessionServer({ ...at, timing: null, sessionTiming }, emit)
        sessionServers.push(server)
        return { port: server.port }
      },

      async webSocketSessionOpen({ mechanism, address: host, port, draws, ...settings }) {
        const to = { mechanism, host, port, timing: null, random: drawsOf(draws), ...settings }
        sessions.set(mechanism, await startWebSocketSessionClient(to, emit))
        return null
      },

      async webSocketSessionSay({ mechanism, count, everyMs }) {
        for (let number = 1; number <= count; number++) {
          const said = sessions.get(mechanism)?.say(`message ${number}`)
          if (said !== 'taken') throw new RangeError(`message ${number} was not taken: ${said}`)
          await delay(everyMs)
        }
        return null
      },

      async webSocketSend({ groupId, text }) {
        known(groupId).send(text)
        return null
      },

      async webSocketEnd({ groupId, call }) {
        // One that its kernel has ended meanwhile needs no end.
        find(groupId)?.endBy(call)
        return null
      },

      async webSocketRead({ groupId }) {
        const connection = known(groupId)
        connection.observe()
        return connection.read()
      },

      async webSocketBlock({ blockMs }) {
        const until = performance.now() + blockMs
        // As a program does that computes something: nothing else of this process runs meanwhile.
        while (performance.now() < until);
        emit('program:blocked', { blockedMs: blockMs + performance.now() - until })
        return null
      },
    },

    async close() {
      await Promise.all(programs().map((program) => program.close()))
      for (const page of pages) page.closeAllConnections()
      await Promise.all(pages.map(stopListening))
    },
    observe() {
      for (const program of programs()) program.observe()
    },
    reset() {
      for (const program of programs()) program.reset()
    },
  }
}
