/**
 * Sockets of one host that a lab leads step by step, so that it reads as what happens:
 *
 *   const listener = await rig.sockets(b).tcp.listen('handshake')
 *   const client = await rig.sockets(a).tcp.connect('handshake', listener.at)
 *   await client.connected()
 *   await client.write('one')
 *   await listener.accepted(client).end()
 *
 * What each step led to is in the log, in the group of its connection. Steps reject only when the host's process
 * has ended, or was asked for nonsense: an error of a socket is a result, and an event.
 */
import type { Protocol } from '../programs/scripts/registry.ts'
import { crowds } from './sockets/crowd.ts'
import { httpSockets } from './sockets/http.ts'
import type { LedHost } from './sockets/led-host.ts'
import { relays } from './sockets/relay.ts'
import { sessions } from './sockets/session.ts'
import { sipPhones } from './sockets/sip.ts'
import { site } from './sockets/site.ts'
import { stopAndWait } from './sockets/stop-and-wait.ts'
import { tcpSockets } from './sockets/tcp.ts'
import { telephones } from './sockets/telephone.ts'
import { traces } from './sockets/trace.ts'
import { udpSockets } from './sockets/udp.ts'
import { users } from './sockets/user.ts'
import { vpnPeers } from './sockets/vpn.ts'
import { webSockets } from './sockets/websocket.ts'

export type { SocketAddress } from './sockets/led-host.ts'
export type { Relay } from './sockets/relay.ts'
export type { SessionHandle } from './sockets/session.ts'
export type { ListenOptions, TcpListener, TcpSocket } from './sockets/tcp.ts'
export type { UdpSocket } from './sockets/udp.ts'
export type { User } from './sockets/user.ts'
export type { WebSocketEnd } from './sockets/websocket.ts'

/** The lab's half of what `programs/scripts/registry.ts` lists, one for one. */
const halves = {
  tcp: tcpSockets,
  udp: udpSockets,
  stopAndWait,
  http: httpSockets,
  user: users,
  site,
  webSocket: webSockets,
  session: sessions,
  relay: relays,
  telephone: telephones,
  trace: traces,
  vpn: vpnPeers,
  sip: sipPhones,
  crowd: crowds,
} satisfies Record<Protocol, (host: LedHost) => unknown>

export type Sockets = { readonly [P in Protocol]: ReturnType<(typeof halves)[P]> }

export function socketsOf(host: LedHost): Sockets {
  const led = Object.entries(halves).map(([protocol, half]) => [protocol, half(host)])
  return Object.fromEntries(led) as Sockets
}
