/** A WebSocket server. A client begins with an HTTP request on a TCP connection, which it then keeps. */
import * as http from 'node:http'
import type * as net from 'node:net'
import { WebSocketServer as Upgrades } from 'ws'
import type { Emitter } from '../events/emit.ts'
import type { EventData } from '../events/vocabulary.ts'
import type { HeartbeatTiming } from '../protocols/heartbeat/constants.ts'
import { PeerBelief } from './parts/belief.ts'
import { listenFlags, listenOptions, runByHand, runsAsFile } from './parts/command-line.ts'
import { HTTP_TIME_LIMITS } from './parts/connection-limits.ts'
import type { Program } from './parts/program.ts'
import {
  addressesOf,
  admitTcp,
  closeInOrder,
  groupIdOf,
  listen,
  reportTcp,
  stopListening,
} from './parts/tcp-events.ts'
import {
  HEADER_LOGGED_MAX,
  WEBSOCKET_OPTIONS,
  type WebSocketConduct,
  WebSocketConnection,
} from './parts/websocket-connection.ts'

export interface WebSocketServerOptions extends WebSocketConduct {
  mechanism: string
  host: string
  /** 0: any free port. */
  port: number
  /** When it pings and judges on a path of its own; `timing` on all others. */
  timings?: Readonly<Record<string, HeartbeatTiming>> | undefined
}

export interface WebSocketServer extends Program {
  /** The connection of a client, while it is open. */
  connection(groupId: string): WebSocketConnection | undefined
}

/** Resolves when it listens; rejects when it cannot (EADDRINUSE, ...). */
export async function startWebSocketServer(
  options: WebSocketServerOptions,
  emit: Emitter,
): Promise<WebSocketServer> {
  const beliefs = new Map<net.Socket, PeerBelief>()
  const connections = new Map<string, WebSocketConnection>()

  // A client that has a WebSocket is no stranger.
  const { admits, keep } = admitTcp()
  const server = http.createServer(HTTP_TIME_LIMITS, (_request, response) => {
    // Upgrade Required (RFC 9110 section 15.5.22). Node destroys the connection after it.
    response.writeHead(426, { upgrade: 'websocket', connection: 'close' }).end()
  })
  server.on('connection', (socket) => {
    if (!admits(socket)) return
    const groupId = groupIdOf(options.mechanism, socket.remotePort)
    const belief = new PeerBelief(emit, groupId)
    reportTcp(socket, emit, groupId, belief)
    emit('tcp:accepted', addressesOf(socket), groupId)
    belief.become('up', 'accepted')
    beliefs.set(socket, belief)
    socket.once('close', () => beliefs.delete(socket))
  })

  const upgrades = new Upgrades({ noServer: true, ...WEBSOCKET_OPTIONS })
  upgrades.on('headers', (lines, { socket }) => {
    const accept = lines.find((line) => line.startsWith('Sec-WebSocket-Accept: '))?.split(': ')[1] ?? ''
    emit('websocket:upgrade_answered', { accept }, groupIdOf(options.mechanism, socket.remotePort))
  })
  server.on('upgrade', (request, socket, head) => {
    const { url: path = '/' } = request
    emit(
      'websocket:upgrade_asked',
      askedFor(request),
      groupIdOf(options.mechanism, request.socket.remotePort),
    )
    upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      const belief = beliefs.get(request.socket)
      if (belief === undefined) return // closed while it was upgraded
      keep(request.socket)
      const conduct = { ...options, timing: options.timings?.[path] ?? options.timing }
      const connection = new WebSocketConnection(webSocket, request.socket, conduct, emit, belief, path)
      connections.set(belief.groupId, connection)
      socket.once('close', () => connections.delete(belief.groupId))
    })
  })
  const port = await listen(server, options)

  return {
    port,
    connection: (groupId) => connections.get(groupId),
    async close() {
      const stopped = stopListening(server)
      await Promise.all([...connections.values()].map((connection) => connection.close(1001)))
      // Who never asked for a WebSocket gets a plain FIN.
      await Promise.all([...beliefs.keys()].map((socket) => closeInOrder(socket, () => socket.end())))
      await stopped
    },
    observe() {
      for (const connection of connections.values()) connection.observe()
    },
    write() {
      for (const connection of connections.values()) connection.write()
    },
    reset() {
      for (const connection of connections.values()) connection.reset()
    },
  }
}

/** What a request to upgrade says, shortened: whoever connects wrote it. */
function askedFor({ headers, url = '/' }: http.IncomingMessage): EventData<'websocket:upgrade_asked'> {
  const header = (name: string) => {
    const value = headers[name]
    return typeof value === 'string' ? value.slice(0, HEADER_LOGGED_MAX) : undefined
  }
  const origin = header('origin')
  const extensions = header('sec-websocket-extensions')
  return {
    key: header('sec-websocket-key') ?? '',
    version: header('sec-websocket-version') ?? '',
    path: url.slice(0, HEADER_LOGGED_MAX),
    ...(origin === undefined ? {} : { origin }),
    ...(extensions === undefined ? {} : { extensions }),
  }
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'websocket-server',
    about: 'Accepts WebSockets, pings each every second and judges it.',
    mechanism: 'websocket',
    flags: listenFlags,
    start: async (values, emit) =>
      startWebSocketServer({ mechanism: 'websocket', ...listenOptions(values) }, emit),
  })
}
