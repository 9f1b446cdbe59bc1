/**
 * Datagrams through a router: how long it remembers, and what comes too late. Each row is a story of its own; they
 * share a router.
 */
import type { Pair } from '../../../src/hosts/host.ts'
import type { RouterSettings } from '../../../src/hosts/router.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { type Claims, counts, nothing, says } from '../../../src/lab/claims.ts'
import { ofKind, received } from '../../../src/lab/packets.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import type { NatCell, NatSettings } from '../conditions.ts'
import { greet, isAsked, SILENCE_MS, untilForgotten } from '../connections.ts'
import { portAfterLateAnswer, type RouterInForce } from '../expectations.ts'
import { portWords } from '../first-segment.ts'
import {
  firstShown,
  idleMs,
  inTime,
  knowingRouter,
  lookBefore,
  looksOf,
  type Memory,
  mappingIn,
  memoryOf,
  remembersFor,
  seconds,
  UDP_TRACKING,
} from '../router-table.ts'

/** UDP that is answered counts as a stream when two seconds have passed (nf_conntrack_proto_udp.c). */
const STREAM_AFTER_MS = 2100
const DAY_MS = 86_400_000

/** What is done on a row, and what is claimed of it. */
interface DatagramRow {
  act(rig: Rig, pair: Pair): Promise<void>
  claims(cell: NatCell, router: RouterInForce): Claims
}

/** One datagram goes out, none comes back; later the client sends another. */
const clientFirst: DatagramRow = {
  async act(rig, pair) {
    const row = 'udp-client-first'
    const { client } = await firstDatagram(rig, pair, row)
    await untilForgotten(rig, pair, [client.at.port])
    await speakAgain(rig, pair, row, client)
  },

  claims(cell, router) {
    const again = cell.moment(`${cell.row} again`)
    if (again === undefined) return []
    return [...forgets(cell, router, again), seenAgain(cell, 'the same port')]
  },
}

/** One datagram goes out, and the server answers when the router has forgotten who that is for. */
const serverFirst: DatagramRow = {
  async act(rig, pair) {
    const row = 'udp-server-first'
    const { client, server, seenAs } = await firstDatagram(rig, pair, row)
    await untilForgotten(rig, pair, [client.at.port])
    rig.mark(pair, `${row} late answer`)
    await server.sendText('the answer, late', seenAs)
    await rig.sleep(SILENCE_MS)
    await speakAgain(rig, pair, row, client)
  },

  claims(cell, router) {
    const late = cell.between(`${cell.row} late answer`, `${cell.row} again`)
    if (late === null) return []
    return [
      ...forgets(cell, router, late.from),
      ...lateAnswer(cell, router, late),
      seenAgain(cell, portAfterLateAnswer(router)),
    ]
  },
}

/** Answered twice: the second time the router takes it for a stream. */
const answered: DatagramRow = {
  async act(rig, pair) {
    const row = 'udp-answered'
    const { client } = await firstDatagram(rig, pair, row)
    await rig.router(pair).mappings()
    await rig.sleep(STREAM_AFTER_MS)
    rig.mark(pair, `${row} again`)
    await client.sendText('still here')
    await rig.came(rig.untilEvent(pair.a, 'udp:datagram_received', { mechanism: row, occurrence: 2 }))
    rig.mark(pair, `${row} answered again`)
    await untilForgotten(rig, pair, [client.at.port])
  },

  claims(cell, router) {
    const again = cell.between(`${cell.row} again`, `${cell.row} answered again`)
    if (again === null) return []
    const { udp, stream } = memoryOf(router)
    return [
      remembersFor(cell, 'answered-once', lookBefore(cell, again.from), udp, {
        claim: 'an answer within the first two seconds does not make it last longer',
      }),
      remembersFor(cell, 'stream', firstShown(cell, again.to), stream, {
        claim: 'answered again after two seconds, it is a stream, and remembered for longer',
        short: 'STREAM',
      }),
      forgotten(cell, cell.watch.to, stream, 'and is forgotten all the same'),
    ]
  },
}

/** A TCP connection beside them: its time is as the kernel has it. */
const tcpIdle: DatagramRow = {
  async act(rig, pair) {
    await greet(rig, pair, 'tcp-idle')
    await rig.router(pair).mappings()
  },

  claims: (cell, router) => [
    remembersFor(cell, 'remembered', looksOf(cell).at(-1), memoryOf(router).tcp, {
      claim: 'the TCP connection beside them is remembered for days',
      short: `${Math.round(router.tcpMs / DAY_MS)} DAYS`,
    }),
  ],
}

function datagrams(
  id: string,
  settings: RouterSettings,
  promise: string,
  rows: Readonly<Record<string, DatagramRow>>,
): CaseOf<NatSettings> {
  const all = Object.entries(rows)
  return {
    id,
    promise,
    needs: ['router'],
    // What is remembered of TCP stays as the kernel has it.
    router({ memory }) {
      if (memory === null) return settings
      return { udpSeconds: memory.udpSeconds, udpStreamSeconds: memory.udpStreamSeconds, ...settings }
    },

    async act(rig, pair) {
      await Promise.all(all.filter(([row]) => isAsked(rig, pair, row)).map(([, row]) => row.act(rig, pair)))
      await rig.router(pair).mappings()
    },

    rows: Object.fromEntries(all.map(([row, { claims }]) => [row, knowingRouter(claims)])),
  }
}

