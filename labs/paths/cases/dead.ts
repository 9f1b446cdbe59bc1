/** A router dies without a word. Whom does it take along? */
import type { Host, Pair } from '../../../src/hosts/host.ts'
import { neighboursCommand, parseNeighbours } from '../../../src/kernel/card.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { type Claims, counts, nothing, says, took } from '../../../src/lab/claims.ts'
import type { Period } from '../../../src/lab/log.ts'
import { bytesOf, ofKind, received, sent } from '../../../src/lab/packets.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import type { UdpSocket } from '../../../src/rig/sockets.ts'
import type { PathsSettings } from '../conditions.ts'
import { nextTry } from '../expectations.ts'
import { askRoutes, flowOf, PORTS, portBy, portsBy, routerOf, SOON, set } from '../kernels.ts'
import { byPort, type PathsCell, settingOf, toldOf, wayTold } from '../ways.ts'

const USE_NEIGH = 'fib_multipath_use_neigh'
const EVERY_MS = 20
const LOOK_EVERY_MS = 100

export const dead: CaseOf<PathsSettings> = {
  id: 'dead',
  promise: 'twelve flows and a TCP connection, and p is dead without a word, later back',
  needs: ['network', 'socket-table'],
  middle: 'two-paths',

  async act(rig, pair, { datagrams, neighbours, noticedWithinMs }) {
    const { a, b } = pair
    const p = routerOf(pair, 'p')
    await set(rig, a, { fib_multipath_hash_policy: '1', [USE_NEIGH]: '0' })
    await set(rig, b, { fib_multipath_hash_policy: '1' })
    if (neighbours !== null) {
      const ofCard = Object.entries(neighbours).map(([name, value]) => [`neigh/eth0/${name}`, value])
      for (const host of [a, b]) await set(rig, host, Object.fromEntries(ofCard))
    }
    const receiver = await rig.sockets(b).udp.open('udp', { port: PORTS.udp })
    const flows: UdpSocket[] = []
    for (const way of ['p', 'q'] as const) {
      const wished = { protocol: 'udp', to: PORTS.udp, count: FLOWS_EACH } as const
      for (const port of await portsBy(rig, pair, way, wished)) {
        flows.push(await rig.sockets(a).udp.open('udp', { port, to: receiver.at }))
      }
    }
    const localPort = await portBy(rig, pair, 'p', { protocol: 'tcp', to: PORTS.tcp, bothWays: true })
    const { client } = await rig.connectTcp(pair, 'tcp', {
      ofServer: { port: PORTS.tcp },
      ofClient: { localPort },
    })
    await client.write('before\n')
    await rig.came(rig.untilEvent(b, 'tcp:received', { mechanism: 'tcp', ...SOON }))
    const send = () => Promise.all(flows.map((flow) => flow.send({ count: datagrams, intervalMs: EVERY_MS })))

    await rig.network?.unplug(p)
    rig.mark(pair, 'dead')
    await client.observe()
    await client.write('meanwhile\n')
    await send()
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'lost')
    await untilGivenUp(rig, pair, a, noticedWithinMs)
    await set(rig, a, { [USE_NEIGH]: '1' })
    rig.mark(pair, 'noticed')
    await askRoutes(
      rig,
      a,
      flows.map(({ at }) => flowOf(pair, 'udp', at.port, PORTS.udp)),
    )
    await send()
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'back')
    await rig.network?.plug(p)
    const tried = { withinMs: 2 * noticedWithinMs }
    await rig.came(rig.untilKernel(a, client.groupId, { sendQueueBytes: 0 }, tried))
    rig.mark(pair, 'over')
  },

  rows: { udp, tcp },
}

const FLOWS_EACH = 6

/** Until the kernel of a has asked p in vain whether it is there. */
async function untilGivenUp(rig: Rig, pair: Pair, a: Host, withinMs: number): Promise<void> {
  const gateway = routerOf(pair, 'p').address
  const until = performance.now() + withinMs
  for (;;) {
    const neighbours = parseNeighbours(await rig.run(a, neighboursCommand))
    const found = neighbours.find(({ address }) => address === gateway)
    if (found?.state === 'FAILED' || performance.now() > until) {
      rig.emitterOf(a, 'kernel')('kernel:neighbours_read', { neighbours })
      return
    }
    await rig.sleep(LOOK_EVERY_MS)
  }
}

