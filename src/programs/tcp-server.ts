/**
 * A TCP server that accepts and then only reads, as most do between two requests. What it believes
 * about its clients afterwards is what their kernels told it: without a word from them, nothing changes.
 */
import * as net from 'node:net'
import type { Emitter } from '../events/emit.ts'
import { PeerBelief } from './parts/belief.ts'
import {
  listenFlags,
  listenOptions,
  runByHand,
  runsAsFile,
  tcpFlags,
  tcpOptions,
} from './parts/command-line.ts'
import type { Program } from './parts/program.ts'
import { TcpConnection, type TcpConnectionOptions } from './parts/tcp-connection.ts'
import { addressesOf, admitTcp, groupIdOf, listen, reportTcp, stopListening } from './parts/tcp-events.ts'

export interface TcpServerOptions extends TcpConnectionOptions {
  mechanism: string
  host: string
  /** 0: any free port. */
  port: number
}

/** A client that connects to a heartbeat and never says a line of it is a stranger: a heartbeat would be due every second. */
const SPEAK_WITHIN_MS = 10_000

/** Resolves when it listens; rejects when it cannot (EADDRINUSE, ...). */
export async function startTcpServer(options: TcpServerOptions, emit: Emitter): Promise<Program> {
  const connections = new Set<TcpConnection>()
  const { admits, keep } = admitTcp()

  const server = net.createServer({ noDelay: true }, (socket) => {
    if (!admits(socket)) return
    const groupId = groupIdOf(options.mechanism, socket.remotePort)
    const belief = new PeerBelief(emit, groupId)
    reportTcp(socket, emit, groupId, belief)
    emit('tcp:accepted', addressesOf(socket), groupId)
    belief.become('up', 'accepted')
    // Without a heartbeat nobody is expected to say anything, and an idle connection stays.
    const limit = options.heartbeat ? setTimeout(() => socket.destroy(), SPEAK_WITHIN_MS) : undefined
    const connection = new TcpConnection(socket, options, emit, belief, () => {
      clearTimeout(limit)
      keep(socket)
    })
    connections.add(connection)
    socket.once('close', () => {
      clearTimeout(limit)
      connections.delete(connection)
    })
  })
  const port = await listen(server, options)

  return {
    port,
    async close() {
      const stopped = stopListening(server)
      await Promise.all([...connections].map((connection) => connection.close()))
      await stopped
    },
    observe() {
      for (const connection of connections) connection.observe()
    },
    write() {
      for (const connection of connections) connection.write()
    },
    reset() {
      for (const connection of connections) connection.reset()
    },
  }
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'tcp-server',
    about: 'Accepts TCP connections and reads.',
    mechanism: 'tcp',
    flags: { ...listenFlags, ...tcpFlags },
    start: async (values, emit) =>
      startTcpServer({ mechanism: 'tcp', ...listenOptions(values), ...tcpOptions(values) }, emit),
  })
}
