/** Nobody says a word on one connection, and three others take the wire in turns. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { AT_ONCE, counts, nothing, says, took } from '../../../src/lab/claims.ts'
import { bytesOf, type Captured, ofKind, packetWords, sent } from '../../../src/lab/packets.ts'
import type { TcpSocket } from '../../../src/rig/sockets.ts'
import type { TcpSettings } from '../conditions.ts'
import { CIRCUIT_BITS_PER_SECOND, circuitMs, reservedBytes } from '../expectations.ts'

/** Ethernet, IPv4 and TCP with timestamps: what a segment costs beside what it carries. */
const HEADER_BYTES = 14 + 20 + 32

export const idle: CaseOf<TcpSettings> = {
  id: 'idle',
  promise: 'one connection says nothing, three others use the same wire meanwhile',
  needs: ['socket-table'],

  async act(rig, pair, { talkers, bursts, burstBytes, idleMs, text }) {
    const listener = await rig.sockets(pair.b).tcp.listen('loud')
    const loud: TcpSocket[] = []
    for (let call = 0; call < talkers; call++) {
      const talker = await rig.sockets(pair.a).tcp.connect('loud', listener.at)
      await talker.connected()
      loud.push(talker)
    }
    const { client } = await rig.connectTcp(pair, 'silent')

    rig.mark(pair, 'quiet')
    for (let burst = 0; burst < bursts; burst++) {
      await loud[burst % talkers]?.writeBytes(burstBytes)
      await rig.sleep(idleMs / bursts)
    }
    rig.mark(pair, 'first-word')
    await client.write(text)
    await rig.untilEvent(pair.b, 'tcp:received', { groupId: client.groupId })
  },

  rows: {
    silent(cell) {
      const quiet = cell.between('quiet', 'first-word')
      if (quiet === null) return []
      const { a, b } = cell
      const own = cell.packets(quiet)
      const others = cell.beside('loud').a.packets(quiet) ?? []
      const late = a.packets({ from: quiet.to })
      const watchedMs = Math.round(quiet.to - quiet.from)
      const kernels = `${a.kernel(quiet.to)} | ${b.kernel(quiet.to)}`
      return [
        nothing(cell, 'packets', own, quiet, {
          claim: 'an idle connection sends nothing: no packet passes at either end',
          formula: 'no packet, for the whole watch',
          because: 'TCP sends when there is something to send; a connection is two entries in two tables',
          source: 'RFC 9293 section 3.8.4: keepalive is optional, and off by default',
          short: `${own?.length ?? 0} pkts`,
        }),
        counts(cell, 'share', 0, own && frameBytes(own), 'bytes', {
          claim: 'it takes up none of the wire, where a circuit would have kept its share free',
          formula: `a circuit of ${CIRCUIT_BITS_PER_SECOND / 1000} kbit/s keeps ${reservedBytes(watchedMs)} bytes free each way`,
          because: `the ${cell.settings.talkers} others sent ${bytesOf(others)} bytes over the same wire meanwhile, in ${others.length} packets`,
          source: 'ITU-T G.711: 8000 x 8 bit a second; RFC 9293 section 3.8.4',
        }),
        says(cell, 'kernels', 'ESTABLISHED, no timer | ESTABLISHED, no timer', kernels, {
          claim: 'both kernels hold it as ESTABLISHED, and no timer runs that could end it',
          formula: 'client | server',
          because: `after ${watchedMs} ms without a word`,
          source: 'proc_pid_net(5)',
          evidence: [b.last('kernel:socket_updated', { to: quiet.to })],
        }),
        took(cell, 'alive', AT_ONCE, quiet.to, b.first('tcp:received'), {
          claim: 'after that the first word arrives at once',
          because: 'time alone has not ended it',
          source: 'RFC 9293 section 3.8.3: the user timeout is about data that was sent',
        }),
        says(cell, 'first-word', 'data sent', late && (late.map(packetWords)[0] ?? ''), {
          claim: 'and needs no new handshake',
          formula: 'the first packet is the data',
          because: `then ${late?.map(packetWords).join(', ') || 'nothing'}`,
          source: 'RFC 9293 section 3.10.2',
          evidence: late ?? [],
        }),
      ]
    },

    loud(cell) {
      const quiet = cell.between('quiet', 'first-word')
      if (quiet === null) return []
      const { bursts, burstBytes, talkers } = cell.settings
      const received = cell.b.all('tcp:received', quiet)
      const written = cell.a.asked('tcpWrite', quiet)
      // Where it is sent: at the other card a segment that was overtaken looks like one sent again.
      const data = ofKind(sent(cell.a.packets(quiet)), 'data')
      const slowestMs = Math.max(
        ...written.map((asked, index) => {
          const next = written[index + 1]?.time ?? quiet.to
          const last = received.findLast(({ time }) => time >= asked.time && time < next)
          return last === undefined ? Number.POSITIVE_INFINITY : last.time - asked.time
        }),
      )
      const burstMs = Number.isFinite(slowestMs) ? Math.round(slowestMs) : undefined
      return [
        counts(cell, 'received', bursts * burstBytes, bytesOf(received), 'bytes', {
          claim: `meanwhile ${talkers} other connections talk over the same wire, and nothing is missing`,
          formula: `${bursts} x ${burstBytes} bytes`,
          because: `as the program at b counted them, in ${received.length} pieces`,
          source: 'RFC 9293 section 2.2',
          evidence: [...written, received.at(-1)],
        }),
        counts(cell, 'same-wire', bursts * burstBytes, data && bytesOf(data), 'bytes', {
          claim: 'all of it passes the very card at which the silent connection was counted',
          formula: `${bursts} x ${burstBytes} bytes`,
          because: `in ${data?.length ?? 0} packets, captured at the same host`,
          source: 'tcp(7)',
          evidence: data ?? [],
          short: `${data?.length ?? 0} p`,
        }),
        counts(cell, 'burst', { min: 0, max: Math.round(circuitMs(burstBytes)) }, burstMs, 'ms', {
          claim: `a burst has the whole wire: ${burstBytes} bytes pass sooner than a circuit would let them`,
          formula: `below ${burstBytes} x 8 / ${CIRCUIT_BITS_PER_SECOND / 1000} kbit/s`,
          because: `the slowest of ${written.length}; nothing was kept free for anybody`,
          source: 'ITU-T G.711',
          evidence: written,
        }),
      ]
    },
  },
}

function frameBytes(packets: readonly Captured[]): number {
  return packets.length * HEADER_BYTES + bytesOf(packets)
}