function udp(cell: PathsCell): Claims {
  const lost = cell.between('dead', 'lost')
  const noticed = cell.between('noticed', 'back')
  if (lost === null || noticed === null) return []
  const { a } = cell
  const chosenFor = (way: string) => portsTold(cell, way, { to: lost.from })
  const got = flowsAtB(cell, lost)
  const gotLater = flowsAtB(cell, noticed)
  const [byP, byQ] = [chosenFor('p'), chosenFor('q')]
  const of = (ports: ReadonlySet<number>, arrived: ReadonlySet<number> | null) =>
    arrived && [...ports].filter((port) => arrived.has(port)).length
  const look = a.ofHost('kernel:neighbours_read', { to: noticed.from }).at(-1)
  const neighbour = look?.data.neighbours.find(({ state }) => state === 'FAILED')
  const told = portsTold(cell, 'q', noticed)
  return [
    counts(cell, 'lost', 0, byP.size === 0 ? null : of(byP, got), 'flows', {
      claim: 'of the flows by p nothing arrives any more',
      formula: `of ${byP.size}`,
      because: 'the card of a has its light, and the router had said nothing',
      source: 'RFC 2991 section 2; RFC 768',
      evidence: sent(a.packets(lost))?.slice(-1) ?? [],
      short: `${of(byQ, got) ?? '?'} of ${byP.size + byQ.size}`,
    }),
    counts(cell, 'spared', byQ.size, of(byQ, got), 'flows', {
      claim: 'the flows by q notice nothing',
      formula: `all ${byQ.size}`,
      because: 'a router that is dead loses the flows that went by it, and no others',
      source: 'RFC 2991 section 2',
      evidence: received(cell.b.packets(lost))?.slice(-1) ?? [],
    }),
    nothing(cell, 'told', got && a.all('udp:error_received', lost), lost, {
      claim: 'no program is told',
      formula: 'no error on any socket',
      because: 'send() asks nobody, and there is nobody who would say anything',
      source: 'RFC 768; send(2)',
    }),
    says(cell, 'neighbour', 'FAILED', neighbour?.state ?? '', {
      claim: 'the kernel of a itself asks p, in vain, and notes that',
      formula: neighbourFormula(cell),
      because: 'whom it has not heard for a while it asks by ARP before it sends on',
      source: 'arp(7); RFC 1122 section 2.3.2.1',
      evidence: [look],
    }),
    counts(cell, 'noticed', byP.size + byQ.size, of(new Set([...byP, ...byQ]), gotLater), 'flows', {
      claim: 'told to go by what it knows of its neighbours, it sends all flows by q, and all arrive',
      formula: `${USE_NEIGH} = ${settingOf(a, USE_NEIGH, noticed.to)}; before it was ${settingOf(a, USE_NEIGH, lost.to)}, the default`,
      because: `\`ip route get\` said q for ${told.size} of them`,
      source: 'ip-sysctl: fib_multipath_use_neigh',
      evidence: received(cell.b.packets(noticed))?.slice(-1) ?? [],
    }),
  ]
}

function tcp(cell: PathsCell): Claims {
  const lost = cell.between('dead', 'lost')
  const back = cell.between('back', 'over')
  if (lost === null || back === null) return []
  const { a, b } = cell
  const first = sent(a.packets(lost))?.find(({ data }) => data.bytes > 0)
  const info = a.last('kernel:tcp_info_read', { to: lost.to })
  const again = ofKind(sent(a.packets({ from: lost.from, to: back.from })), 'retransmission')
  const acknowledged = a
    .all('kernel:socket_updated', back)
    .find(({ data }) => data.old?.sendQueueBytes !== 0 && data.new?.sendQueueBytes === 0)
  const timeoutMs = info?.data.retransmissionTimeoutMs ?? Number.NaN
  const next = nextTry(back.from - (first?.time ?? Number.NaN), timeoutMs)
  return [
    nothing(cell, 'silence', received(b.packets(lost)), lost, {
      claim: 'what a writes does not arrive when p is dead',
      formula: 'no segment at b',
      because: `a sent it ${1 + (again?.length ?? 0)} times until p was back`,
      source: 'RFC 9293 section 3.8.1',
    }),
    says(cell, 'states', 'ESTABLISHED | ESTABLISHED', cell.states(back.from), {
      claim: 'and both ends go on holding the connection',
      formula: 'client | server',
      because: 'a retransmits, and b knows of nothing',
      source: 'RFC 9293 section 3.8.3',
      evidence: [a.last('kernel:socket_updated', { to: back.from })],
      short: 'LIVES',
    }),
    took(cell, 'goes-on', next, back.from, acknowledged, {
      claim: 'p is there again, and with the next try all is acknowledged',
      formula: `at most ${Math.round(next.maxMs - timeoutMs)} ms, for which it was tried in vain, and ${Math.round(timeoutMs)} ms`,
      because: `${bytesOf(b.all('tcp:received'))} bytes came to b in all; p knew nothing of the connection, before or after`,
      source: 'RFC 6298 section 5.5',
      evidence: [info, acknowledged],
    }),
  ]
}

/** The ports of a whose flows the kernel had said to go that way. */
function portsTold({ a }: PathsCell, way: string, within: Partial<Period>): Set<number> {
  const senders = new Set(
    a.all('udp:datagram_sent').map(({ group_id = '' }) => Number(group_id.split(':')[1])),
  )
  return new Set(
    [...senders].filter(
      (port) => wayTold(toldOf(a, { protocol: 'udp', from: port, to: PORTS.udp }, within)) === way,
    ),
  )
}

/** The ports of a of which something came to b in that time; null: not every packet of it is known. */
function flowsAtB({ b }: PathsCell, within: Period): Set<number> | null {
  const came = received(b.packets(within))
  return came && new Set(byPort(came).keys())
}

function neighbourFormula({ settings: { neighbours } }: PathsCell): string {
  if (neighbours === null) return 'as this system has it'
  const { base_reachable_time_ms: base, delay_first_probe_time: delay, ucast_solicit: tries } = neighbours
  return `good for ${base} ms or so, then ${delay} s, then ${tries} questions`
}
