/**
 * Receives datagrams and answers none. Its belief about a sender becomes `up` with the first datagram,
 * and nothing can ever change it again: UDP has no end that could be told, and nobody counts the
 * seconds. Compare `udp-heartbeat.ts`, where the programs do.
 */
import * as dgram from 'node:dgram'
import type { Emitter } from '../events/emit.ts'
import { PeerBelief } from './parts/belief.ts'
import { listenFlags, listenOptions, runByHand, runsAsFile } from './parts/command-line.ts'
import type { Program } from './parts/program.ts'
import { watchStrangers } from './parts/strangers.ts'
import { errorData, groupIdOf } from './parts/tcp-events.ts'
import { bindUdp, closeUdp } from './parts/udp-socket.ts'

export interface UdpServerOptions {
  mechanism: string
  host: string
  /** 0: any free port. */
  port: number
}

/** Anybody can invent senders. The one remembered longest is forgotten for a new one. */
const PEERS_MAX = 64

/** Resolves when the socket is bound; rejects when it cannot be (EADDRINUSE, ...). */
export async function startUdpServer(options: UdpServerOptions, emit: Emitter): Promise<Program> {
  const beliefs = new Map<string, PeerBelief>()
  // It never answers, so nobody proves anything.
  const { tell, close: tellRest } = watchStrangers(emit)

  const socket = dgram.createSocket('udp4')
  socket.on('message', (datagram, from) => {
    const remote = `${from.address}:${from.port}`
    const belief = beliefs.get(remote) ?? new PeerBelief(tell, groupIdOf(options.mechanism, from.port))
    tell('udp:datagram_received', { bytes: datagram.length, remote }, belief.groupId)
    belief.become('up', 'heard')
    beliefs.set(remote, belief)
    if (beliefs.size > PEERS_MAX) beliefs.delete(beliefs.keys().next().value as string)
  })
  const port = await bindUdp(socket, options)
  socket.on('error', (error) => emit('udp:error_received', errorData(error)))

  return {
    port,
    close() {
      tellRest()
      for (const belief of beliefs.values()) belief.become('down', 'user_closed')
      return closeUdp(socket)
    },
    observe() {},
    write() {}, // it only receives
    reset() {},
  }
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'udp-server',
    about: 'Receives datagrams and answers none.',
    mechanism: 'udp',
    flags: listenFlags,
    start: async (values, emit) => startUdpServer({ mechanism: 'udp', ...listenOptions(values) }, emit),
  })
}
