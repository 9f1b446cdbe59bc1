/**
 * The heartbeat over UDP, both ends: a belief that programs keep alive by themselves, on a transport
 * that has no connection. The end that connects knows its peer; the end that listens learns a peer
 * from its first valid line, and from then on both do the same.
 */
import * as dgram from 'node:dgram'
import type { Emitter } from '../events/emit.ts'
import {
  HEARTBEAT_TIMING,
  type HeartbeatTiming,
  LINES_PER_SECOND_MAX,
} from '../protocols/heartbeat/constants.ts'
import { formatLine, type Message, parseDatagram, type Refusal } from '../protocols/heartbeat/message.ts'
import { RateLimit } from '../protocols/heartbeat/rate-limit.ts'
import { excerptOf } from '../protocols/line-reader.ts'
import { PeerBelief, triggerOf } from './belief.ts'
import { runByHand, runsAsFile, socketAddress, UsageError } from './command-line.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Program } from './program.ts'
import { errorData, groupIdOf } from './tcp-events.ts'
import { bindUdp, closeUdp, connectUdp } from './udp-socket.ts'

export interface UdpHeartbeatOptions {
  mechanism: string
  /** Wait for peers there, or speak to one peer. */
  role: 'listen' | 'connect'
  host: string
  port: number
  timing?: HeartbeatTiming | undefined
}

/** Anybody can invent peers, and each costs a timer and a PING a second. */
const PEERS_MAX = 64

interface Peer {
  belief: PeerBelief
  heartbeat: Heartbeat
}

export function startUdpHeartbeat(options: UdpHeartbeatOptions, emit: Emitter): Promise<Program> {
  return options.role === 'listen' ? startListening(options, emit) : startConnected(options, emit)
}

async function startConnected(options: UdpHeartbeatOptions, emit: Emitter): Promise<Program> {
  const socket = dgram.createSocket('udp4')
  const port = await connectUdp(socket, options)
  const belief = new PeerBelief(emit, groupIdOf(options.mechanism, port))

  const failed = (error: Error) => {
    const data = errorData(error)
    emit('udp:error_received', data, belief.groupId)
    if (data.code !== 'ECONNREFUSED') return
    // Definite, as of then: nobody has that port. PINGs go on, and the first line heard makes it up again.
    heartbeat.liveness.stop()
    belief.become('down', triggerOf(data.code))
  }
  const heartbeat = new Heartbeat(
    (message) => {
      socket.send(formatLine(message), (error) => {
        if (error) failed(error)
      })
      return true
    },
    options.timing ?? HEARTBEAT_TIMING,
    emit,
    belief,
  )
  socket.on('error', failed)
  socket.on('message', (datagram) => {
    for (const line of parseDatagram(datagram)) heartbeat.take(line)
  })
  heartbeat.start()
  return programOf(socket, port, () => [{ belief, heartbeat }])
}

async function startListening(options: UdpHeartbeatOptions, emit: Emitter): Promise<Program> {
  const peers = new Map<string, Peer>()
  /** Shared by all who are not peers yet: they must not fill the log either. */
  const strangers = new RateLimit(LINES_PER_SECOND_MAX)

  // An unconnected socket looks its destination up for every datagram. Ours are addresses already, and
  // answering at once spares a trip through the event loop.
  const socket = dgram.createSocket({ type: 'udp4', lookup: (host, _, found) => found(null, host, 4) })
  socket.on('message', (datagram, from) => {
    const remote = `${from.address}:${from.port}`
    const lines = parseDatagram(datagram)
    const known = peers.get(remote)
    if (known === undefined) {
      const valid = lines.some((line) => !('problem' in line))
      const problem = valid ? makeRoom() : problemOf(lines[0])
      if (problem) {
        if (strangers.take(performance.now()) !== 'admit') return
        const refusal = { problem, excerpt: excerptOf(datagram) }
        emit('heartbeat:line_refused', refusal, groupIdOf(options.mechanism, from.port))
        return
      }
    }
    const peer = known ?? meet(from)
    for (const line of lines) peer.heartbeat.take(line)
    if (known !== undefined) return
    peers.set(remote, peer)
    peer.heartbeat.start()
  })
  const port = await bindUdp(socket, options)
  socket.on('error', (error) => emit('udp:error_received', errorData(error)))
  return programOf(socket, port, () => peers.values())

  function meet(from: dgram.RemoteInfo): Peer {
    const belief = new PeerBelief(emit, groupIdOf(options.mechanism, from.port))
    const send = (message: Message) => {
      socket.send(formatLine(message), from.port, from.address, (error) => {
        if (error) emit('udp:error_received', errorData(error), belief.groupId)
      })
      return true
    }
    return { belief, heartbeat: new Heartbeat(send, options.timing ?? HEARTBEAT_TIMING, emit, belief) }
  }

  /** Who is down gives up its place. @returns what to complain about if nobody is */
  function makeRoom(): 'TOO_MANY_PEERS' | undefined {
    if (peers.size < PEERS_MAX) return undefined
    for (const [remote, { belief, heartbeat }] of peers) {
      if (belief.now !== 'down') continue
      heartbeat.stop()
      peers.delete(remote)
      return undefined
    }
    return 'TOO_MANY_PEERS'
  }
}

function problemOf(line: Message | Refusal | undefined): string | undefined {
  return line && 'problem' in line ? line.problem : undefined
}

function programOf(socket: dgram.Socket, port: number, peers: () => Iterable<Peer>): Program {
  return {
    port,
    close() {
      for (const { belief, heartbeat } of peers()) {
        heartbeat.stop()
        belief.become('down', 'user_closed')
      }
      return closeUdp(socket)
    },
    observe() {},
    write() {
      for (const { heartbeat } of peers()) heartbeat.ping()
    },
    reset() {},
  }
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'udp-heartbeat',
    about: 'Speaks the heartbeat over UDP: one end listens, the other is told where.',
    mechanism: 'udp-heartbeat',
    flags: {
      listen: { type: 'string', value: 'ADDRESS:PORT', help: 'wait for peers here' },
      to: { type: 'string', value: 'ADDRESS:PORT', help: 'or speak to the one that waits there' },
    },
    async start(values, emit) {
      if ((values.listen === undefined) === (values.to === undefined)) {
        throw new UsageError('either "--listen" or "--to" is needed')
      }
      const role = values.to === undefined ? 'listen' : 'connect'
      const address = role === 'listen' ? socketAddress(values, 'listen', 0) : socketAddress(values, 'to', 1)
      return startUdpHeartbeat({ mechanism: 'udp-heartbeat', role, ...address }, emit)
    },
  })
}
