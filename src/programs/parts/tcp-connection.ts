/**
 * One established TCP connection. Its two ends do the same from here on: who called whom matters
 * only until then.
 */
import type * as net from 'node:net'
import type { Emitter } from '../../events/emit.ts'
import { applyKeepalive, applyUserTimeout, observeTcp } from '../../kernel/socket-options.ts'
import { HEARTBEAT_TIMING, type HeartbeatTiming } from '../../protocols/heartbeat/constants.ts'
import type { PeerBelief } from './belief.ts'
import type { Heartbeat } from './heartbeat.ts'
import { sendLine, startStreamHeartbeat } from './stream-heartbeat.ts'
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
  readonly #heartbeat: Heartbeat | undefined

  /** @param spoken with a heartbeat: called when the peer has said its first line */
  constructor(
    socket: net.Socket,
    options: TcpConnectionOptions,
    emit: Emitter,
    belief: PeerBelief,
    spoken?: () => void,
  ) {
    this.#socket = socket
    this.#emit = emit
    this.#belief = belief
    if (options.keepalive) applyKeepalive(socket, options.keepalive)
    if (options.userTimeoutMs !== undefined) applyUserTimeout(socket, options.userTimeoutMs)
    if (options.heartbeat) {
      this.#heartbeat = startStreamHeartbeat(socket, options.timing ?? HEARTBEAT_TIMING, emit, belief, spoken)
    } else socket.on('data', (chunk) => emit('tcp:received', { bytes: chunk.length }, belief.groupId))
  }

  write(): void {
    // Among heartbeats a PING is the line that disturbs nobody.
    if (this.#heartbeat) this.#heartbeat.ping()
    else if (sendLine(this.#socket, LINE))
      this.#emit('tcp:written', { bytes: LINE.length }, this.#belief.groupId)
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
}
