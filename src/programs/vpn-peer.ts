/**
 * One end of a VPN that any WireGuard can talk to: a UDP socket outside, IP packets inside, and between them
 * {@link file://../protocols/wireguard/device.ts}, which has no socket and no clock.
 *
 *     kernel <--TUN device--+
 *                           +--IP packets--> Device <--datagrams--> UDP socket (outside)
 *     a host in here -------+
 *
 * With a TUN device the whole system is inside; without one, which takes rights, a host in this process answers pings.
 */
import * as dgram from 'node:dgram'
import { isIPv4 } from 'node:net'
import type { Emitter } from '../events/emit.ts'
import { UsageError } from '../foreign/usage.ts'
import { openTun } from '../kernel/tun.ts'
import { placeText } from '../protocols/ip-address.ts'
import {
  type ControlRequest,
  type DeviceChange,
  EADDRINUSE,
  EINVAL,
  writeErrno,
  writeStatus,
} from '../protocols/wireguard/control.ts'
import { type Action, Device, nameOf } from '../protocols/wireguard/device.ts'
import type { Endpoint } from '../protocols/wireguard/endpoint.ts'
import type { Note, Peer } from '../protocols/wireguard/peer.ts'
import { PeerBelief } from './parts/belief.ts'
import { runByHand, runsAsFile } from './parts/command-line.ts'
import { answerInside, pingPacket } from './parts/inside-host.ts'
import { watchStrangers } from './parts/strangers.ts'
import { errorData, groupIdOf } from './parts/tcp-events.ts'
import { bindUdp, closeUdp } from './parts/udp-socket.ts'
import { readConfFile, type WireguardConf } from './parts/wireguard-conf.ts'
import { type Control, openControl } from './parts/wireguard-control.ts'

export interface VpnPeerOptions {
  mechanism: string
  conf: WireguardConf
  /** Where its socket is. */
  host: string
  /** The TUN device that is inside; without one a host in this process is. */
  tun?: string | undefined
  /** So many seconds of the protocol pass in one: its two minutes may be six seconds. 1 where it is left out. */
  clockRate?: number
}

export interface VpnPeer {
  readonly port: number
  /** From the host in this process, not from a TUN device: answered by whoever is there, or by nobody. */
  ping(to: string): void
  /** What the stock `wg` asks, and the whole answer to it. */
  answer(request: NonNullable<ControlRequest>): Promise<string>
  close(): Promise<void>
}

/** No timer of Node is longer. */
const TIMER_MS_MAX = 2 ** 31 - 1
/** Pings of which the answer may still come. */
const PINGS_MAX = 64

