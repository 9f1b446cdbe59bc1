/** A WebSocket server. A client begins with an HTTP request on a TCP connection, which it then keeps. */
import * as http from 'node:http'
import type * as net from 'node:net'
import { WebSocketServer } from 'ws'
import type { Emitter } from '../events/emit.ts'
import { HEARTBEAT_TIMING, type HeartbeatTiming } from '../protocols/heartbeat/constants.ts'
import { PeerBelief } from './belief.ts'
import { listenFlags, listenOptions, runByHand, runsAsFile } from './command-line.ts'
import type { Program } from './program.ts'
import { addressesOf, closeInOrder, groupIdOf, listen, reportTcp, stopListening } from './tcp-events.ts'
import { WEBSOCKET_OPTIONS, WebSocketConnection } from './websocket-connection.ts'

export interface WebSocketServerOptions {
  mechanism: string
  host: string
  /** 0: any free port. */
  port: number
  timing?: HeartbeatTiming | undefined
}

/** Resolves when it listens; rejects when it cannot (EADDRINUSE, ...). */
export async function startWebSocketServer(options: WebSocketServerOptions, emit: Emitter): Promise<Program> {
  const beliefs = new Map<net.Socket, PeerBelief>()
  const connections = new Set<WebSocketConnection>()

  const server = http.createServer((_request, response) => {
    response.writeHead(426, { upgrade: 'websocket' }).end() // Upgrade Required (RFC 9110 section 15.5.22)
  })
  server.on('connection', (socket) => {
    const groupId = groupIdOf(options.mechanism, socket.remotePort)
    const belief = new PeerBelief(emit, groupId)
    reportTcp(socket, emit, groupId, belief)
    emit('tcp:accepted', addressesOf(socket), groupId)
    belief.become('up', 'accepted')
    beliefs.set(socket, belief)
    socket.once('close', () => beliefs.delete(socket))
  })

  const upgrades = new WebSocketServer({ noServer: true, ...WEBSOCKET_OPTIONS })
  server.on('upgrade', (request, socket, head) => {
    upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      const belief = beliefs.get(request.socket)
      if (belief === undefined) return // closed while it was upgraded
      const timing = options.timing ?? HEARTBEAT_TIMING
      const connection = new WebSocketConnection(webSocket, request.socket, timing, emit, belief)
      connections.add(connection)
      socket.once('close', () => connections.delete(connection))
    })
  })
  const port = await listen(server, options)

  return {
    port,
    async close() {
      const stopped = stopListening(server)
      await Promise.all([...connections].map((connection) => connection.close(1001)))
      // Who never asked for a WebSocket gets a plain FIN.
      await Promise.all([...beliefs.keys()].map((socket) => closeInOrder(socket, () => socket.end())))
      await stopped
    },
    observe() {
      for (const connection of connections) connection.observe()
    },
    write() {
      for (const connection of connections) connection.write()
    },
    reset() {
      for (const connection of connections) connection.reset()
    },
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
