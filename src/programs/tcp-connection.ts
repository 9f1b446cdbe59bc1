/**
 * One established TCP connection. Its two ends do the same from here on: who called whom matters
 * only until then.
 */
import type * as net from 'node:net'
import type { Emitter } from '../events/emit.ts'
import { applyKeepalive, applyUserTimeout, observeTcp } from '../kernel/socket-options.ts'
import { HEARTBEAT_TIMING, type HeartbeatTiming } from '../protocols/heartbeat/constants.ts'
import { formatLine, LineReader, type Message } from '../protocols/heartbeat/message.ts'
import type { PeerBelief } from './belief.ts'
import { Heartbeat } from './heartbeat.ts'
import { closeInOrder } from './tcp-events.ts'

/** What a program may ask of TCP, or add to it. Nothing: an idle connection is never checked at all. */
export interface TcpConnectionOptions {
  /** The kernel asks the peer's kernel (RFC 9293 section 3.8.4). */
  keepalive?: { idleMs: number; intervalMs: number; probes: number } | undefined
  /** How long data may stay unacknowledged (RFC 5482). */
  userTimeoutMs?: number | undefined
  /** The program asks the peer's program. */
  heartbeat?: boolean | undefined
  timing?: HeartbeatTiming | undefined
}

const LINE = 'still here\n'

export class TcpConnection {
  readonly #socket: net.Socket
  readonly #emit: Emitter
  readonly #belief: PeerBelief
  #heartbeat: Heartbeat | undefined

  constructor(socket: net.Socket, options: TcpConnectionOptions, emit: Emitter, belief: PeerBelief) {
    this.#socket = socket
    this.#emit = emit
    this.#belief = belief
    if (options.keepalive) applyKeepalive(socket, options.keepalive)
    if (options.userTimeoutMs !== undefined) applyUserTimeout(socket, options.userTimeoutMs)
    if (options.heartbeat) this.#startHeartbeat(options.timing ?? HEARTBEAT_TIMING)
    else socket.on('data', (chunk) => emit('tcp:received', { bytes: chunk.length }, belief.groupId))
  }

  write(): void {
    // Among heartbeats a PING is the line that disturbs nobody.
    if (this.#heartbeat) this.#heartbeat.ping()
    else if (this.#send(LINE)) this.#emit('tcp:written', { bytes: LINE.length }, this.#belief.groupId)
  }

  observe(): void {
    if (!this.#socket.destroyed) observeTcp(this.#socket, this.#emit, this.#belief.groupId)
  }

  close(): Promise<void> {
    this.#belief.become('down', 'user_closed')
    return closeInOrder(this.#socket, () => this.#socket.end())
  }

  reset(): void {
    if (this.#socket.destroyed) return
    this.#belief.become('down', 'user_closed')
    this.#socket.resetAndDestroy()
  }

  /**
   * After FIN, ours or the peer's, nothing can be sent any more. While a peer does not read, nothing
   * should be: it would only pile up in our memory.
   */
  #send(text: string): boolean {
    const { writable, writableNeedDrain } = this.#socket
    if (!writable || writableNeedDrain) return false
    this.#socket.write(text)
    return true
  }

  #startHeartbeat(timing: HeartbeatTiming): void {
    const heartbeat = new Heartbeat(
      (message: Message) => this.#send(formatLine(message)),
      timing,
      this.#emit,
      this.#belief,
    )
    const reader = new LineReader()
    this.#socket.on('data', (chunk) => {
      reader.push(chunk)
      for (let next = reader.next(); next !== 'incomplete'; next = reader.next()) heartbeat.take(next)
    })
    this.#socket.once('end', () => {
      const cut = reader.end()
      if (cut) heartbeat.take(cut)
    })
    for (const over of ['end', 'error', 'close']) this.#socket.once(over, () => heartbeat.stop())
    this.#heartbeat = heartbeat
    heartbeat.start()
    heartbeat.liveness.watch()
  }
}
