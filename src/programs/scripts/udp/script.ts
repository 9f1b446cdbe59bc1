/**
 * UDP sockets led step by step by a lab, which number their datagrams and count what arrives. There is no way to
 * start it by hand: `udp-server.ts`, `udp-client.ts` and `nc -u` are for that.
 */
import * as dgram from 'node:dgram'
import { setTimeout as delay } from 'node:timers/promises'
import { pathMtuBytes, setDontFragment } from '../../../kernel/datagram-options.ts'
import { formatDatagram, parseDatagram } from '../../../protocols/datagrams/message.ts'
import { type Counted, DatagramTally } from '../../../protocols/datagrams/tally.ts'
import { PeerBelief } from '../../parts/belief.ts'
import { Liveness } from '../../parts/liveness.ts'
import type { Scripted, ScriptedHost } from '../../parts/program.ts'
import { errorData, groupIdOf } from '../../parts/tcp-events.ts'
import { bindUdp, closeUdp, connectUdp } from '../../parts/udp-socket.ts'
import type { DatagramDetector, UdpRequests } from './requests.ts'

/** Anybody can invent senders. The one remembered longest is forgotten for a new one. */
const PEERS_MAX = 64
const SOCKETS_MAX = 256

interface Opened {
  socket: dgram.Socket
  mechanism: string
  port: number
  to: { address: string; port: number } | undefined
  connected: boolean
  detectors: readonly DatagramDetector[]
  peers: Map<string, Peer>
}

interface Peer {
  belief: PeerBelief
  tally: DatagramTally
  judges: Liveness[]
}