/** @throws Error where a TUN device was asked for and this process may not have one */
export async function startVpnPeer(
  { mechanism, conf, host, tun: name, clockRate = 1 }: VpnPeerOptions,
  emit: Emitter,
): Promise<VpnPeer> {
  const [inside = ''] = conf.addresses.filter((address) => isIPv4(address))
  const strangers = watchStrangers(emit)
  const device = new Device({ own: conf.own, peers: conf.peers, mtu: conf.mtu, wallMs: Date.now })
  const beliefs = new Map<Peer, PeerBelief>()
  /** All that is said of one peer: the first letters of its public key, as people tell keys apart. */
  const groupOf = (peer: Peer) => `${mechanism}:${nameOf(peer.settings.public).slice(0, 8)}`
  believeInAll()
  const pings = new Map<number, number>()
  const identifier = process.pid & 0xffff
  let timer: NodeJS.Timeout | undefined
  let timerAtMs = Infinity
  let pingNumber = 0
  /** The protocol knows no clock but the one that it is told. */
  const protocolMs = () => performance.now() * clockRate

  let { socket, port } = await openSocket(conf.listenPort)
  const tun = name === undefined ? null : openTun(name, sendInside)
  const ownGroup = groupIdOf(mechanism, port)
  emit(
    'vpn:opened',
    {
      local: `${host}:${port}`,
      publicKey: nameOf(conf.own.public),
      inside: conf.addresses,
      mtuBytes: conf.mtu,
    },
    ownGroup,
  )
  carryOut((nowMs) => device.start(nowMs))

  async function openSocket(wantedPort: number): Promise<{ socket: dgram.Socket; port: number }> {
    const opened = dgram.createSocket(isIPv4(host) ? 'udp4' : 'udp6')
    opened.on('message', (datagram, { address, port: from }) => {
      carryOut((nowMs) => device.receive(datagram, { address, port: from }, nowMs))
    })
    const boundPort = await bindUdp(opened, { host, port: wantedPort })
    opened.on('error', (error) =>
      emit('udp:error_received', errorData(error), groupIdOf(mechanism, boundPort)),
    )
    return { socket: opened, port: boundPort }
  }

  /** `wg set` makes peers and removes them. */
  function believeInAll(): void {
    const present = new Set(device.peers)
    for (const peer of present) {
      if (!beliefs.has(peer)) beliefs.set(peer, new PeerBelief(emit, groupOf(peer)))
    }
    for (const peer of beliefs.keys()) if (!present.has(peer)) beliefs.delete(peer)
  }

  async function change(wanted: DeviceChange): Promise<number> {
    const { listenPort } = wanted
    if (listenPort !== undefined && listenPort !== port) {
      const old = socket
      try {
        const opened = await openSocket(listenPort)
        socket = opened.socket
        port = opened.port
      } catch {
        return EADDRINUSE
      }
      await closeUdp(old)
    }
    try {
      carryOut((nowMs) => device.change(wanted, nowMs))
      return 0
    } catch (error) {
      if (error instanceof RangeError) return EINVAL
      throw error
    } finally {
      believeInAll()
    }
  }

  /** What is told of it happened when it began: a handshake's arithmetic takes milliseconds, and timers count from before. */
  function carryOut(act: (nowMs: number) => Action[]): void {
    const mono = process.hrtime.bigint()
    for (const action of act(protocolMs())) {
      if (action.do === 'send') send(action.to, action.bytes)
      else if (action.do === 'deliver') receiveInside(action.peer, action.packet, mono)
      else if (action.do === 'note') tell(action.peer, action.note, mono)
      else if (action.do === 'note-cookie-sent')
        strangers.tell('vpn:cookie_sent', { remote: placeOf(action.to) }, ownGroup)
      else strangers.tell('vpn:refused', { because: action.refusal, remote: placeOf(action.from) }, ownGroup)
    }
    setTimer()
  }

  /** Deadlines mostly move later: a timer that is set already still serves, and comes in vain at worst. */
  function setTimer(): void {
    const { dueAtMs } = device
    if (dueAtMs >= timerAtMs || dueAtMs === Infinity) return
    clearTimeout(timer)
    timerAtMs = dueAtMs
    timer = setTimeout(onTime, Math.min(Math.max((dueAtMs - protocolMs()) / clockRate, 0), TIMER_MS_MAX))
  }

  function onTime(): void {
    timerAtMs = Infinity
    carryOut((nowMs) => device.due(nowMs))
  }

  function send(to: Endpoint, bytes: Buffer): void {
    socket.send(bytes, to.port, to.address, (error) => {
      if (error) emit('udp:error_received', errorData(error), ownGroup)
    })
  }

  function sendInside(packet: Buffer): void {
    carryOut((nowMs) => {
      const actions = device.send(packet, nowMs)
      if (actions !== null && tun === null) emit('vpn:packet_sent', { bytes: packet.length }, ownGroup)
      return actions ?? []
    })
  }

  function receiveInside(peer: Peer, packet: Buffer, mono: bigint): void {
    // A system inside has tools of its own to look with, and may have a million packets.
    if (tun !== null) return void tun.write(packet)
    emit('vpn:packet_received', { bytes: packet.length }, groupOf(peer), mono)
    const answer = answerInside(packet, inside)
    if (answer?.kind === 'reply') sendInside(answer.packet)
    if (answer?.kind !== 'pong' || answer.identifier !== identifier) return
    const sentAtMs = pings.get(answer.number)
    if (sentAtMs === undefined || !pings.delete(answer.number)) return
    const roundTripMs = performance.now() - sentAtMs
    emit('vpn:ping_answered', { from: answer.from, number: answer.number, roundTripMs }, groupOf(peer))
  }

  function tell(peer: Peer, note: Note, mono: bigint): void {
    const say: Emitter = (name, data) => emit(name, data, groupOf(peer), mono)
    const belief = beliefs.get(peer)
    const remote = placeOf(peer.endpoint)
    switch (note.name) {
      case 'initiation-sent':
        say('vpn:handshake_sent', { message: 'initiation', remote })
        // It has keys, and nobody has answered for fifteen seconds; or it has none, and asks for the first time.
        if (belief?.now === 'unknown' || belief?.now === 'down') belief.become('connecting', 'started')
        break
      case 'response-sent':
        say('vpn:handshake_sent', { message: 'response', remote })
        break
      case 'session-made':
        say('vpn:session_made', { role: note.isInitiator ? 'initiator' : 'responder' })
        if (note.isInitiator) belief?.become('up', 'connected')
        break
      case 'session-confirmed':
        say('vpn:session_confirmed', {})
        belief?.become('up', 'heard')
        break
      case 'gave-up':
        say('vpn:gave_up', {})
        belief?.become('down', 'answer_missed')
        break
      case 'roamed':
        say('vpn:roamed', { ...(note.from && { from: placeOf(note.from) }), to: placeOf(note.to) })
        break
      case 'keepalive-sent':
        say('vpn:keepalive_sent', {})
        break
      case 'keepalive-received':
        say('vpn:keepalive_received', {})
        break
      case 'cookie-received':
        say('vpn:cookie_received', {})
        break
      case 'keys-erased':
        say('vpn:keys_erased', {})
        break
    }
  }

  return {
    get port() {
      return port
    },
    async answer(request) {
      return request.ask === 'get'
        ? writeStatus(device.status(port))
        : writeErrno(await change(request.change))
    },
    ping(to) {
      const number = pingNumber++ & 0xffff
      const [oldest] = pings.keys()
      if (pings.size === PINGS_MAX && oldest !== undefined) pings.delete(oldest)
      pings.set(number, performance.now())
      emit('vpn:ping_sent', { to, number }, ownGroup)
      sendInside(pingPacket(inside, to, identifier, number))
    },
    async close() {
      clearTimeout(timer)
      strangers.close()
      await tun?.close()
      // Nobody is told: WireGuard has no goodbye.
      await closeUdp(socket)
    },
  }
}

