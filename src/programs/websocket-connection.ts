/**
 * One open WebSocket (RFC 6455), the same at both ends. Its heartbeat is WebSocket's own: ping frames
 * that carry the number, which the peer's library answers by itself with pong frames.
 */
import type * as net from 'node:net'
import { WebSocket } from 'ws'
import type { Emitter } from '../events/emit.ts'
import { observeTcp } from '../kernel/socket-options.ts'
import type { HeartbeatTiming } from '../protocols/heartbeat/constants.ts'
import { type Message, parseNumber, type Refusal } from '../protocols/heartbeat/message.ts'
import { excerptOf } from '../protocols/line-reader.ts'
import type { PeerBelief } from './belief.ts'
import { Heartbeat } from './heartbeat.ts'
import { closeInOrder } from './tcp-events.ts'

/** Both ends: nothing here is worth compressing, and a frame that claims more is a mistake or an attack. */
export const WEBSOCKET_OPTIONS = { perMessageDeflate: false, maxPayload: 1024 } as const

/** Frames waiting for a peer that does not read pile up in our memory: then we stop sending. */
const BUFFERED_BYTES_MAX = 16_384

const LINE = 'still here\n'

export class WebSocketConnection {
  readonly #webSocket: WebSocket
  readonly #socket: net.Socket
  readonly #emit: Emitter
  readonly #belief: PeerBelief

  constructor(
    webSocket: WebSocket,
    socket: net.Socket,
    timing: HeartbeatTiming,
    emit: Emitter,
    belief: PeerBelief,
  ) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.#emit = emit
    this.#belief = belief
    const { groupId } = belief
    emit('websocket:opened', {}, groupId)

    const heartbeat = new Heartbeat((message) => this.#sendFrame(message), timing, emit, belief)
    webSocket.on('ping', (payload) => heartbeat.take(frame('ping', payload)))
    webSocket.on('pong', (payload) => heartbeat.take(frame('pong', payload)))
    webSocket.on('message', (data: Buffer) => {
      emit('tcp:received', { bytes: data.length }, groupId)
      heartbeat.liveness.heard()
    })

    // Bytes that are no WebSocket: ws says goodbye with the code that names the rule (1002, 1009, ...).
    let refused = false
    webSocket.on('error', (error: NodeJS.ErrnoException) => {
      if (!error.code?.startsWith('WS_ERR_')) return // the socket's errors are told by reportTcp
      refused = true
      emit('heartbeat:line_refused', { problem: error.code, excerpt: error.message }, groupId)
      belief.become('down', 'user_closed')
    })

    // ws says 'close' only when also TCP has ended. The frame itself shows earlier: this end has not
    // called close(), and yet ws is closing. (Listening after ws did, we see the state it left.)
    socket.on('data', () => {
      if (webSocket.readyState === WebSocket.CLOSING && !refused) belief.become('down', 'close_frame')
    })
    webSocket.once('close', (code) => emit('websocket:close_received', { code }, groupId))
    for (const over of ['end', 'error', 'close']) socket.once(over, () => heartbeat.stop())

    heartbeat.start()
    heartbeat.liveness.watch()
  }

  write(): void {
    if (!this.#writable()) return
    this.#webSocket.send(LINE)
    this.#emit('tcp:written', { bytes: LINE.length }, this.#belief.groupId)
  }

  observe(): void {
    if (!this.#socket.destroyed) observeTcp(this.#socket, this.#emit, this.#belief.groupId)
  }

  /** @param code 1000: done; 1001: this server goes away (RFC 6455 section 7.4.1) */
  close(code: 1000 | 1001): Promise<void> {
    this.#belief.become('down', 'user_closed')
    return closeInOrder(this.#socket, () => this.#webSocket.close(code))
  }

  reset(): void {
    if (this.#socket.destroyed) return
    this.#belief.become('down', 'user_closed')
    this.#socket.resetAndDestroy()
  }

  #sendFrame({ kind, number }: Message): boolean {
    if (!this.#writable()) return false
    // A pong has been sent already when the ping is heard of: ws answers by itself.
    if (kind === 'ping') this.#webSocket.ping(String(number))
    return true
  }

  #writable(): boolean {
    return (
      this.#webSocket.readyState === WebSocket.OPEN && this.#webSocket.bufferedAmount < BUFFERED_BYTES_MAX
    )
  }
}

function frame(kind: Message['kind'], payload: Buffer): Message | Refusal {
  const number = parseNumber(payload.toString('latin1'))
  return number === undefined ? { problem: 'BAD_NUMBER', excerpt: excerptOf(payload) } : { kind, number }
}
