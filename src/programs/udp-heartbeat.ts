/**
 * The heartbeat over UDP, both ends: a belief that programs keep alive by themselves, on a transport
 * that has no connection. The end that connects knows its peer. The end that listens has strangers: each of
 * their PINGs gets its PONG and one PING, and whoever answers that one is there, and a peer. From then on
 * both ends do the same, except that a listening end says nothing to a peer that is down: it is a stranger again.
 */
import { randomBytes } from 'node:crypto'
import * as dgram from 'node:dgram'
import type { Emitter } from '../events/emit.ts'
import { UsageError } from '../foreign/usage.ts'
import { addressProof, UNPROVED_FACTOR_MAX } from '../protocols/heartbeat/address-proof.ts'
import { HEARTBEAT_TIMING, type HeartbeatTiming } from '../protocols/heartbeat/constants.ts'
import { formatLine, type Message, parseDatagram, type Refusal } from '../protocols/heartbeat/message.ts'
import { excerptOf } from '../protocols/line-reader.ts'
import { PeerBelief, triggerOf } from './parts/belief.ts'
import { runByHand, runsAsFile, socketAddress } from './parts/command-line.ts'
import { Heartbeat } from './parts/heartbeat.ts'
import type { Program } from './parts/program.ts'
import { watchStrangers } from './parts/strangers.ts'
import { errorData, groupIdOf } from './parts/tcp-events.ts'
import { bindUdp, closeUdp, connectUdp } from './parts/udp-socket.ts'

export interface UdpHeartbeatOptions {
  mechanism: string
  /** Wait for peers there, or speak to one peer. */
  role: 'listen' | 'connect'
  host: string
  port: number
  timing?: HeartbeatTiming | undefined
}

/** Each costs a timer and a PING a second. */
const PEERS_MAX = 128
/** One machine has as many ports as it likes: it cannot take all places. A router with many behind it has enough. */
const PEERS_PER_ADDRESS_MAX = 64

interface Peer {
  address: string
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
  const strangers = watchStrangers(emit)
  const proof = addressProof(randomBytes(32))

  // An unconnected socket looks its destination up for every datagram. Ours are addresses already, and
  // answering at once spares a trip through the event loop.
  const socket = dgram.createSocket({ type: 'udp4', lookup: (host, _, found) => found(null, host, 4) })
  socket.on('message', (datagram, from) => {
    const remote = `${from.address}:${from.port}`
    const lines = parseDatagram(datagram)
    const known = peers.get(remote)
    const isPeer = known !== undefined && known.belief.now !== 'down'
    if (!isPeer && !lines.some((line) => isMessage(line) && proof.isProof(remote, line, performance.now()))) {
      answerStranger(datagram, lines, from)
      return
    }
    const peer = known ?? meet(from)
    if (peer === undefined) {
      refuse(datagram, 'TOO_MANY_PEERS', from)
      return
    }
    for (const line of lines) peer.heartbeat.take(line)
    if (known !== undefined) return
    peers.set(remote, peer)
    peer.heartbeat.start()
  })
  const port = await bindUdp(socket, options)
  socket.on('error', (error) => emit('udp:error_received', errorData(error)))
  const program = programOf(socket, port, () => peers.values())
  return {
    ...program,
    close() {
      strangers.close()
      return program.close()
    },
  }

  /** One PING of a datagram gets its PONG, and one PING that only somebody at that address can answer. */
  function answerStranger(datagram: Buffer, lines: (Message | Refusal)[], from: dgram.RemoteInfo): void {
    const messages = lines.filter(isMessage)
    const line = messages.find(({ kind }) => kind === 'ping') ?? messages[0]
    if (line === undefined) {
      const [first] = lines
      if (first !== undefined && !isMessage(first)) refuse(datagram, first.problem, from)
      return
    }
    const groupId = groupIdOf(options.mechanism, from.port)
    strangers.tell(`heartbeat:${line.kind}_received`, { number: line.number }, groupId)
    if (line.kind === 'pong') return
    const number = proof.numberFor(`${from.address}:${from.port}`, performance.now())
    let bytesLeft = UNPROVED_FACTOR_MAX * datagram.length
    for (const answer of [
      { kind: 'pong', number: line.number } as const,
      { kind: 'ping', number } as const,
    ]) {
      // The last line of a datagram may lack its LF.
      const text = formatLine(answer).trimEnd()
      bytesLeft -= text.length
      if (bytesLeft < 0) return
      socket.send(text, from.port, from.address, (error) => {
        if (error) strangers.tell('udp:error_received', errorData(error), groupId)
      })
      strangers.tell(`heartbeat:${answer.kind}_sent`, { number: answer.number }, groupId)
    }
  }

  function refuse(datagram: Buffer, problem: string, from: dgram.RemoteInfo): void {
    const refusal = { problem, excerpt: excerptOf(datagram) }
    strangers.tell('heartbeat:line_refused', refusal, groupIdOf(options.mechanism, from.port))
  }

  /** undefined: there is no room. */
  function meet({ address, port: peerPort }: dgram.RemoteInfo): Peer | undefined {
    const hasRoom =
      makeRoom(PEERS_PER_ADDRESS_MAX, (peer) => peer.address === address) && makeRoom(PEERS_MAX, () => true)
    if (!hasRoom) return undefined
    const belief = new PeerBelief(emit, groupIdOf(options.mechanism, peerPort))
    const send = (message: Message) => {
      // Whoever has that address now may have asked for nothing.
      if (message.kind === 'ping' && belief.now === 'down') return false
      socket.send(formatLine(message), peerPort, address, (error) => {
        if (error) emit('udp:error_received', errorData(error), belief.groupId)
      })
      return true
    }
    return {
      address,
      belief,
      heartbeat: new Heartbeat(send, options.timing ?? HEARTBEAT_TIMING, emit, belief),
    }
  }

  /** A peer that is down gives up its place. @returns whether there is one among those that count */
  function makeRoom(max: number, counts: (peer: Peer) => boolean): boolean {
    const counted = [...peers].filter(([, peer]) => counts(peer))
    if (counted.length < max) return true
    const down = counted.find(([, { belief }]) => belief.now === 'down')
    if (down === undefined) return false
    const [remote, { heartbeat }] = down
    heartbeat.stop()
    peers.delete(remote)
    return true
  }
}

function isMessage(line: Message | Refusal): line is Message {
  return !('problem' in line)
}

function programOf(
  socket: dgram.Socket,
  port: number,
  peers: () => Iterable<Pick<Peer, 'belief' | 'heartbeat'>>,
): Program {
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
