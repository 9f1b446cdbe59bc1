/**
 * One end of a TCP connection that a lab leads step by step: each method is one call that any program makes, and
 * what comes of it is an event.
 */
import type * as net from 'node:net'
import type { Emitter } from '../../../events/emit.ts'
import type { EventData } from '../../../events/vocabulary.ts'
import { applyKeepalive, applyUserTimeout, observeTcp } from '../../../kernel/socket-options.ts'
import type { HeartbeatTiming } from '../../../protocols/heartbeat/constants.ts'
import { PeerBelief } from '../../parts/belief.ts'
import { startStreamHeartbeat } from '../../parts/stream-heartbeat.ts'
import { errorData, reportTcp } from '../../parts/tcp-events.ts'
import { LineOrder } from './numbered-lines.ts'
import type { ConnectOutcome, TcpAct, TcpConduct, TcpSetting } from './requests.ts'

/** What may wait in this process for its kernel to take it. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024

export class ScriptedConnection {
  readonly socket: net.Socket
  readonly belief: PeerBelief
  /** Of the attempt to connect. Never rejects. */
  readonly outcome: Promise<ConnectOutcome>
  readonly #groupId: string
  readonly #remote: string
  readonly #emit: Emitter
  readonly #timing: HeartbeatTiming | undefined

  /** @throws TypeError where the system lacks an option of `conduct` */
  constructor(socket: net.Socket, groupId: string, remote: string, conduct: TcpConduct, emit: Emitter) {
    this.socket = socket
    this.belief = new PeerBelief(emit, groupId)
    this.outcome = outcomeOf(socket)
    this.#groupId = groupId
    this.#remote = remote
    this.#emit = emit
    reportTcp(socket, emit, groupId, this.belief)
    socket.once('finish', () => emit('tcp:end_sent', {}, groupId))
    socket.on('timeout', () => emit('tcp:idle_timeout', {}, groupId))
    if (conduct.does === 'nothing') socket.pause()
    this.#timing = conduct.heartbeat
    if (conduct.heartbeat === undefined) {
      const order = conduct.does === 'number' ? new LineOrder() : null
      socket.on('data', (chunk) => {
        const seen = order === null ? {} : { misplaced: order.take(chunk) }
        emit('tcp:received', { bytes: chunk.length, ...seen }, groupId)
        if (conduct.does === 'echo') this.write(chunk)
      })
    }
    // A fixed port that is taken has ended it by now.
    if (socket.destroyed) return
    applyConduct(socket, conduct)
  }

  /** It is open, and this end knows it: from now on a heartbeat speaks and judges, where it has one. */
  open(trigger: 'connected' | 'accepted'): void {
    this.belief.become('up', trigger)
    if (this.#timing !== undefined) startStreamHeartbeat(this.socket, this.#timing, this.#emit, this.belief)
  }

  write(data: Buffer): void {
    const bytes = data.length
    if (this.socket.writableLength + bytes > WAITING_BYTES_MAX) {
      this.#emit('tcp:write_failed', { bytes, code: 'ENOBUFS' }, this.#groupId)
      return
    }
    // Called when the kernel has taken the last byte.
    this.socket.write(data, (error?: NodeJS.ErrnoException | null) => {
      // Of a socket that is over Node says that all was written; what had been is not known.
      const over = this.socket.destroyed ? (this.socket.errored ?? new Error('closed')) : null
      const failed = (error ?? over) as NodeJS.ErrnoException | null
      if (failed === null) this.#emit('tcp:written', { bytes }, this.#groupId)
      else this.#emit('tcp:write_failed', { bytes, code: failed.code ?? failed.message }, this.#groupId)
    })
  }

  act(act: TcpAct): void {
    switch (act) {
      case 'stopReading':
        this.socket.pause()
        letKernelRead(this.socket, false)
        this.#emit('tcp:reading_stopped', {}, this.#groupId)
        return
      case 'resumeReading':
        this.#emit('tcp:reading_resumed', {}, this.#groupId)
        this.socket.resume()
        letKernelRead(this.socket, true)
        return
      case 'end':
        if (!this.socket.allowHalfOpen) this.belief.become('down', 'user_closed')
        this.socket.end()
        return
      case 'destroy':
      case 'resetAndDestroy':
        if (this.socket.destroyed) return
        this.#emit('tcp:destroyed', { reset: act === 'resetAndDestroy' }, this.#groupId)
        this.belief.become('down', 'user_closed')
        this.socket[act]()
    }
  }

  set(setting: TcpSetting): void {
    const { socket } = this
    if ('keepalive' in setting) applyKeepalive(socket, setting.keepalive)
    else if ('userTimeoutMs' in setting) applyUserTimeout(socket, setting.userTimeoutMs)
    else if ('setKeepAlive' in setting) socket.setKeepAlive(...setting.setKeepAlive)
    else if ('setTimeout' in setting) socket.setTimeout(...setting.setTimeout)
    else socket.setNoDelay(...setting.setNoDelay)
    const [name, value] = Object.entries(setting)[0] ?? []
    const call = `${name}(${JSON.stringify(value).replace(/^\[|\]$/g, '')})`
    this.#emit('tcp:option_set', { call }, this.#groupId)
  }

  /** null where there is nothing to ask any more, or no way to. */
  observe(): EventData<'kernel:tcp_info_read'> | null {
    return this.socket.destroyed ? null : observeTcp(this.socket, this.#emit, this.#groupId, this.#remote)
  }
}

/** Sets what the kernel has to know of it. @throws TypeError where the system lacks an option */
export function applyConduct(
  socket: net.Socket | net.Server,
  { keepalive, userTimeoutMs }: TcpConduct,
): void {
  if (keepalive !== undefined) applyKeepalive(socket, keepalive)
  if (userTimeoutMs !== undefined) applyUserTimeout(socket, userTimeoutMs)
}

function outcomeOf(socket: net.Socket): Promise<ConnectOutcome> {
  return new Promise((resolve) => {
    if (!socket.connecting && !socket.destroyed) resolve({ outcome: 'connected' })
    socket.once('connect', () => resolve({ outcome: 'connected' }))
    socket.once('error', (error) => resolve({ outcome: 'failed', code: errorData(error).code }))
    socket.once('close', () => resolve({ outcome: 'failed', code: 'closed' }))
  })
}

/**
 * pause() alone reads on until 64 KiB wait in this process, where no kernel counts them; and after a stop by
 * force resume() alone would wait for a read that it believes to be under way.
 */
function letKernelRead(socket: net.Socket, reading: boolean): void {
  const { _handle: handle } = socket as {
    _handle?: { reading: boolean; readStart(): void; readStop(): void } | null
  }
  if (!handle || socket.connecting || handle.reading === reading) return
  handle.reading = reading
  if (reading) handle.readStart()
  else handle.readStop()
}
