/** Two ways to the same host, equally good. By which does a packet go, and does its conversation stay together? */
import type { Pair } from '../../../src/hosts/host.ts'
import { betweenLooks, grown } from '../../../src/lab/card-looks.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { type Claims, counts, says } from '../../../src/lab/claims.ts'
import { ofKind, received, sent } from '../../../src/lab/packets.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import type { PathsSettings } from '../conditions.ts'
import { askRoutes, backOf, flowOf, PORTS, portBy, readCards, SOON, set } from '../kernels.ts'
import {
  arrivedOf,
  byPort,
  type PathsCell,
  portOf,
  routerAt,
  settingOf,
  toldOf,
  type Way,
  wayOf,
  waysOf,
  wayTold,
} from '../ways.ts'

/** What of a packet decides is a setting: the addresses, or the ports too. */
const POLICY = 'fib_multipath_hash_policy'
const EVERY_MS = 2
const LINES = 100

export const byHost: CaseOf<PathsSettings> = {
  id: 'by-host',
  promise: 'twenty flows and a TCP connection from a to b; the kernels choose a way by addresses',
  needs: ['network'],
  middle: 'two-paths',
  act: (rig, pair, settings) => converse(rig, pair, settings, '0'),
  rows: { udp: (cell) => udp(cell, byAddresses), tcp, traceroute },
}

export const byFlow: CaseOf<PathsSettings> = {
  id: 'by-flow',
  promise: 'the same; the kernels choose a way by addresses and ports',
  needs: ['network'],
  middle: 'two-paths',
  act: (rig, pair, settings) => converse(rig, pair, settings, '1'),
  rows: { udp: (cell) => udp(cell, byAddressesAndPorts), tcp, traceroute },
}

async function converse(rig: Rig, pair: Pair, { flows, datagrams }: PathsSettings, policy: '0' | '1') {
  const { a, b } = pair
  for (const host of [a, b]) await set(rig, host, { [POLICY]: policy })
  await readCards(rig, a)
  await trace(rig, pair, policy)

  rig.mark(pair, 'flows')
  const receiver = await rig.sockets(b).udp.open('udp', { port: PORTS.udp })
  const ports = Array.from({ length: flows }, (_, index) => PORTS.client + index)
  await askRoutes(
    rig,
    a,
    ports.map((port) => flowOf(pair, 'udp', port, PORTS.udp)),
  )
  for (const port of ports) {
    const flow = await rig.sockets(a).udp.open('udp', { port, to: receiver.at })
    await flow.send({ count: datagrams, intervalMs: EVERY_MS })
  }
  const { client } = await rig.connectTcp(pair, 'tcp', {
    ofServer: { port: PORTS.tcp, does: 'echo' },
    ofClient: { localPort: PORTS.caller },
  })
  const there = flowOf(pair, 'tcp', client.port, PORTS.tcp)
  await askRoutes(rig, a, [there])
  await askRoutes(rig, b, [backOf(there)])
  await client.writeLines(LINES)
  await rig.came(rig.untilKernel(a, client.groupId, { sendQueueBytes: 0 }, SOON))
  await rig.sleep(SLACK_MS)
  await readCards(rig, a)
}

/** Two flows are traced before they begin; then they send. */
async function trace(rig: Rig, pair: Pair, policy: '0' | '1'): Promise<void> {
  const { a, b } = pair
  const to = { address: b.address, port: PORTS.traceroute }
  const flow = { protocol: 'udp', to: to.port } as const
  const from = PORTS.traced
  const by = (way: Way) => portBy(rig, pair, way, { ...flow, from })
  const ports = policy === '0' ? [from, from + 1] : [await by('p'), await by('q')]
  await askRoutes(
    rig,
    a,
    ports.map((port) => flowOf(pair, 'udp', port, to.port)),
  )
  for (const port of ports) await rig.sockets(a).trace('traceroute', port, to)
  rig.mark(pair, 'traced')
  await rig.sockets(b).udp.open('traceroute', { port: to.port })
  for (const port of ports) {
    const socket = await rig.sockets(a).udp.open('traceroute', { port, to })
    await socket.send({ count: 3, intervalMs: EVERY_MS })
  }
}

