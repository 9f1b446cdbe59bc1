/** Packet by packet by the other way: nothing forbids it, and each packet finds its way. What is it like to be such a conversation? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, nothing, says } from '../../../src/lab/claims.ts'
import { bytesOf, type Captured, ofKind, received, sent } from '../../../src/lab/packets.ts'
import type { PathsSettings } from '../conditions.ts'
import { reorderedBetween } from '../expectations.ts'
import { haveWayByQ, PORTS, readTcpCounters, sendBy, TABLE_BY_Q } from '../kernels.ts'
import { arrivedOf, counted, outOfOrder, type PathsCell, wayOf } from '../ways.ts'

/** Of a series that is ended long before. */
const BEATS_MAX = 200
/** Of a segment train at full speed all is through by then, several times over. */
const TRANSFER = { withinMs: 10_000 }

export const sprayed: CaseOf<PathsSettings> = {
  id: 'sprayed',
  promise: 'a sends its packets by p and by q in turn, and the way by q takes 20 ms longer',
  needs: ['cable', 'router'],
  middle: 'two-paths',
  slowerMs: ({ slowerMs }) => slowerMs,

  async act(rig, pair, settings) {
    const { a, b } = pair
    const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
    // Mark 1 goes by q, mark 0 by p; whatever comes back takes p.
    await sendBy(rig, pair, a, 'p')
    await sendBy(rig, pair, b, 'p')
    await haveWayByQ(rig, pair, a)
    await rig.run(a, ['ip', 'rule', 'add', 'fwmark', '1', 'lookup', TABLE_BY_Q])
    const inTurn = `ip daddr ${b.address} meta mark set numgen inc mod 2`
    await rig.run(a, [
      'nft',
      `table ip spray { chain out { type route hook output priority mangle; ${inTurn}; }; }`,
    ])

    const timing = settings.heartbeat
    const judge = await atB.udp.open('heartbeat', {
      port: PORTS.heartbeat,
      detectors: [{ mechanism: 'heartbeat', timing }],
    })
    const heart = await atA.udp.open('heartbeat', { to: judge.at })
    rig.mark(pair, 'spraying')
    const beating = heart.send({ count: BEATS_MAX, intervalMs: timing.intervalMs })

    const receiver = await atB.udp.open('udp', { port: PORTS.udp })
    const sender = await atA.udp.open('udp', { to: receiver.at })
    const { datagrams, everyMs, lines } = settings.sprayed
    await sender.send({ count: datagrams, intervalMs: everyMs })

    for (const host of [a, b]) await readTcpCounters(rig, host)
    const listening = { ofServer: { port: PORTS.tcp, does: 'number' as const } }
    const { client } = await rig.connectTcp(pair, 'tcp', listening)
    await client.writeLines(lines)
    await rig.came(rig.untilKernel(a, client.groupId, { sendQueueBytes: 0 }, TRANSFER))
    await rig.sleep(SLACK_MS)
    for (const host of [a, b]) await readTcpCounters(rig, host)
    rig.mark(pair, 'sprayed')
    // First who judges, or it would doubt, with reason; a series ends with its socket.
    await judge.close()
    await heart.close()
    await beating
  },

  rows: {
    udp(cell) {
      const { sprayed, slowerMs } = cell.settings
      const during = cell.between('spraying', 'sprayed')
      if (during === null) return []
      const left = sent(cell.a.packets(during))
      const all = sent(cell.a.everyPacket(during))?.filter(({ data }) =>
        ['tcp', 'udp'].includes(data.protocol),
      )
      const byQ = all?.filter((one) => wayOf(one) === 'q').length
      const half = (all?.length ?? 0) / 2
      const seen = cell.b.all('udp:datagram_received')
      const late = seen.filter(({ data }) => data.order === 'reordered')
      return [
        counts(
          cell,
          'in-turn',
          { min: Math.floor(half), max: Math.ceil(half) },
          all ? byQ : null,
          'packets',
          {
            claim: 'each packet goes by the other way than the one before, whosever it is',
            formula: `half of ${all?.length ?? 0}, of all rows`,
            because: 'a kernel that sends so does not look whose packet it is',
            source: 'nft(8): numgen inc; ip-rule(8): fwmark',
            evidence: left?.slice(0, 2) ?? [],
          },
        ),
        counts(cell, 'arrived', sprayed.datagrams, arrivedOf(cell, left), 'datagrams', {
          claim: 'every datagram arrives: by either way',
          formula: 'as many as were sent',
          because: 'each bears its whole address, and needs none of the others',
          source: 'RFC 791 section 2.3; RFC 768',
          evidence: left?.slice(-1) ?? [],
        }),
        counts(cell, 'reordered', reorderedBetween(stampsOf(left), slowerMs), left && late, 'datagrams', {
          claim: 'the program gets them out of order, as they come',
          formula: `those by q after which one left by p within ${slowerMs} ms`,
          because: `${outOfOrder(cell)?.length ?? '?'} as captured; UDP has no numbers, so nobody could sort them`,
          source: 'RFC 768; RFC 4737 section 3.3',
          short: `${late.length} LATE`,
        }),
      ]
    },

    tcp(cell) {
      const { slowerMs, sprayed } = cell.settings
      const { a, b } = cell
      const left = sent(a.packets())
      const data = left?.filter(({ data }) => data.bytes > 0) ?? null
      const again = ofKind(data, 'retransmission')
      const arrived = arrivedOf(cell, data)
      const read = b.all('tcp:received')
      const misplaced = read.reduce((sum, { data }) => sum + (data.misplaced ?? 0), 0)
      const expected = reorderedBetween(stampsOf(data), slowerMs)
      const late = outOfOrder(cell)
      return [
        counts(cell, 'reordered', expected, data && late, 'segments', {
          claim: 'segments of one connection overtake each other',
          formula: `those by q after which one left by p within ${slowerMs} ms`,
          because: `${data?.filter((one) => wayOf(one) === 'q').length ?? 0} of ${data?.length ?? 0} went by q`,
          source: 'RFC 9293 section 3.1: segments may arrive out of order; RFC 4737 section 3.3',
          evidence: late?.slice(0, 2) ?? [],
          short: `${late?.length ?? '?'} LATE`,
        }),
        counts(
          cell,
          'queued',
          { min: 1, max: data?.length ?? 0 },
          counted(cell, b, 'TcpExtTCPOFOQueue'),
          'segments',
          {
            claim: 'the kernel of b keeps what came too early, until what is missing has come',
            formula: 'TCPOFOQueue, at most as many as there were segments',
            because: 'each has a sequence number: a hole is seen at once',
            source: 'RFC 9293 section 3.10.7.4; nstat(8): TcpExtTCPOFOQueue',
            evidence: b.ofHost('kernel:counters_read'),
          },
        ),
        counts(cell, 'misplaced', 0, read.length === 0 ? undefined : misplaced, 'lines', {
          claim: 'the program at b reads every line in its place',
          formula: `${sprayed.lines} numbered lines, ${bytesOf(read)} bytes`,
          because: 'what is handed over is a stream of bytes, however its parts travelled',
          source: 'RFC 9293 section 2.2',
          evidence: read.slice(-1),
        }),
        counts(cell, 'lost', 0, data && arrived && data.length - arrived.length, 'segments', {
          claim: 'nothing was lost',
          formula: 'sent by a, never received by b',
          because: `yet a sent ${again?.length ?? 0} again: ${duplicateWords(cell)}`,
          source: 'RFC 5681 section 3.2; RFC 8985 section 1: reordering',
          evidence: data?.slice(-1) ?? [],
        }),
        counts(cell, 'again', again?.length ?? 0, counted(cell, a, 'TcpRetransSegs'), 'segments', {
          claim: 'what a sent again for nothing its kernel counts, too',
          formula: `${again?.length ?? 0} captured`,
          because: 'to TCP disorder looks like loss: whoever is overtaken by enough others is taken for lost',
          source: 'RFC 5681 section 3.2; nstat(8): TcpRetransSegs',
          evidence: a.ofHost('kernel:counters_read'),
        }),
      ]
    },

    heartbeat(cell) {
      const during = cell.between('spraying', 'sprayed')
      if (during === null) return []
      const { heartbeat, slowerMs } = cell.settings
      const beats = received(cell.b.packets(during))
      const judged = cell.b.first('belief:updated', during)
      const doubts = cell.b
        .all('belief:updated', during)
        .filter(({ data }) => ['suspect', 'down'].includes(data.new))
      return [
        says(cell, 'up', 'up', judged?.data.new ?? '', {
          claim: 'the first beat makes the detector believe',
          because: `${beats?.length ?? 0} beats came, by ${beats === null ? '?' : new Set(beats.map(wayOf)).size} ways`,
          source: 'src/protocols/heartbeat/README.md',
          evidence: [judged],
        }),
        nothing(cell, 'doubts', judged === undefined ? null : doubts, during, {
          claim: 'and it never doubts: by which way a beat comes changes nothing',
          formula: `${heartbeat.intervalMs} + ${slowerMs} ms between two beats at most, below ${heartbeat.suspectAfterMs} ms`,
          because: 'a detector looks at when something came, and not at how',
          source: 'src/protocols/heartbeat/README.md',
          unseen: 'nothing came that it could have judged',
        }),
      ]
    },
  },
}

/** When each left a, and by which way; none where not all are known. */
function stampsOf(packets: readonly Captured[] | null): { time: number; isSlower: boolean }[] {
  return (packets ?? []).map((one) => ({ time: one.time, isSlower: wayOf(one) === 'q' }))
}

function duplicateWords(cell: PathsCell): string {
  return `b told it of ${counted(cell, cell.a, 'TcpExtTCPDSACKRecv') ?? '?'} that it had twice (D-SACK)`
}
