/**
 * A TCP client that connects once and never again: this project looks at what becomes of one
 * connection, and a client that silently makes another would hide it.
 */
import type { Emitter } from '../events/emit.ts'
import { PeerBelief } from './parts/belief.ts'
import {
  connectFlags,
  connectOptions,
  optionalInteger,
  runByHand,
  runsAsFile,
  tcpFlags,
  tcpOptions,
} from './parts/command-line.ts'
import type { Program } from './parts/program.ts'
import { TcpConnection, type TcpConnectionOptions } from './parts/tcp-connection.ts'
import { addressesOf, closeInOrder, groupIdOf, openTcp, reportTcp } from './parts/tcp-events.ts'

export interface TcpClientOptions extends TcpConnectionOptions {
  mechanism: string
  host: string
  port: number
  /** How often it writes a line: a busy connection, on which keepalive never gets to run. */
  writeEveryMs?: number | undefined
}

/** Resolves when the attempt has begun; whether it succeeds is an event. */
export function startTcpClient(options: TcpClientOptions, emit: Emitter): Promise<Program> {
  return openTcp(options, (socket) => {
    const port = socket.localPort ?? 0
    const groupId = groupIdOf(options.mechanism, port)
    const belief = new PeerBelief(emit, groupId)
    let connection: TcpConnection | undefined
    let writing: NodeJS.Timeout | undefined

    reportTcp(socket, emit, groupId, belief)
    belief.become('connecting', 'started')
    socket.once('connect', () => {
      emit('tcp:connected', addressesOf(socket), groupId)
      belief.become('up', 'connected')
      connection = new TcpConnection(socket, options, emit, belief)
      if (options.writeEveryMs !== undefined) {
        writing = setInterval(() => connection?.write(), options.writeEveryMs)
      }
    })
    socket.once('close', () => clearInterval(writing))

    return {
      port,
      async close() {
        belief.become('down', 'user_closed')
        await closeInOrder(socket, () => (connection ? socket.end() : socket.destroy()))
      },
      observe: () => connection?.observe(),
      write: () => connection?.write(),
      reset: () => connection?.reset(),
    }
  })
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'tcp-client',
    about: 'Connects by TCP, once, and stays connected.',
    mechanism: 'tcp',
    flags: {
      ...connectFlags,
      ...tcpFlags,
      'write-every': { type: 'string', value: 'MS', help: 'how often to write a line' },
    },
    start: async (values, emit) =>
      startTcpClient(
        {
          mechanism: 'tcp',
          ...connectOptions(values),
          ...tcpOptions(values),
          writeEveryMs: optionalInteger(values, 'write-every', 1, 86_400_000),
        },
        emit,
      ),
  })
}