interface Choice {
  what: string
  ways: 1 | 2
  claim: string
  because: string
}

const byAddresses: Choice = {
  what: '0: addresses',
  ways: 1,
  claim: 'all flows go by one way: the other is not used between these two hosts',
  because: 'ports are not looked at, and the addresses are the same for all',
}

const byAddressesAndPorts: Choice = {
  what: '1: addresses and ports',
  ways: 2,
  claim: 'the flows spread over both ways',
  because: 'each has other ports, and so another hash',
}

function udp(cell: PathsCell, { what, ways: expected, claim, because }: Choice): Claims {
  const { a } = cell
  const { flows } = cell.settings
  const left = sent(a.packets())
  const found = left && byPort(left)
  const ways = [...(found ?? [])].map(([port, packets]) => ({ port, way: waysOf(packets) ?? '' }))
  const told = ways.filter(
    ({ port, way }) => wayTold(toldOf(a, { protocol: 'udp', from: port, to: PORTS.udp })) === way,
  )
  const by = (one: string) => ways.filter(({ way }) => way === one).length
  const evidence = left?.slice(0, 1).concat(left.slice(-1)) ?? []
  return [
    counts(cell, 'spread', expected, left && new Set(left.map(wayOf)).size, 'ways', {
      claim,
      formula: `${POLICY} = ${settingOf(a, POLICY)} (${what})`,
      because: `${because}: ${by('p')} by p, ${by('q')} by q`,
      source: 'ip-sysctl: fib_multipath_hash_policy; RFC 2992',
      evidence,
      short: `${by('p')} : ${by('q')}`,
    }),
    counts(cell, 'one-way', flows, found && ways.filter(({ way }) => way.length === 1).length, 'flows', {
      claim: 'each flow keeps to one way, with all of its packets',
      formula: `all ${flows}`,
      because: 'the same addresses and ports have the same hash, for every packet',
      source: 'RFC 2992; RFC 2991 section 2: packet reordering',
      evidence,
    }),
    counts(cell, 'told', flows, left && told.length, 'flows', {
      claim: 'the kernel had said by which way each would go, before it sent anything',
      formula: '`ip route get` with the ports of each flow',
      because: 'nobody remembers flows: the way is computed again for every packet, and comes out the same',
      source: 'ip-route(8): get; net/ipv4/route.c: fib_multipath_hash',
      evidence: [toldOf(a, { protocol: 'udp', to: PORTS.udp })],
    }),
    ...(['p', 'q'] as const).map((way) => counter(cell, way)),
  ]
}

/** The card's own count of what it sent, beside what was captured there. */
function counter(cell: PathsCell, way: Way) {
  const { a } = cell
  const card = way === 'p' ? undefined : 'eth1'
  const between = betweenLooks(a, card)
  const at = (within: 'surely' | 'perhaps') =>
    between && (sent(a.everyPacket(between[within]))?.filter((one) => wayOf(one) === way) ?? null)
  const [surely, perhaps] = [at('surely'), at('perhaps')]
  const expected = { min: surely?.length ?? 0, max: perhaps?.length ?? 0 }
  return counts(
    cell,
    `counted-${way}`,
    expected,
    surely && perhaps && grown(a, 'sentFrames', {}, card),
    'frames',
    {
      claim: `the card towards ${way} counts as many frames as were captured there`,
      formula: `${expected.min} captured, of all rows`,
      because: 'the kernel counts for itself',
      source: 'ip-link(8): -s',
      evidence: a.ofHost('kernel:card_read'),
    },
  )
}

