/**
 * A router that looks at more than addresses: it knows flows, and treats them by rule. What does that change, and what
 * happens when it forgets, or when half of a conversation avoids it?
 */
import type { Pair } from '../../../src/hosts/host.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { type Claims, counts, nothing, says, took } from '../../../src/lab/claims.ts'
import { type Captured, ofKind, sent } from '../../../src/lab/packets.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import { type PathsSettings, quickOnly } from '../conditions.ts'
import { nextTry } from '../expectations.ts'
import { haveWayByQ, PORTS, routerOf, SOON, sendBy, TABLE_BY_Q } from '../kernels.ts'
import { arrivedOf, type PathsCell, portOf, waysOf } from '../ways.ts'

/** Three flows to three ports of b: one is sent the other way, one is dropped at p, and of one no rule says anything. */
const RULED = { byQ: 7101, dropped: 7102, plain: 7103 } as const
const EVERY_MS = 5
/** Long enough for two tries of a segment that is lost. */
const IN_VAIN_MS = 700

export const box: CaseOf<PathsSettings> = {
  id: 'box',
  promise: 'p lets through what a has begun, by its table of connections, and forgets what is idle for 2 s',
  needs: ['router', 'socket-table'],
  middle: 'two-paths',
  notHere: (_rig, plan) => quickOnly(plan),

  async act(rig, pair, settings) {
    const { a, b } = pair
    const { datagrams, forgetsAfterSeconds } = settings
    await allByP(rig, pair)
    await haveWayByQ(rig, pair, a)
    const toByQ = ['ipproto', 'udp', 'dport', String(RULED.byQ)]
    await rig.run(a, ['ip', 'rule', 'add', ...toByQ, 'lookup', TABLE_BY_Q])
    await remember(rig, pair, forgetsAfterSeconds)

    rig.mark(pair, 'rules')
    for (const port of Object.values(RULED)) {
      const receiver = await rig.sockets(b).udp.open('udp', { port })
      const sender = await rig.sockets(a).udp.open('udp', { to: receiver.at })
      await sender.send({ count: datagrams, intervalMs: EVERY_MS })
    }
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'unasked')
    const uninvited = await rig.sockets(b).udp.open('udp', { port: PORTS.udp })
    await uninvited.send({
      count: datagrams,
      intervalMs: EVERY_MS,
      to: { address: a.address, port: PORTS.client },
    })
    await rig.sleep(SLACK_MS)

    rig.mark(pair, 'talking')
    const { client } = await rig.connectTcp(pair, 'tcp', { ofServer: { port: PORTS.tcp } })
    await client.write('known\n')
    await rig.came(rig.untilEvent(b, 'tcp:received', { mechanism: 'tcp', ...SOON }))
    await rig.sleep(1000 * forgetsAfterSeconds + SLACK_MS)
    await readRefused(rig, pair)
    rig.mark(pair, 'forgotten')
    await client.observe()
    await client.write('forgotten\n')
    await rig.sleep(IN_VAIN_MS)
    rig.mark(pair, 'counting')
    await readRefused(rig, pair)
    await sendBy(rig, pair, b, 'q')
    rig.mark(pair, 'around')
    await sendBy(rig, pair, a, 'q')
    rig.mark(pair, 'sent-around')
    await rig.came(rig.untilKernel(a, client.groupId, { sendQueueBytes: 0 }, SOON))
    rig.mark(pair, 'over')
  },

  rows: { udp, tcp },
}

export const wayBack: CaseOf<PathsSettings> = {
  id: 'way-back',
  promise: 'the same p is on the way from a to b, and b answers by q',
  needs: ['router', 'socket-table'],
  middle: 'two-paths',

  async act(rig, pair) {
    const { a, b } = pair
    await sendBy(rig, pair, a, 'p')
    await sendBy(rig, pair, b, 'q')
    await remember(rig, pair, 0)
    rig.mark(pair, 'calling')
    const listener = await rig.sockets(b).tcp.listen('tcp', { port: PORTS.tcp })
    const client = await rig.sockets(a).tcp.connect('tcp', listener.at)
    await client.connected()
    await client.write('hello\n')
    await rig.sleep(IN_VAIN_MS)
    rig.mark(pair, 'over')
  },

  rows: { tcp: halfSeen },
}

async function allByP(rig: Rig, pair: Pair): Promise<void> {
  for (const host of [pair.a, pair.b]) await sendBy(rig, pair, host, 'p')
}

/** From now on p keeps a table of connections (conntrack), and goes by it. @param forgetsAfterSeconds 0: as its kernel does */
async function remember(rig: Rig, pair: Pair, forgetsAfterSeconds: number): Promise<void> {
  const p = routerOf(pair, 'p')
  const through = [
    'type filter hook forward priority filter; policy drop;',
    `udp dport ${RULED.dropped} drop;`,
    'ct state established accept;',
    'iifname "eth0" ct state new accept;',
    'counter name refused;',
  ].join(' ')
  await rig.run(p, ['nft', `table ip box { counter refused { }; chain through { ${through} }; }`])
  // A segment from the middle of a connection that is not known begins none.
  const settings = {
    tcp_loose: '0',
    ...(forgetsAfterSeconds > 0 ? { tcp_timeout_established: forgetsAfterSeconds } : {}),
  }
  const echo = Object.entries(settings).map(
    ([name, value]) => `echo ${value} >/proc/sys/net/netfilter/nf_conntrack_${name}`,
  )
  await rig.run(p, ['sh', '-c', echo.join(' && ')])
}