export function scriptUdp({ address, emitterOf }: ScriptedHost): Scripted<UdpRequests> {
  const emit = emitterOf('udp-script')
  const sockets = new Map<string, Opened>()

  function known({ mechanism, port }: { mechanism: string; port: number }): Opened {
    const found = sockets.get(groupIdOf(mechanism, port))
    if (found === undefined)
      throw new RangeError(`no UDP socket "${groupIdOf(mechanism, port)}" on this host`)
    return found
  }

  function groupOf({ mechanism, port, to }: Opened, peerPort: number): string {
    return groupIdOf(mechanism, to === undefined ? peerPort : port)
  }

  function peerOf(opened: Opened, remote: string, port: number) {
    const { peers } = opened
    const peer = peers.get(remote) ?? meet(opened, port)
    peers.set(remote, peer)
    if (peers.size > PEERS_MAX) forget(opened, peers.keys().next().value as string)
    return peer
  }

  function meet(opened: Opened, port: number): Peer {
    return {
      belief: new PeerBelief(emit, groupOf(opened, port)),
      tally: new DatagramTally(),
      judges: opened.detectors.map(
        ({ mechanism, timing }) =>
          new Liveness(new PeerBelief(emit, groupIdOf(mechanism, port)), timing, emit),
      ),
    }
  }

  function forget({ peers }: Opened, remote: string): void {
    for (const judge of peers.get(remote)?.judges ?? []) judge.stop()
    peers.delete(remote)
  }

  function receive(opened: Opened, datagram: Buffer, from: { address: string; port: number }): void {
    const remote = `${from.address}:${from.port}`
    const { belief, tally, judges } = peerOf(opened, remote, from.port)
    const numbered = parseDatagram(datagram)
    const order = numbered && { number: numbered.number, order: tally.note(numbered) }
    emit('udp:datagram_received', { bytes: datagram.length, remote, ...order }, groupOf(opened, from.port))
    belief.become('up', 'heard')
    for (const judge of judges) judge.heard()
  }

  /** Resolves when the kernel has taken the datagram or refused it: neither is an error of this program. */
  function send(opened: Opened, datagram: Buffer, to: { address: string; port: number }, number?: number) {
    const remote = `${to.address}:${to.port}`
    const groupId = groupOf(opened, to.port)
    const bytes = datagram.length
    return new Promise<void>((resolve) => {
      const sent = (error: Error | null) => {
        if (error === null) {
          emit('udp:datagram_sent', { bytes, remote, ...(number === undefined ? {} : { number }) }, groupId)
        } else if (errorData(error).code === 'ECONNREFUSED') refused(opened, error)
        else emit('udp:send_failed', { bytes, remote, code: errorData(error).code }, groupId)
        resolve()
      }
      if (opened.connected) opened.socket.send(datagram, sent)
      else opened.socket.send(datagram, to.port, to.address, sent)
    })
  }

  /** An ICMP message about an earlier datagram: reported at the next call, whichever that is. */
  function refused(opened: Opened, error: Error): void {
    const { mechanism, port, to } = opened
    emit('udp:error_received', errorData(error), groupIdOf(mechanism, to === undefined ? undefined : port))
    if (to === undefined || errorData(error).code !== 'ECONNREFUSED') return
    peerOf(opened, `${to.address}:${to.port}`, to.port).belief.become('down', 'econnrefused')
  }

  async function close(opened: Opened): Promise<void> {
    if (!sockets.delete(groupIdOf(opened.mechanism, opened.port))) return
    for (const { belief } of opened.peers.values()) belief.become('down', 'user_closed')
    for (const remote of opened.peers.keys()) forget(opened, remote)
    await closeUdp(opened.socket)
  }

  return {
    answer: {
      async udpOpen({ mechanism, port, to, connected = false, echo = false, dontFragment, detectors = [] }) {
        if (sockets.size >= SOCKETS_MAX) throw new RangeError(`${SOCKETS_MAX} UDP sockets are enough`)
        const socket = dgram.createSocket('udp4')
        const bound = await bindUdp(socket, { host: address, port })
        const opened: Opened = { socket, mechanism, port: bound, to, connected, detectors, peers: new Map() }
        sockets.set(groupIdOf(mechanism, bound), opened)
        socket.on('error', (error) => refused(opened, error))
        socket.on('message', (datagram, from) => {
          receive(opened, datagram, from)
          if (echo) void send(opened, datagram, from, parseDatagram(datagram)?.number)
        })
        try {
          if (connected && to !== undefined) await connectUdp(socket, { host: to.address, port: to.port })
          if (dontFragment !== undefined) setDontFragment(socket, dontFragment)
        } catch (error) {
          await close(opened)
          throw error
        }
        const remote = connected && to !== undefined ? { remote: `${to.address}:${to.port}` } : {}
        const mtu = connected && to !== undefined ? pathMtuBytes(socket) : null
        const path = mtu === null ? {} : { pathMtuBytes: mtu }
        emit('udp:bound', { mechanism, local: `${address}:${bound}`, ...remote, ...path })
        return { port: bound }
      },

      async udpSend(ask) {
        const opened = known(ask)
        const to = ask.to ?? opened.to
        if (to === undefined) throw new RangeError(`"${ask.mechanism}" has nobody to send to: give "to"`)
        if ('text' in ask) {
          await send(opened, Buffer.from(ask.text), to)
          return null
        }
        for (let number = 1; number <= ask.count; number++) {
          if (number > 1 && ask.intervalMs > 0) await delay(ask.intervalMs)
          // Closed while it waited: that is how a lab ends a series.
          if (!sockets.has(groupIdOf(ask.mechanism, ask.port))) break
          await send(opened, formatDatagram({ number, of: ask.count }, ask.bytes), to, number)
        }
        return null
      },

      async udpCount(ask) {
        const opened = known(ask)
        const counts: Record<string, Counted> = {}
        for (const [remote, { belief, tally }] of opened.peers) {
          counts[remote] = tally.counted
          emit('udp:counted', { remote, ...tally.counted }, belief.groupId)
        }
        return counts
      },

      async udpClose(ask) {
        await close(known(ask))
        return null
      },
    },

    async close() {
      await Promise.all([...sockets.values()].map(close))
    },
    observe() {},
    reset() {},
  }
}
