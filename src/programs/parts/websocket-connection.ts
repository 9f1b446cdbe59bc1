/**
 * One open WebSocket (RFC 6455), the same at both ends. Its heartbeat is WebSocket's own: ping frames
 * that carry the number, which the peer's library answers by itself with pong frames.
 */
import type * as net from 'node:net'
import { WebSocket } from 'ws'
import type { Emitter } from '../../events/emit.ts'
import type { EventData } from '../../events/vocabulary.ts'
import { observeTcp } from '../../kernel/socket-options.ts'
import {
  HEARTBEAT_TIMING,
  type HeartbeatTiming,
  LINES_PER_SECOND_MAX,
} from '../../protocols/heartbeat/constants.ts'
import { type Message, parseNumber, type Refusal } from '../../protocols/heartbeat/message.ts'
import { excerptOf } from '../../protocols/line-reader.ts'
import { RateLimit } from '../../protocols/rate-limit.ts'
import { FrameReader } from '../../protocols/websocket/frame.ts'
import type { PeerBelief } from './belief.ts'
import { Heartbeat } from './heartbeat.ts'
import { closeInOrder } from './tcp-events.ts'

/**
 * Both ends: nothing here is worth compressing, and a message that is longer, or in more pieces, is a mistake or
 * an attack.
 */
export const WEBSOCKET_OPTIONS = { perMessageDeflate: false, maxPayload: 1024, maxFragments: 64 } as const

/** What of a header of the handshake is logged. */
export const HEADER_LOGGED_MAX = 200

/** Frames waiting for a peer that does not read pile up in our memory: then we stop sending. */
const BUFFERED_BYTES_MAX = 16_384

const LINE = 'still here\n'

const readyStates = ['connecting', 'open', 'closing', 'closed'] as const

/** What the two ends of a connection may do beyond being one. */
export interface WebSocketConduct {
  /** When it speaks and judges; null: it says nothing by itself and judges nobody. */
  timing?: HeartbeatTiming | null | undefined
  /** How long close() waits for the peer's close frame; ws's own limit where left out. */
  closeTimeoutMs?: number | undefined
  /** Logs each frame header and each message as well. */
  isObserved?: boolean | undefined
  /** Called when it is open: whoever it is for listens to it from here on. */
  onOpen?: ((connection: WebSocketConnection) => void) | undefined
}

/** What ws waits for the peer's close frame when nobody says otherwise (its README, `closeTimeout`). */
const CLOSE_TIMEOUT_MS = 30_000

export class WebSocketConnection {
  readonly #webSocket: WebSocket
  readonly #socket: net.Socket
  readonly #emit: Emitter
  readonly #belief: PeerBelief
  readonly #closeTimeoutMs: number
  readonly #isObserved: boolean
  readonly #rate = new RateLimit(LINES_PER_SECOND_MAX)

  /** @param path as the server was asked for it; the client knows what it asked */
  constructor(
    webSocket: WebSocket,
    socket: net.Socket,
    {
      timing = HEARTBEAT_TIMING,
      closeTimeoutMs = CLOSE_TIMEOUT_MS,
      isObserved = false,
      onOpen,
    }: WebSocketConduct,
    emit: Emitter,
    belief: PeerBelief,
    path?: string,
  ) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.#emit = emit
    this.#belief = belief
    this.#closeTimeoutMs = closeTimeoutMs
    this.#isObserved = isObserved
    const { groupId } = belief
    emit('websocket:opened', path === undefined ? {} : { path: path.slice(0, HEADER_LOGGED_MAX) }, groupId)
    if (isObserved) this.#logFrames()

    webSocket.on('message', (data: Buffer, isBinary: boolean) => this.#heard(data, isBinary))
    if (timing !== null) this.#speak(timing)

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
    onOpen?.(this)
  }

  /** Pings at each interval, and judges the peer by whatever arrives. */
  #speak(timing: HeartbeatTiming): void {
    const webSocket = this.#webSocket
    const heartbeat = new Heartbeat((message) => this.#sendFrame(message), timing, this.#emit, this.#belief)
    webSocket.on('ping', (payload) => heartbeat.take(frame('ping', payload)))
    webSocket.on('pong', (payload) => heartbeat.take(frame('pong', payload)))
    webSocket.on('message', () => heartbeat.liveness.heard())
    for (const over of ['end', 'error', 'close']) this.#socket.once(over, () => heartbeat.stop())
    heartbeat.start()
    heartbeat.liveness.watch()
  }

  /** Whoever sends too many messages a second is heard, and not quoted. */
  #heard(data: Buffer, isBinary: boolean): void {
    const { groupId } = this.#belief
    if (this.#rate.take(performance.now()) !== 'admit') return
    this.#emit('tcp:received', { bytes: data.length }, groupId)
    if (!this.#isObserved || isBinary) return
    this.#emit('websocket:message_received', { text: excerptOf(data) }, groupId)
  }

  #logFrames(): void {
    const reader = new FrameReader()
    const rate = new RateLimit(LINES_PER_SECOND_MAX)
    this.#socket.on('data', (bytes: Buffer) => {
      for (const seen of reader.take(bytes)) {
        if (rate.take(performance.now()) !== 'admit') continue
        this.#emit('websocket:frame_received', seen, this.#belief.groupId)
      }
    })
  }

  /** `<mechanism>:<client port>`, the same at both ends. */
  get groupId(): string {
    return this.#belief.groupId
  }

  /** Called with each text message from now on. */
  onMessage(listener: (text: string) => void): void {
    this.#webSocket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) listener(data.toString())
    })
  }

  /** Called when it is over, TCP too. */
  onClose(listener: () => void): void {
    this.#webSocket.once('close', listener)
  }

  /** Gives the library a message; not when it has no room, or is open no more. */
  send(text: string): 'taken' | 'not-taken' {
    if (!this.#writable()) return 'not-taken'
    this.#webSocket.send(text)
    if (this.#isObserved) this.#emit('websocket:message_sent', { text }, this.#belief.groupId)
    return 'taken'
  }

  /** Logs, and returns, what the object says of itself. */
  read(): EventData<'websocket:state_read'> {
    const { readyState, bufferedAmount } = this.#webSocket
    const state = { readyState: readyStates[readyState], bufferedBytes: bufferedAmount }
    this.#emit('websocket:state_read', state, this.#belief.groupId)
    return state
  }

  /** One call of the program, and no waiting: what comes of it is an event. */
  endBy(call: 'close' | 'terminate'): void {
    this.#emit('websocket:ended_by', { call, closeTimeoutMs: this.#closeTimeoutMs }, this.#belief.groupId)
    this.#belief.become('down', 'user_closed')
    if (call === 'close') this.#webSocket.close(1000)
    else this.#webSocket.terminate()
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