export const udp = datagrams(
  'udp',
  {},
  'datagrams through a router that forgets, and refuses what comes too late',
  {
    'udp-client-first': clientFirst,
    'udp-server-first': serverFirst,
    'udp-answered': answered,
    'tcp-idle': tcpIdle,
  },
)

export const udpSilent = datagrams(
  'udp-silent',
  { input: 'drop' },
  'datagrams through a router that forgets, and drops what comes too late',
  { 'udp-server-first': serverFirst },
)

// ---- steps ----------------------------------------------------------------------------------------

/** The client says hello; the server knows it only by the address that it is seen from. */
async function firstDatagram(rig: Rig, pair: Pair, row: string) {
  const { a, b } = pair
  const echo = row === 'udp-answered'
  const server = await rig.sockets(b).udp.open(row, { echo })
  const client = await rig.sockets(a).udp.open(row, { to: server.at })
  rig.mark(pair, `${row} first`)
  await client.sendText('hello')
  const { data } = await rig.untilEvent(b, 'udp:datagram_received', { mechanism: row })
  if (echo) await rig.untilEvent(a, 'udp:datagram_received', { mechanism: row })
  const [address = '', port] = data.remote.split(':')
  return { server, client, seenAs: { address, port: Number(port) } }
}

async function speakAgain(
  rig: Rig,
  pair: Pair,
  row: string,
  client: Awaited<ReturnType<typeof firstDatagram>>['client'],
): Promise<void> {
  rig.mark(pair, `${row} again`)
  await client.sendText('still here')
  await rig.came(rig.untilEvent(pair.b, 'udp:datagram_received', { mechanism: row, occurrence: 2 }))
  await rig.router(pair).mappings()
}

// ---- claims ---------------------------------------------------------------------------------------

/** First remembered, and forgotten by a moment. */
function forgets(cell: NatCell, router: RouterInForce, by: number): Claims {
  const { udp } = memoryOf(router)
  const first = cell.moment(`${cell.row} first`) ?? cell.watch.from
  return [
    remembersFor(cell, 'remembered', firstShown(cell, first), udp, {
      claim: 'one datagram is remembered, and not for long',
    }),
    forgotten(cell, by, udp, 'then the router has forgotten it'),
  ]
}

function forgotten(cell: NatCell, by: number, { limitMs, setting, source }: Memory, claim: string) {
  const look = lookBefore(cell, by)
  const idle = look === undefined ? null : idleMs(cell, look)
  const held = mappingIn(cell, look) === undefined ? 'no mapping' : 'a mapping'
  return says(cell, 'forgotten', 'no mapping', inTime(held, idle, limitMs), {
    claim,
    formula: `idle for ${seconds(idle)}, ${setting} ${seconds(limitMs)}`,
    because: `nothing had passed for ${seconds(idle)}`,
    source,
    evidence: [look],
  })
}

/** How the server sees the client that speaks again. */
function seenAgain(cell: NatCell, expected: 'the same port' | 'another port') {
  const [first, second] = cell.b.all('udp:datagram_received')
  const found = second === undefined ? 'not at all' : portWords(first?.data.remote, second.data.remote)
  const isSame = expected === 'the same port'
  return says(cell, 'seen-from', expected, found, {
    claim: `then the client speaks: the server sees it at ${isSame ? 'the port that it knows' : 'another port'}`,
    formula: isSame
      ? 'masquerade: its own port, where that is free'
      : 'the late answer was to that port of the router: it is taken',
    because: `${first?.data.remote ?? 'nobody'}, then ${second?.data.remote ?? 'nobody'}`,
    source: 'nft(8) masquerade, nf_nat_core.c',
    evidence: [first, second],
    short: SHORT[found],
  })
}

const SHORT = { 'the same port': 'SAME', 'another port': 'MOVED', 'not at all': '-' }

/** What the server sends when the router has forgotten. @param late until the client speaks again */
function lateAnswer(cell: NatCell, { input }: RouterInForce, late: { from: number; to: number }): Claims {
  const { a, b } = cell
  const untilEnd = { from: late.from, to: cell.watch.to }
  const got = a.all('udp:datagram_received', untilEnd)
  const errors = b.all('udp:error_received', untilEnd)
  const answer = b.first('udp:datagram_sent', late)
  // If a program does not log what it sends, nobody knows what it has heard.
  if (answer === undefined || a.first('udp:datagram_sent', { from: late.to }) === undefined) return []
  // The row of an ICMP message is that of the datagram that it is about.
  const icmp = ofKind(received(b.packets({ from: late.from })), 'icmp-error')
  const isRefused = input === 'answer'
  return [
    nothing(cell, 'late-answer', got, untilEnd, {
      claim: 'the late answer of the server is lost',
      formula: 'nothing, until the end of the case',
      because: 'nothing says which host inside it is for',
      source: UDP_TRACKING,
      evidence: [answer, ...got],
    }),
    counts(cell, 'refused', isRefused ? 1 : 0, icmp, 'messages', {
      claim: isRefused ? 'the router refuses it, with ICMP port unreachable' : 'the router does not say so',
      formula: `input: ${input}`,
      because: icmp?.[0]?.data.text ?? 'no ICMP message arrived',
      source: 'RFC 1122 3.2.2.1',
    }),
    nothing(cell, 'unheard', errors, untilEnd, {
      claim: 'the program of the server hears nothing of it',
      formula: 'an unconnected socket is told of no ICMP error',
      because: `${icmp?.length ?? 'an unknown number of'} ICMP messages reached its kernel`,
      source: 'udp(7), RFC 1122 4.1.3.3',
      evidence: [answer, ...errors],
    }),
  ]
}
