/**
 * A router that looks at more than addresses: it knows flows, and treats them by rule. What does that change, and what
 * happens when it forgets?
 */
import type { Pair } from '../../../src/hosts/host.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { type Claims, counts, says, took } from '../../../src/lab/claims.ts'
import { type Captured, sent } from '../../../src/lab/packets.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import { type PathsSettings, quickOnly } from '../conditions.ts'
import { nextTry } from '../expectations.ts'
import { haveWayByQ, PORTS, SOON, sendBy, TABLE_BY_Q } from '../kernels.ts'
import { FORGETS_AFTER, IN_VAIN_MS, RULED, readRefused, remember } from '../table.ts'
import { arrivedOf, counted, fateOf, type PathsCell, portOf } from '../ways.ts'

const EVERY_MS = 5

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

async function allByP(rig: Rig, pair: Pair): Promise<void> {
  for (const host of [pair.a, pair.b]) await sendBy(rig, pair, host, 'p')
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
  const p = { host: `${cell.case}-p` }
  const refused = cell.log.all('kernel:counters_read', p)
  const lostUntil = (to: number | undefined) =>
    lostOf(cell, sent(a.packets({ from: gone.from, ...(to && { to }) })))
  const [surely, perhaps] = [lostUntil(gone.to), lostUntil(refused.at(-1)?.time)]
  const first = inVain?.find(({ data }) => data.bytes > 0)
  const info = a.last('kernel:tcp_info_read', { to: gone.to })
  const timeoutMs = info?.data.retransmissionTimeoutMs ?? Number.NaN
  const next = nextTry(moving.to - (first?.time ?? Number.NaN), timeoutMs)
  const span = { minMs: 0, maxMs: moving.to - moving.from + next.maxMs }
  const came = b.first('tcp:received', { from: gone.from })
  const remembered = cell.log.last('kernel:sysctls_read', p)
  const forgetsAfterMs = 1000 * Number(remembered?.data.values[FORGETS_AFTER])
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
        formula: `${idleMs} ms idle > ${forgetsAfterMs} ms, as p has it; tcp_loose = 0`,
        because: 'a segment from the middle of a connection is no beginning, and fits no entry',
        source: 'nf_conntrack-sysctl: nf_conntrack_tcp_timeout_established, nf_conntrack_tcp_loose',
        evidence: [remembered, first],
        short: 'FORGOT',
      },
    ),
    counts(
      cell,
      'refused',
      { min: surely ?? 0, max: perhaps ?? 0 },
      surely && perhaps && counted(cell, p, 'refused'),
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

/** How many of these never came to b; null where not all are known. */
function lostOf(cell: PathsCell, packets: readonly Captured[] | null): number | null {
  const arrived = arrivedOf(cell, packets)
  return packets && arrived && packets.length - arrived.length
}