/** How many packets p has refused: in its own words. */
async function readRefused(rig: Rig, pair: Pair): Promise<void> {
  const p = routerOf(pair, 'p')
  const printed = await rig.run(p, ['nft', 'list', 'counter', 'ip', 'box', 'refused'])
  const refused = Number(/packets (\d+)/.exec(printed)?.[1] ?? 0)
  rig.emitterOf(p, 'kernel')('kernel:counters_read', { values: { refused } })
}

function udp(cell: PathsCell): Claims {
  const rules = cell.between('rules', 'unasked')
  const unasked = cell.between('unasked', 'talking')
  if (rules === null || unasked === null) return []
  const { datagrams } = cell.settings
  const left = sent(cell.a.packets(rules))
  const fate = (port: number) =>
    fateOf(cell, left?.filter(({ data }) => portOf(data.destination) === port) ?? null)
  const uninvited = sent(cell.b.packets(unasked))
  return [
    says(cell, 'plain', `p, ${datagrams} of ${datagrams}`, fate(RULED.plain), {
      claim: 'a flow of which no rule says anything goes by p, and arrives',
      formula: `to port ${RULED.plain}: the first packet begins an entry of the table`,
      because: 'a is inside: it may begin',
      source: 'nft(8): ct state new',
      evidence: left?.slice(-1) ?? [],
    }),
    says(cell, 'other-way', `q, ${datagrams} of ${datagrams}`, fate(RULED.byQ), {
      claim: 'this flow goes that way: by its port',
      formula: `to port ${RULED.byQ}: a rule of a sends it by q`,
      because: 'who forwards may look at whatever it likes in a packet',
      source: 'ip-rule(8): ipproto, dport; RFC 2475',
      evidence: left?.slice(0, 1) ?? [],
    }),
    says(cell, 'dropped', `p, 0 of ${datagrams}`, fate(RULED.dropped), {
      claim: 'that one is dropped: a sends it, and nothing arrives',
      formula: `to port ${RULED.dropped}: a rule of p drops it`,
      because: 'the program is not told',
      source: 'nft(8): drop',
      evidence: left?.slice(0, 1) ?? [],
      short: 'BY RULE',
    }),
    says(cell, 'unasked', `p, 0 of ${datagrams}`, fateOf(cell, uninvited, 'a'), {
      claim: 'what b sends to a unasked does not pass',
      formula: 'new, and not from the side of a',
      because: 'p knows of no connection that it belongs to',
      source: 'nft(8): ct state established',
      evidence: uninvited?.slice(0, 1) ?? [],
    }),
  ]
}

function tcp(cell: PathsCell): Claims {
  const { a, b } = cell
  const talking = cell.between('talking', 'forgotten')
  const gone = cell.between('forgotten', 'counting')
  const moving = cell.between('around', 'sent-around')
  if (!talking || !gone || !moving) return []
  const said = sent(a.packets(talking))
  const inVain = sent(a.packets(gone))
  const refused = cell.log.all('kernel:counters_read', { host: `${cell.case}-p` })
  const lostUntil = (to: number | undefined) =>
    lostOf(cell, sent(a.packets({ from: gone.from, ...(to && { to }) })))
  const [surely, perhaps] = [lostUntil(gone.to), lostUntil(refused.at(-1)?.time)]
  const first = inVain?.find(({ data }) => data.bytes > 0)
  const info = a.last('kernel:tcp_info_read', { to: gone.to })
  const timeoutMs = info?.data.retransmissionTimeoutMs ?? Number.NaN
  const next = nextTry(moving.to - (first?.time ?? Number.NaN), timeoutMs)
  const span = { minMs: 0, maxMs: moving.to - moving.from + next.maxMs }
  const came = b.first('tcp:received', { from: gone.from })
  const { forgetsAfterSeconds } = cell.settings
  const idleMs = Math.round(gone.from - (said?.at(-1)?.time ?? gone.from))
  return [
    says(cell, 'known', `p, ${said?.length ?? 0} of ${said?.length ?? 0}`, said && fateOf(cell, said), {
      claim: 'a connection that a began passes by p, both ways',
      formula: 'all that a sent arrived',
      because: `b answered with ${sent(b.packets(talking))?.length ?? 0} segments: of an entry that was there`,
      source: 'nft(8): ct state established',
      evidence: said?.slice(-1) ?? [],
    }),
    says(
      cell,
      'forgotten',
      `p, 0 of ${inVain?.length ?? 0}`,
      inVain && inVain.length > 0 ? fateOf(cell, inVain) : '',
      {
        claim: 'idle for longer than p remembers, nothing of it passes any more',
        formula: `${idleMs} ms idle > ${1000 * forgetsAfterSeconds} ms; tcp_loose = 0`,
        because: 'a segment from the middle of a connection is no beginning, and fits no entry',
        source: 'nf_conntrack-sysctl: nf_conntrack_tcp_timeout_established, nf_conntrack_tcp_loose',
        evidence: [first],
        short: 'FORGOT',
      },
    ),
    counts(
      cell,
      'refused',
      { min: surely ?? 0, max: perhaps ?? 0 },
      surely && perhaps && refusedBetween(refused),
      'packets',
      {
        claim: 'p itself counts as refused what a sent and b never got',
        formula: `${surely ?? 0} captured at a, ${perhaps ?? 0} until p was asked`,
        because: 'who drops knows it, and tells nobody',
        source: 'nft(8): counter',
        evidence: refused,
      },
    ),
    says(cell, 'states', 'ESTABLISHED | ESTABLISHED', cell.states(gone.to), {
      claim: 'both ends hold the connection: it was never in p',
      formula: 'client | server',
      because: 'p remembered that it had seen one; what it forgot was its own',
      source: 'RFC 9293 section 3.3.2',
      evidence: [
        a.last('kernel:socket_updated', { to: gone.to }),
        b.last('kernel:socket_updated', { to: gone.to }),
      ],
    }),
    took(cell, 'around', span, moving.from, came, {
      claim: 'sent by q, which keeps nothing, it goes on with the next try',
      formula: `at most ${Math.round(next.maxMs - timeoutMs)} ms, for which it was tried in vain, and ${Math.round(timeoutMs)} ms`,
      because: 'q does not know that there is a connection, and so cannot miss anything',
      source: 'RFC 6298 section 5.5; RFC 791 section 1.4',
      evidence: [info, came],
    }),
  ]
}

