/**
 * TCP sockets led step by step by a lab: each request is one call that any program makes, and what comes of it
 * is an event. There is no way to start it by hand: `tcp-server.ts`, `tcp-client.ts` and nc(1) are for that.
 *
 * A connection is known by its group id, which both ends can read off it: mechanism and client port.
 */
import * as net from 'node:net'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import type { Emitter } from '../events/emit.ts'
import type { EventData } from '../events/vocabulary.ts'
import { applyKeepalive, applyUserTimeout, type Keepalive, observeTcp } from '../kernel/socket-options.ts'
import { PeerBelief } from './belief.ts'
import type { Scripted } from './program.ts'
import {
  addressesOf,
  closeInOrder,
  errorData,
  groupIdOf,
  listen,
  openTcp,
  reportTcp,
  stopListening,
} from './tcp-events.ts'

/** Closed ones are remembered, since to write on one is an experiment too. */
const CONNECTIONS_MAX = 2000
/** What may wait in this process for its kernel to take it. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024
/** Node's own default; the kernel takes no more than net.core.somaxconn. */
const BACKLOG = 511

/** What a connection does from the start, and with what it is set. */
export interface TcpConduct {
  /** `nothing`: what arrives stays unread in the kernel. */
  does: 'read' | 'nothing' | 'echo'
  /** Goes on sending after the peer's FIN. */
  allowHalfOpen?: boolean
  keepalive?: Keepalive
  userTimeoutMs?: number
}

/** Setters of Node's own (`setKeepAlive`, ...) with their arguments, or what only the kernel offers. */
export type TcpSetting =
  | { setKeepAlive: [enable: boolean, initialDelayMs: number] }
  | { setTimeout: [ms: number] }
  | { setNoDelay: [noDelay: boolean] }
  | { keepalive: Keepalive }
  | { userTimeoutMs: number }

export type TcpAct = 'stopReading' | 'resumeReading' | 'end' | 'destroy' | 'resetAndDestroy'

/** How an attempt to connect ended; `pending`: it has not, in the time given. */
export type ConnectOutcome = { outcome: 'connected' | 'pending' } | { outcome: 'failed'; code: string }

export interface TcpRequests {
  /** Listen; port 0: any free one. Rejects with EADDRINUSE, ... */
  tcpListen: {
    ask: { mechanism: string; port: number; backlog?: number; conduct: TcpConduct }
    answer: { port: number }
  }
  /** Stop listening; connections live on. */
  tcpStopListening: { ask: { mechanism: string }; answer: null }
  /** Begin to connect. Answered when the attempt has begun; events tell what becomes of it. */
  tcpConnect: {
    ask: { mechanism: string; address: string; port: number; localPort?: number; conduct: TcpConduct }
    answer: { groupId: string }
  }
  /** Wait for that. */
  tcpOutcome: { ask: { groupId: string; withinMs: number }; answer: ConnectOutcome }
  /** Write. `waitingBytes` are still in this process, since the kernel's send queue is full. */
  tcpWrite: {
    ask: { groupId: string; text: string } | { groupId: string; bytes: number }
    answer: { waitingBytes: number }
  }
  tcpAct: { ask: { groupId: string; act: TcpAct }; answer: null }
  /** Log options and TCP_INFO; null where there is nothing to ask any more, or no way to. */
  tcpObserve: { ask: { groupId: string }; answer: EventData<'kernel:tcp_info_read'> | null }
  tcpSet: { ask: { groupId: string; setting: TcpSetting }; answer: null }
}

interface Connection {
  socket: net.Socket
  groupId: string
  remote: string
  belief: PeerBelief
  /** Never rejects. */
  outcome: Promise<ConnectOutcome>
}

