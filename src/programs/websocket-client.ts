/** A WebSocket client that connects once and never again. */
import { WebSocket } from 'ws'
import type { Emitter } from '../events/emit.ts'
import { HEARTBEAT_TIMING, type HeartbeatTiming } from '../protocols/heartbeat/constants.ts'
import { PeerBelief } from './belief.ts'
import { connectFlags, connectOptions, runByHand, runsAsFile } from './command-line.ts'
import type { Program } from './program.ts'
import { addressesOf, closeInOrder, groupIdOf, openTcp, reportTcp } from './tcp-events.ts'
import { WEBSOCKET_OPTIONS, WebSocketConnection } from './websocket-connection.ts'

export interface WebSocketClientOptions {
  mechanism: string
  host: string
  port: number
  timing?: HeartbeatTiming | undefined
}

/** Resolves when the attempt has begun; whether it succeeds is an event. */
export function startWebSocketClient(options: WebSocketClientOptions, emit: Emitter): Promise<Program> {
  return openTcp(options, (socket) => {
    const port = socket.localPort ?? 0
    const groupId = groupIdOf(options.mechanism, port)
    const belief = new PeerBelief(emit, groupId)
    let connection: WebSocketConnection | undefined

    reportTcp(socket, emit, groupId, belief)
    belief.become('connecting', 'started')
    socket.once('connect', () => emit('tcp:connected', addressesOf(socket), groupId))

    // Our own socket instead of one that ws would make, so that its port is known from the beginning.
    const webSocket = new WebSocket(`ws://${options.host}:${options.port}/`, {
      ...WEBSOCKET_OPTIONS,
      createConnection: () => socket,
    })
    // Before it is open, an error is the socket's (reportTcp tells it) or an answer that is no WebSocket.
    webSocket.on('error', () => {})
    // Only now: that TCP connected says that a kernel is there; this answer comes from the program.
    webSocket.once('open', () => {
      belief.become('up', 'connected')
      connection = new WebSocketConnection(
        webSocket,
        socket,
        options.timing ?? HEARTBEAT_TIMING,
        emit,
        belief,
      )
    })

    return {
      port,
      async close() {
        belief.become('down', 'user_closed')
        await (connection?.close(1000) ?? closeInOrder(socket, () => socket.destroy()))
      },
      observe: () => connection?.observe(),
      write: () => connection?.write(),
      reset: () => connection?.reset(),
    }
  })
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'websocket-client',
    about: 'Opens a WebSocket, once, pings every second and judges the peer.',
    mechanism: 'websocket',
    flags: connectFlags,
    start: async (values, emit) =>
      startWebSocketClient({ mechanism: 'websocket', ...connectOptions(values) }, emit),
  })
}