function halfSeen(cell: PathsCell): Claims {
  const { a, b } = cell
  const calling = cell.between('calling', 'over')
  if (calling === null) return []
  const [there, back] = [sent(a.packets()), sent(b.packets())]
  const said = there?.filter(({ data }) => data.bytes > 0) ?? null
  const handshake = ofKind(back, 'syn-ack')
  return [
    says(cell, 'ways', 'p there, q back', there && back && `${waysOf(there)} there, ${waysOf(back)} back`, {
      claim: 'the SYN goes by p, the answer comes by q: p sees half of the handshake',
      formula: 'as the routes of a and of b are',
      because: `${handshake?.length ?? 0} SYN ACKs were sent, and again, since none was acknowledged`,
      source: 'RFC 1812 section 5.2.4',
      evidence: [there?.[0], back?.[0]],
    }),
    says(cell, 'states', 'ESTABLISHED | SYN-RECEIVED', cell.states(calling.to), {
      claim: 'a believes in a connection that b is still waiting for',
      formula: 'client | server',
      because: 'the SYN ACK came to a by q; the ACK of a, by p, fits nothing that p has seen, and is dropped',
      source: 'RFC 9293 section 3.5; nf_conntrack_proto_tcp.c',
      evidence: [
        a.last('kernel:socket_updated', { to: calling.to }),
        b.last('kernel:socket_updated', { to: calling.to }),
      ],
      short: 'HALF',
    }),
    nothing(cell, 'not-asked', there && there.length > 0 ? b.all('tcp:accepted', calling) : null, calling, {
      claim: 'the program at b is not asked',
      formula: 'no accept()',
      because: 'its kernel completes a connection before it hands it over',
      source: 'accept(2)',
    }),
    says(cell, 'lost', `p, 0 of ${said?.length ?? 0}`, said && said.length > 0 ? fateOf(cell, said) : '', {
      claim: 'and what a writes is dropped, each time',
      formula: 'no segment with data at b',
      because: 'a middle box wants to see both ways, and routes promise nobody that',
      source: 'RFC 2663 section 2.4; RFC 1812 section 5.2.4',
      evidence: said?.slice(0, 1) ?? [],
    }),
  ]
}

/** `p, 3 of 3`: by which way these left, and how many came to the other end. */
function fateOf(cell: PathsCell, packets: readonly Captured[] | null, at: 'a' | 'b' = 'b'): string | null {
  const arrived = arrivedOf(cell, packets, at)
  return packets && arrived && `${waysOf(packets)}, ${arrived.length} of ${packets.length}`
}

/** How many of these never came to b; null where not all are known. */
function lostOf(cell: PathsCell, packets: readonly Captured[] | null): number | null {
  const arrived = arrivedOf(cell, packets)
  return packets && arrived && packets.length - arrived.length
}

function refusedBetween(looks: readonly { data: { values: Record<string, number> } }[]): number | null {
  const [first, last] = [looks[0], looks.at(-1)]
  if (first === undefined || last === undefined || first === last) return null
  return (last.data.values.refused ?? 0) - (first.data.values.refused ?? 0)
}
