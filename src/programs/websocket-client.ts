/** A WebSocket client that connects once and never again. */
import type * as http from 'node:http'
import { WebSocket } from 'ws'
import type { Emitter } from '../events/emit.ts'
import { PeerBelief } from './parts/belief.ts'
import { connectFlags, connectOptions, runByHand, runsAsFile } from './parts/command-line.ts'
import type { Program } from './parts/program.ts'
import { addressesOf, closeInOrder, groupIdOf, openTcp, reportTcp } from './parts/tcp-events.ts'
import {
  HEADER_LOGGED_MAX,
  WEBSOCKET_OPTIONS,
  type WebSocketConduct,
  WebSocketConnection,
} from './parts/websocket-connection.ts'

export interface WebSocketClientOptions extends WebSocketConduct {
  mechanism: string
  host: string
  port: number
  /** `/` where left out. */
  path?: string
}

export interface WebSocketClient extends Program {
  readonly groupId: string
  /** Undefined before it is open. */
  connection(): WebSocketConnection | undefined
  /** Resolves when it is open, rejects when that came to nothing. */
  readonly opened: Promise<WebSocketConnection>
  /** Resolves when TCP is over too. */
  readonly closed: Promise<void>
}

/** From the SYN to the answer 101: a server that accepts and says nothing is given up. */
const HANDSHAKE_LIMIT_MS = 10_000

/** Resolves when the attempt has begun; whether it succeeds is an event. */
export function startWebSocketClient(
  options: WebSocketClientOptions,
  emit: Emitter,
): Promise<WebSocketClient> {
  return openTcp(options, (socket) => {
    const port = socket.localPort ?? 0
    const groupId = groupIdOf(options.mechanism, port)
    const belief = new PeerBelief(emit, groupId)
    let connection: WebSocketConnection | undefined

    reportTcp(socket, emit, groupId, belief)
    belief.become('connecting', 'started')
    socket.once('connect', () => emit('tcp:connected', addressesOf(socket), groupId))

    // Our own socket instead of one that ws would make, so that its port is known from the beginning.
    const { path = '/', closeTimeoutMs } = options
    const webSocket = new WebSocket(`ws://${options.host}:${options.port}${path}`, {
      ...WEBSOCKET_OPTIONS,
      handshakeTimeout: HANDSHAKE_LIMIT_MS,
      ...(closeTimeoutMs === undefined ? {} : { closeTimeout: closeTimeoutMs }),
      createConnection: () => socket,
      finishRequest(request: http.ClientRequest) {
        const header = (name: string) => String(request.getHeader(name) ?? '')
        const asked = { key: header('Sec-WebSocket-Key'), version: header('Sec-WebSocket-Version'), path }
        socket.once('connect', () => emit('websocket:upgrade_asked', asked, groupId))
        request.end()
      },
    })
    webSocket.once('upgrade', ({ headers }) => {
      const accept = String(headers['sec-websocket-accept'] ?? '').slice(0, HEADER_LOGGED_MAX)
      emit('websocket:upgrade_answered', { accept }, groupId)
    })
    // Before it is open, an error is the socket's (reportTcp tells it) or an answer that is no WebSocket.
    webSocket.on('error', () => {})
    // Only now: that TCP connected says that a kernel is there; this answer comes from the program.
    const opened = new Promise<WebSocketConnection>((resolve, reject) => {
      webSocket.once('open', () => {
        belief.become('up', 'connected')
        connection = new WebSocketConnection(webSocket, socket, options, emit, belief)
        resolve(connection)
      })
      webSocket.once('close', () => reject(new Error(`${groupId} was never open`)))
    })
    opened.catch(() => {}) // an event says it too, for who does not wait

    return {
      port,
      groupId,
      connection: () => connection,
      opened,
      closed: new Promise((resolve) => socket.once('close', () => resolve())),
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
