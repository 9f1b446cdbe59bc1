/** Asks the hosts' kernels by which way they would send, and tells them what to go by. */
import { cardNames, type Forwarder, type Host, type Pair } from '../../src/hosts/host.ts'
import { snmpCounter } from '../../src/kernel/card.ts'
import { type Flow, parseRoutes, routesCommand } from '../../src/kernel/route.ts'
import { readCard } from '../../src/rig/cards.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { SocketAddress } from '../../src/rig/sockets.ts'
import { type Way, wayOfCard } from './ways.ts'

/** What is sent arrives within milliseconds, or never. */
export const SOON = { withinMs: 3000 }

/** Where b listens, and from where a sends: below the ports that a kernel gives out by itself. */
export const PORTS = {
  udp: 7001,
  tcp: 7002,
  heartbeat: 7003,
  traceroute: 7004,
  client: 6001,
  traced: 6201,
  caller: 6301,
} as const

/** Asked at once; among so many flows, each of which has an even chance, the wished ones are found. */
const ASKED = 32

interface Told {
  flow: Flow
  card: string
  gateway: string | null
}

/** By which way would this host send each of these? Nothing is sent. */
async function ask(rig: Rig, host: Host, flows: readonly Flow[]): Promise<Told[]> {
  const told = parseRoutes(await rig.run(host, routesCommand(flows)))
  return flows.map((flow, index) => ({ flow, ...(told[index] ?? { card: '', gateway: null }) }))
}

function tell(rig: Rig, host: Host, told: readonly Told[]): void {
  const name = ({ address, port }: SocketAddress) => `${address}:${port}`
  for (const { flow, card, gateway } of told) {
    const ends = { source: name(flow.source), destination: name(flow.destination) }
    rig.emitterOf(host, 'kernel')('kernel:route_read', { protocol: flow.protocol, ...ends, card, gateway })
  }
}

/**
 * By which way would this host send each of these? Asked, and logged. A TCP connection whose port is chosen only in
 * connect() was seen to go by another way than is told of its port (Linux 6.18): so those that are asked about are
 * bound before.
 */
export async function askRoutes(rig: Rig, host: Host, flows: readonly Flow[]): Promise<void> {
  tell(rig, host, await ask(rig, host, flows))
}

/** A flow from a port of a to a port of b. */
export function flowOf({ a, b }: Pair, protocol: Flow['protocol'], port: number, to: number): Flow {
  return { protocol, source: { address: a.address, port }, destination: { address: b.address, port: to } }
}

/** The same flow on its way back. */
export function backOf({ protocol, source, destination }: Flow): Flow {
  return { protocol, source: destination, destination: source }
}

/**
 * Ports of a from which flows to that port of b go by this way.
 * @param flow.bothWays and come back by it
 * @throws Error when there are not so many
 */
export async function portsBy(
  rig: Rig,
  pair: Pair,
  way: Way,
  flow: { protocol: Flow['protocol']; to: number; from?: number; bothWays?: true; count: number },
): Promise<number[]> {
  const { protocol, to, from = PORTS.client, bothWays = false, count } = flow
  const flows = Array.from({ length: ASKED }, (_, index) => flowOf(pair, protocol, from + index, to))
  const there = await ask(rig, pair.a, flows)
  const back = bothWays ? await ask(rig, pair.b, flows.map(backOf)) : there
  const isBy = (told: Told | undefined) => told !== undefined && wayOfCard(told.card) === way
  const found = there.filter((told, index) => isBy(told) && isBy(back[index])).slice(0, count)
  if (found.length < count) throw new Error(`of ${ASKED} flows ${found.length} would go by ${way}`)
  tell(rig, pair.a, found)
  return found.map(({ flow }) => flow.source.port)
}

/** One such port. */
export async function portBy(
  rig: Rig,
  pair: Pair,
  way: Way,
  flow: Omit<Parameters<typeof portsBy>[3], 'count'>,
): Promise<number> {
  const [port = 0] = await portsBy(rig, pair, way, { ...flow, count: 1 })
  return port
}

/** Sets a setting below /proc/sys/net/ipv4 of a host. */
export async function set(rig: Rig, host: Host, settings: Readonly<Record<string, string>>): Promise<void> {
  const entries = Object.entries(settings)
  const commands = entries.map(([name, value]) => `echo ${value} >/proc/sys/net/ipv4/${name}`)
  await rig.run(host, ['sh', '-c', commands.join(' && ')])
  const read = await rig.run(host, ['cat', ...entries.map(([name]) => `/proc/sys/net/ipv4/${name}`)])
  const values = read.trim().split('\n')
  rig.emitterOf(host, 'kernel')('kernel:sysctls_read', {
    values: Object.fromEntries(entries.map(([name], index) => [name, values[index] ?? ''])),
  })
}

/** Has a host send all that is for its peer by one way, or by both again as it was made. */
export async function sendBy(rig: Rig, pair: Pair, host: Host, way: Way | 'both'): Promise<void> {
  const peer = host === pair.a ? pair.b : pair.a
  const hop = (one: Way) => ['via', gatewayOf(pair, host, one), 'dev', one === 'p' ? 'eth0' : 'eth1']
  const hops = way === 'both' ? ['nexthop', ...hop('p'), 'nexthop', ...hop('q')] : hop(way)
  await rig.run(host, ['ip', 'route', 'replace', peer.address, 'src', host.address, ...hops])
}

/** The table 7 of a host has a way by q, for packets that a rule sends there. */
export async function haveWayByQ(rig: Rig, pair: Pair, host: Host): Promise<void> {
  const peer = host === pair.a ? pair.b : pair.a
  const hop = ['via', gatewayOf(pair, host, 'q'), 'dev', 'eth1', 'src', host.address]
  await rig.run(host, ['ip', 'route', 'add', peer.address, ...hop, 'table', TABLE_BY_Q])
}

export const TABLE_BY_Q = '7'

/** The address of a router that a host knows it by. */
export function gatewayOf(pair: Pair, host: Host, way: Way): string {
  const router = routerOf(pair, way)
  return host === pair.a ? router.address : router.outside
}

export function routerOf({ name, routers }: Pair, way: Way): Forwarder {
  if (routers === undefined) throw new Error(`${name} has no two ways`)
  return routers[way]
}

export async function readCards(rig: Rig, host: Host): Promise<void> {
  for (const card of cardNames) await readCard(rig, host, card)
}

const COUNTERS = [
  ['Tcp', 'RetransSegs'],
  ['TcpExt', 'TCPOFOQueue'],
  ['TcpExt', 'TCPDSACKRecv'],
  ['TcpExt', 'TCPSACKReorder'],
] as const

/** Logs what a host's TCP has counted. */
export async function readTcpCounters(rig: Rig, host: Host): Promise<void> {
  const text = await rig.run(host, ['cat', '/proc/net/snmp', '/proc/net/netstat'])
  rig.emitterOf(host, 'kernel')('kernel:counters_read', {
    values: Object.fromEntries(COUNTERS.map(([of, name]) => [`${of}${name}`, snmpCounter(text, of, name)])),
  })
}