function tcp(cell: PathsCell): Claims {
  const { a, b } = cell
  const [there, back] = [sent(a.packets()), sent(b.packets())]
  const told = { a: toldOf(a, { protocol: 'tcp' }), b: toldOf(b, { protocol: 'tcp' }) }
  const words = (host: 'a' | 'b') => wayTold(told[host])
  return [
    says(cell, 'there', words('a'), waysOf(there), {
      claim: 'all segments of one connection go one way',
      formula: '`ip route get` at a, with its addresses and ports',
      because: `${there?.length ?? 0} segments; routers keep a conversation together, since TCP dislikes disorder`,
      source: 'RFC 2991 section 2; net/ipv4/route.c: fib_multipath_hash',
      evidence: [told.a],
    }),
    says(cell, 'back', words('b'), waysOf(back), {
      claim: 'by which way the answers come is for b to choose',
      formula: '`ip route get` at b',
      because: `${back?.length ?? 0} segments; nothing binds the two directions of a connection to one way`,
      source: 'RFC 1812 section 5.2.4: each router decides for itself',
      evidence: [told.b],
    }),
  ]
}

function traceroute(cell: PathsCell): Claims {
  const { a } = cell
  const traced = cell.moment('traced')
  if (traced === undefined) return []
  const answers = a.all('trace:answered', { to: traced })
  const flows = [...new Set(answers.map(({ group_id }) => group_id))]
  const b = cell.log.first('host:started', { host: cell.b.host })?.data.address ?? ''
  const toldWays = flows.map((flow) =>
    wayTold(toldOf(a, { protocol: 'udp', from: portOf(flow ?? ''), to: PORTS.traceroute })),
  )
  const expected = toldWays.map((way) => {
    const router = way === 'p' || way === 'q' ? routerAt(cell, way)?.data.inside : undefined
    return `${router ?? '?'} > ${b}`
  })
  const hopsOf = (flow: string | undefined) => answers.filter(({ group_id }) => group_id === flow)
  const observed = flows.map((flow) =>
    hopsOf(flow)
      .map(({ data }) => data.from ?? '?')
      .join(' > '),
  )
  const said = flows.map((flow) =>
    hopsOf(flow)
      .map(({ data }) => data.says ?? 'nothing')
      .join(', '),
  )
  const icmp = ofKind(received(a.packets({ to: traced })), 'icmp-error')
  const later = sent(a.packets({ from: traced }))
  const laterWays = flows.map((flow) => waysOf(later?.filter(({ group_id }) => group_id === flow) ?? []))
  return [
    says(cell, 'hops', expected.join('; '), observed.join('; '), {
      claim: 'a datagram that may pass one host only is answered by the router on its way, the next by b',
      formula: '`ip route get` for each of the two flows, and the addresses of the routers',
      because: 'the router that counts down to 0 must drop it, and says so: thereby one learns who it is',
      source: 'RFC 791 section 3.2; RFC 792; RFC 1812 section 5.3.1',
      evidence: answers,
      short: toldWays.join(' '),
    }),
    says(
      cell,
      'answers',
      flows.map(() => 'time to live exceeded, port unreachable').join('; '),
      icmp && said.join('; '),
      {
        claim: 'who stopped it says why; nobody needs a right to ask',
        formula: 'two ICMP messages for each flow, from the error queue of its socket',
        because: `as captured: ${icmp?.map(({ data }) => data.text).join(', ')}`,
        source: 'RFC 792; ip(7): IP_RECVERR',
        evidence: icmp ?? [],
      },
    ),
    says(cell, 'same', toldWays.join('; '), later && laterWays.join('; '), {
      claim: 'what these flows sent afterwards went the same way',
      formula: 'as traced, with the same ports',
      because: 'with other ports it might have gone by the other router, so the program keeps them',
      source: 'src/programs/traceroute.ts; RFC 2991',
      evidence: arrivedOf(cell, later)?.slice(-1) ?? [],
    }),
  ]
}
