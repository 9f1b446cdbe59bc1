/** Two ends that know each other's keys, and what can be wrong with that. */
import type { Pair } from '../../src/hosts/host.ts'
import type { Cell } from '../../src/lab/cell.ts'
import { TAG_BYTES } from '../../src/protocols/wireguard/constants.ts'
import { DATA_HEADER_BYTES } from '../../src/protocols/wireguard/messages.ts'
import { keyPair } from '../../src/protocols/wireguard/primitives.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { Row } from './conditions.ts'

/** Inside the tunnel: addresses that no card has. */
export const INSIDE = { a: '10.9.0.1', b: '10.9.0.2' } as const

/** Section 5.4 of the paper: UDP payloads. A ping without data, 28 bytes, is padded to 32. */
export const INITIATION_BYTES = 148
export const RESPONSE_BYTES = 92
export const KEEPALIVE_BYTES = DATA_HEADER_BYTES + TAG_BYTES
export const PING_BYTES = KEEPALIVE_BYTES + 32
export const PAPER = 'Donenfeld, WireGuard, NDSS 2017'

type Keys = Record<'a' | 'b' | 'stranger', { private: Buffer; public: Buffer }>

/** New ones for each cell. They are nowhere in the log. */
function newKeys(): Keys {
  return { a: keyPair(), b: keyPair(), stranger: keyPair() }
}

/** As wg-quick(8) has it. */
function conf(
  own: Buffer,
  inside: string,
  peer: Buffer,
  peerInside: string,
  { port = 0, more = [] }: { port?: number; more?: string[] } = {},
): string {
  return [
    '[Interface]',
    `PrivateKey = ${own.toString('base64')}`,
    `Address = ${inside}/24`,
    `ListenPort = ${port}`,
    '[Peer]',
    `PublicKey = ${peer.toString('base64')}`,
    `AllowedIPs = ${peerInside}/32`,
    ...more,
  ].join('\n')
}

/**
 * Opens both ends: a knows where b is and begins, when it has something to say.
 * @param row what is wrong between them, or whether the client keeps alive
 * @param how with the kernel inside, or with a clock that runs faster
 */
export async function openEnds(
  rig: Rig,
  { a, b }: Pair,
  row: Row,
  persistentMs: number,
  how: { tun?: string; clockRate?: number } = {},
) {
  const keys = newKeys()
  const [hostA, hostB] = [rig.sockets(a).vpn, rig.sockets(b).vpn]
  const known = row === 'unknown-peer' ? keys.stranger.public : keys.a.public
  const shared = row === 'wrong-preshared' ? [`PresharedKey = ${Buffer.alloc(32, 1).toString('base64')}`] : []
  const openServer = (port: number) =>
    hostB.open(row, conf(keys.b.private, INSIDE.b, known, INSIDE.a, { port }), how)
  const server = await openServer(0)
  const expected = row === 'wrong-key' ? keys.stranger.public : keys.b.public
  const more = [
    `Endpoint = ${server.at.address}:${server.at.port}`,
    ...shared,
    ...(row === 'vpn-persistent' ? [`PersistentKeepalive = ${persistentMs / 1000}`] : []),
  ]
  const confA = conf(keys.a.private, INSIDE.a, expected, INSIDE.b, { more })
  const client = await hostA.open(row, confA, { to: server.at, everywhere: true, ...how })
  return { client, server, startAgain: () => openServer(server.at.port) }
}

/** Pings b from a, and waits until it is answered. @param occurrence of the answers at a, from 1 */
export async function pingAcross(
  rig: Rig,
  { a }: Pair,
  client: { ping(to: string): Promise<void> },
  row: Row,
  occurrence: number,
  withinMs?: number,
): Promise<boolean> {
  await client.ping(INSIDE.b)
  const wanted = { mechanism: row, occurrence, ...(withinMs === undefined ? {} : { withinMs }) }
  return rig.came(rig.untilEvent(a, 'vpn:ping_answered', wanted))
}

/** What each end believes of the other, at a moment. */
export function beliefs(cell: Cell, time: number): string {
  return [cell.a, cell.b]
    .map((end) => end.last('belief:updated', { to: time })?.data.new ?? 'unknown')
    .join(' | ')
}
