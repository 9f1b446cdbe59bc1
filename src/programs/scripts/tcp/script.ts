/**
 * TCP sockets led step by step by a lab: each request is one call that any program makes, and what comes of it
 * is an event. There is no way to start it by hand: `tcp-server.ts`, `tcp-client.ts` and nc(1) are for that.
 *
 * A connection is known by its group id, which both ends can read off it: mechanism and client port.
 */
import * as net from 'node:net'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { canSetUserTimeout } from '../../../kernel/socket-options.ts'
import type { Scripted, ScriptedHost } from '../../parts/program.ts'
import {
  addressesOf,
  closeInOrder,
  groupIdOf,
  listen,
  openTcp,
  stopListening,
} from '../../parts/tcp-events.ts'
import { applyConduct, ScriptedConnection } from './connection.ts'
import { numberedLines } from './numbered-lines.ts'
import type { TcpConduct, TcpRequests } from './requests.ts'

/** Closed ones are remembered, since to write on one is an experiment too. */
const CONNECTIONS_MAX = 2000
/** Node's own default; the kernel takes no more than net.core.somaxconn. */
const BACKLOG = 511

export function scriptTcp({ address: own, emitterOf }: ScriptedHost): Scripted<TcpRequests> {
  const emit = emitterOf('tcp-script')
  const servers = new Map<string, net.Server>()
  const connections = new Map<string, ScriptedConnection>()

  function known(groupId: string): ScriptedConnection {
    const found = connections.get(groupId)
    if (found === undefined) throw new RangeError(`no connection "${groupId}" on this host`)
    return found
  }

  /** From the first moment of a connection, at either end. */
  function take(socket: net.Socket, groupId: string, remote: string, conduct: TcpConduct) {
    const before = connections.get(groupId)
    if (connections.size >= CONNECTIONS_MAX || (before !== undefined && !before.socket.destroyed)) {
      socket.destroy()
      throw new RangeError(`cannot take connection "${groupId}": there is one, or ${CONNECTIONS_MAX} others`)
    }
    const connection = new ScriptedConnection(socket, groupId, remote, conduct, emit)
    connections.set(groupId, connection)
    return connection
  }

  return {
    answer: {
      async tcpListen({ mechanism, address = own, port, backlog = BACKLOG, conduct }) {
        if (servers.has(mechanism)) throw new RangeError(`"${mechanism}" listens already on this host`)
        const { does, allowHalfOpen = false } = conduct
        const options = { noDelay: true, pauseOnConnect: does === 'nothing', allowHalfOpen }
        const server = net.createServer(options, (socket) => {
          const groupId = groupIdOf(mechanism, socket.remotePort)
          const addresses = addressesOf(socket)
          try {
            const connection = take(socket, groupId, addresses.remote, conduct)
            emit('tcp:accepted', addresses, groupId)
            connection.open('accepted')
          } catch (error) {
            emit('program:failed', { message: (error as Error).message }, groupId)
          }
        })
        servers.set(mechanism, server)
        try {
          const opened = await listen(server, { host: address, port, backlog })
          // Already here, and not only when a connection is accepted: an attempt has no other socket.
          if (canSetUserTimeout()) applyConduct(server, conduct)
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
          const connection = take(socket, groupId, `${host}:${port}`, conduct)
          connection.belief.become('connecting', 'started')
          socket.once('connect', () => {
            emit('tcp:connected', addressesOf(socket), groupId)
            connection.open('connected')
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
        connection.write(toWrite(ask))
        // A kernel that has room has taken it by then.
        await nextTurn()
        return { waitingBytes: connection.socket.writableLength }
      },

      async tcpAct({ groupId, act }) {
        known(groupId).act(act)
        return null
      },

      async tcpObserve({ groupId }) {
        return known(groupId).observe()
      },

      async tcpSet({ groupId, setting }) {
        known(groupId).set(setting)
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
      for (const connection of connections.values()) connection.observe()
    },
    reset() {
      for (const connection of connections.values()) connection.act('resetAndDestroy')
    },
  }
}

function toWrite(ask: TcpRequests['tcpWrite']['ask']): Buffer {
  if ('text' in ask) return Buffer.from(ask.text)
  return 'lines' in ask ? numberedLines(ask.lines) : Buffer.alloc(ask.bytes, '.')
}