/** @param address where listeners listen */
export function scriptTcp(address: string, emit: Emitter): Scripted<TcpRequests> {
  const servers = new Map<string, net.Server>()
  const connections = new Map<string, Connection>()

  function known(groupId: string): Connection {
    const found = connections.get(groupId)
    if (found === undefined) throw new RangeError(`no connection "${groupId}" on this host`)
    return found
  }

  /** From the first moment of a connection, at either end. */
  function take(socket: net.Socket, groupId: string, remote: string, conduct: TcpConduct): Connection {
    const before = connections.get(groupId)
    if (connections.size >= CONNECTIONS_MAX || (before !== undefined && !before.socket.destroyed)) {
      socket.destroy()
      throw new RangeError(`cannot take connection "${groupId}": there is one, or ${CONNECTIONS_MAX} others`)
    }
    const belief = new PeerBelief(emit, groupId)
    const connection = { socket, groupId, remote, belief, outcome: outcomeOf(socket) }
    connections.set(groupId, connection)
    reportTcp(socket, emit, groupId, belief)
    socket.once('finish', () => emit('tcp:end_sent', {}, groupId))
    socket.on('timeout', () => emit('tcp:idle_timeout', {}, groupId))
    if (conduct.does === 'nothing') socket.pause()
    socket.on('data', (chunk) => {
      emit('tcp:received', { bytes: chunk.length }, groupId)
      if (conduct.does === 'echo') write(connection, chunk)
    })
    if (socket.destroyed) return connection
    if (conduct.keepalive) applyKeepalive(socket, conduct.keepalive)
    if (conduct.userTimeoutMs !== undefined) applyUserTimeout(socket, conduct.userTimeoutMs)
    return connection
  }

  function write({ socket, groupId }: Connection, data: Buffer): void {
    const bytes = data.length
    if (socket.writableLength + bytes > WAITING_BYTES_MAX) {
      emit('tcp:write_failed', { bytes, code: 'ENOBUFS' }, groupId)
      return
    }
    // Called when the kernel has taken the last byte.
    socket.write(data, (error?: NodeJS.ErrnoException | null) => {
      // Of a socket that is over Node says that all was written; what had been is not known.
      const failed = error ?? (socket.destroyed ? (socket.errored ?? new Error()) : null)
      if (failed === null) emit('tcp:written', { bytes }, groupId)
      else
        emit('tcp:write_failed', { bytes, code: (failed as NodeJS.ErrnoException).code ?? 'closed' }, groupId)
    })
  }

  function giveUp({ socket, groupId, belief }: Connection, reset: boolean): void {
    if (socket.destroyed) return
    emit('tcp:destroyed', { reset }, groupId)
    belief.become('down', 'user_closed')
    if (reset) socket.resetAndDestroy()
    else socket.destroy()
  }

  function observe({ socket, groupId, remote }: Connection) {
    return socket.destroyed ? null : observeTcp(socket, emit, groupId, remote)
  }

  const acts: Record<TcpAct, (connection: Connection) => void> = {
    stopReading({ socket, groupId }) {
      socket.pause()
      letKernelRead(socket, false)
      emit('tcp:reading_stopped', {}, groupId)
    },
    resumeReading({ socket, groupId }) {
      emit('tcp:reading_resumed', {}, groupId)
      socket.resume()
      letKernelRead(socket, true)
    },
    end({ socket, belief }) {
      if (!socket.allowHalfOpen) belief.become('down', 'user_closed')
      socket.end()
    },
    destroy: (connection) => giveUp(connection, false),
    resetAndDestroy: (connection) => giveUp(connection, true),
  }

  return {
    answer: {
      async tcpListen({ mechanism, port, backlog = BACKLOG, conduct }) {
        if (servers.has(mechanism)) throw new RangeError(`"${mechanism}" listens already on this host`)
        const { does, allowHalfOpen = false } = conduct
        const options = { noDelay: true, pauseOnConnect: does === 'nothing', allowHalfOpen }
        const server = net.createServer(options, (socket) => {
          const groupId = groupIdOf(mechanism, socket.remotePort)
          const addresses = addressesOf(socket)
          try {
            const { belief } = take(socket, groupId, addresses.remote, conduct)
            emit('tcp:accepted', addresses, groupId)
            belief.become('up', 'accepted')
          } catch (error) {
            emit('program:failed', { message: (error as Error).message }, groupId)
          }
        })
        servers.set(mechanism, server)
        try {
          const opened = await listen(server, { host: address, port, backlog })
          emit('tcp:listening', { mechanism, local: `${address}:${opened}`, backlog })
          return { port: opened }
        } catch (error) {
          servers.delete(mechanism)
          throw error
        }
      },

      async tcpStopListening({ mechanism }) {
        // Node resolves this only when the connections have ended too.
        servers.get(mechanism)?.close()
        servers.delete(mechanism)
        return null
      },

      tcpConnect: ({ mechanism, address: host, port, localPort, conduct }) =>
        openTcp({ host, port, localPort, allowHalfOpen: conduct.allowHalfOpen ?? false }, (socket) => {
          const groupId = groupIdOf(mechanism, socket.localPort ?? localPort)
          const { belief } = take(socket, groupId, `${host}:${port}`, conduct)
          belief.become('connecting', 'started')
          socket.once('connect', () => {
            emit('tcp:connected', addressesOf(socket), groupId)
            belief.become('up', 'connected')
          })
          return { groupId }
        }),

      async tcpOutcome({ groupId, withinMs }) {
        const pending = new AbortController()
        const limit = delay(withinMs, { outcome: 'pending' as const }, { signal: pending.signal })
        limit.catch(() => {}) // that is how it is taken back
        const outcome = await Promise.race([known(groupId).outcome, limit])
        pending.abort()
        return outcome
      },

      async tcpWrite(ask) {
        const connection = known(ask.groupId)
        write(connection, 'text' in ask ? Buffer.from(ask.text) : Buffer.alloc(ask.bytes, '.'))
        // A kernel that has room has taken it by then.
        await nextTurn()
        return { waitingBytes: connection.socket.writableLength }
      },

      async tcpAct({ groupId, act }) {
        acts[act](known(groupId))
        return null
      },

      async tcpObserve({ groupId }) {
        return observe(known(groupId))
      },

      async tcpSet({ groupId, setting }) {
        const { socket } = known(groupId)
        if ('keepalive' in setting) applyKeepalive(socket, setting.keepalive)
        else if ('userTimeoutMs' in setting) applyUserTimeout(socket, setting.userTimeoutMs)
        else if ('setKeepAlive' in setting) socket.setKeepAlive(...setting.setKeepAlive)
        else if ('setTimeout' in setting) socket.setTimeout(...setting.setTimeout)
        else socket.setNoDelay(...setting.setNoDelay)
        const [call, value] = Object.entries(setting)[0] ?? []
        emit('tcp:option_set', { call: `${call}(${JSON.stringify(value).replace(/^\[|\]$/g, '')})` }, groupId)
        return null
      },
    },

    async close() {
      const stopped = [...servers.values()].map(stopListening)
      await Promise.all(
        [...connections.values()].map(({ socket }) => closeInOrder(socket, () => socket.end())),
      )
      await Promise.all(stopped)
    },
    observe() {
      for (const connection of connections.values()) observe(connection)
    },
    reset() {
      for (const connection of connections.values()) giveUp(connection, true)
    },
  }
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