/** Without it the tunnel is as good: whoever may not write there is told so, and no more. */
async function controlOf(peer: VpnPeer, name: unknown): Promise<Control | null> {
  if (name === undefined) return null
  try {
    return await openControl(String(name), (request) => peer.answer(request))
  } catch (error) {
    process.stderr.write(`vpn-peer: ${(error as Error).message}\n`)
    return null
  }
}

function placeOf(endpoint: Endpoint | null): string {
  if (endpoint === null) return ''
  return placeText(endpoint.address, endpoint.port)
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'vpn-peer',
    about: 'One end of a VPN, as a WireGuard configuration describes it. Inside it answers pings and UDP.',
    mechanism: 'vpn',
    flags: {
      conf: { type: 'string', value: 'FILE', help: 'configuration, as of wg-quick(8)' },
      host: { type: 'string', default: '0.0.0.0', value: 'ADDRESS', help: 'where it listens' },
      tun: { type: 'string', value: 'NAME', help: 'make this TUN device, for the kernel to be inside' },
      control: {
        type: 'string',
        value: 'NAME',
        help: 'what "wg show" and "wg set" call it; that of "--tun"',
      },
      ping: { type: 'string', value: 'ADDRESS', help: 'ping this address inside, once a second' },
    },
    async start(values, emit) {
      if (values.conf === undefined) throw new UsageError('"--conf" is missing')
      const conf = readConfFile(String(values.conf))
      if (conf.isReadByOthers)
        process.stderr.write(`vpn-peer: others can read ${values.conf}: chmod 600 it\n`)
      if (conf.ignored.length > 0)
        process.stderr.write(`vpn-peer: not done here: ${conf.ignored.join(', ')}\n`)
      if (values.tun !== undefined && values.ping !== undefined) {
        throw new UsageError('with "--tun" the system can ping: leave out "--ping"')
      }
      const tun = values.tun === undefined ? undefined : String(values.tun)
      if (values.control !== undefined && !/^[\w=+.-]{1,15}$/.test(String(values.control))) {
        throw new UsageError('"--control" must be the name of an interface: at most 15 letters and digits')
      }
      const peer = await startVpnPeer({ mechanism: 'vpn', conf, host: String(values.host), tun }, emit)
      const control = await controlOf(peer, values.control ?? values.tun)
      const pinging =
        values.ping === undefined ? undefined : setInterval(() => peer.ping(String(values.ping)), 1000)
      return {
        port: peer.port,
        async close() {
          clearInterval(pinging)
          await control?.close()
          await peer.close()
        },
      }
    },
  })
}
