/** Claims about a connection on which nobody speaks, and the wire below it. */

import { hostName } from '../../src/events/host-names.ts'
import { kernelWords } from '../../src/lab/kernel-words.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { AT_ONCE, afterMs, type Claims, claimOf, exactly } from './claim.ts'
import type { TcpSettings } from './conditions.ts'
import { CIRCUIT_BITS_PER_SECOND, circuitMs, reservedBytes } from './expectations.ts'
import { at, firstOfEach, type Place, packetsAt, packetWords, placeOf } from './observations.ts'

/** Ethernet, IPv4 and TCP with timestamps: what a segment costs beside what it carries. */
const HEADER_BYTES = 14 + 20 + 32

interface Quiet {
  from: number
  to: number
}

export function idleClaims(log: LabLog, settings: TcpSettings): Claims {
  const silent = placeOf(log, 'idle', 'silent')
  const loud = placeOf(log, 'idle', 'loud')
  if (silent === null || loud === null) return []
  const quiet = quietTime(silent)
  return [...silentClaims(silent, loud, quiet, settings), ...loudClaims(loud, quiet, settings)]
}

/** From the moment both programs have the connection until one of them is asked to say something. */
function quietTime(place: Place): Quiet {
  const { log, watch } = place
  const accepted = log.first('tcp:accepted', at(place, 'b'))
  const asked = log.all('host:asked', at(place, 'a')).find(({ data }) => data.request === 'tcpWrite')
  return { from: accepted?.time ?? watch.from, to: asked?.time ?? watch.to }
}

function silentClaims(place: Place, loud: Place, quiet: Quiet, { talkers }: TcpSettings): Claims {
  const { log } = place
  const watchedMs = Math.round(quiet.to - quiet.from)
  const [atA, atB] = [packetsAt(place, 'a', quiet), packetsAt(place, 'b', quiet)]
  const own = atA && atB && [...atA, ...atB]
  const others = packetsAt(loud, 'a', quiet)
  const bytes = (others ?? []).reduce((sum, { data }) => sum + data.bytes, 0)
  const words = (['a', 'b'] as const).map((side) =>
    kernelWords(log, hostName(place.case, side), place.mechanism, quiet.to),
  )
  const asked = log.all('host:asked', at(place, 'a')).find(({ data }) => data.request === 'tcpWrite')
  const received = log.first('tcp:received', at(place, 'b'))
  const late = packetsAt(place, 'a', { from: quiet.to })
  return [
    own &&
      claimOf(place, 'packets', {
        claim: 'an idle connection sends nothing: no packet passes at either end',
        formula: 'no packet, for the whole watch',
        expected: { value: null },
        observed:
          own.length === 0
            ? { value: null, watchedMs }
            : { value: firstOfEach(own.map(packetWords)).join(', ') },
        because: 'TCP sends when there is something to send; a connection is two entries in two tables',
        source: 'RFC 9293 section 3.8.4: keepalive is optional, and off by default',
        evidence: own,
        short: own.length === 0 ? '0 pkts' : `${own.length} pkts`,
      }),
    own &&
      others &&
      claimOf(place, 'share', {
        claim: 'it takes nothing of the wire, where a circuit would have kept its share free',
        formula: `a circuit of ${CIRCUIT_BITS_PER_SECOND / 1000} kbit/s keeps ${reservedBytes(watchedMs)} bytes free each way`,
        expected: exactly(0, 'bytes'),
        observed: { value: own.reduce((sum, { data }) => sum + HEADER_BYTES + data.bytes, 0), unit: 'bytes' },
        because: `the ${talkers} others sent ${bytes} bytes over the same wire meanwhile, in ${others.length} packets`,
        source: 'ITU-T G.711: 8000 x 8 bit a second; RFC 9293 section 3.8.4',
        evidence: own,
      }),
    claimOf(place, 'kernels', {
      claim: 'both kernels hold it as ESTABLISHED, and no timer runs that could end it',
      formula: 'client | server',
      expected: { oneOf: ['ESTABLISHED, no timer | ESTABLISHED, no timer'] },
      observed: { value: words.join(' | ') },
      because: `after ${watchedMs} ms without a word`,
      source: 'proc_pid_net(5)',
      evidence: [log.last('kernel:socket_updated', at(place, 'b', { to: quiet.to }))],
    }),
    claimOf(place, 'alive', {
      claim: 'after that the first word arrives at once',
      formula: '0 .. slack',
      expected: AT_ONCE,
      observed: afterMs(asked, received),
      because: 'time alone has not ended it',
      source: 'RFC 9293 section 3.8.3: the user timeout is about data that was sent',
      evidence: [asked, received],
    }),
    late &&
      claimOf(place, 'first-word', {
        claim: 'and needs no new handshake',
        formula: 'the first packet is the data',
        expected: { oneOf: ['data sent'] },
        observed: { value: late.map(packetWords)[0] ?? null },
        because: `then ${late.map(packetWords).join(', ') || 'nothing'}`,
        source: 'RFC 9293 section 3.10.2',
        evidence: late,
      }),
  ]
}

function loudClaims(place: Place, quiet: Quiet, { bursts, burstBytes, talkers }: TcpSettings): Claims {
  const { log } = place
  const written = log
    .all('host:asked', at(place, 'a', quiet))
    .filter(({ data }) => data.request === 'tcpWrite')
  const received = log.all('tcp:received', at(place, 'b', quiet))
  // Where it is sent: at the other card a segment that was overtaken looks like one sent again.
  const packets = packetsAt(place, 'a', quiet)
  const data = packets?.filter(({ data: { direction, kind } }) => direction === 'sent' && kind === 'data')
  const bytes = (events: readonly { data: { bytes: number } }[]) =>
    events.reduce((sum, { data: { bytes } }) => sum + bytes, 0)
  const total = bursts * burstBytes
  const slowestMs = Math.max(
    ...written.map((asked, index) => {
      const next = written[index + 1]?.time ?? quiet.to
      const last = received.findLast(({ time }) => time >= asked.time && time < next)
      return last === undefined ? Number.POSITIVE_INFINITY : last.time - asked.time
    }),
  )
  return [
    claimOf(place, 'received', {
      claim: `meanwhile ${talkers} other connections talk over the same wire, and nothing is missing`,
      formula: `${bursts} x ${burstBytes} bytes`,
      expected: exactly(total, 'bytes'),
      observed: { value: bytes(received), unit: 'bytes' },
      because: `as the program at b counted them, in ${received.length} pieces`,
      source: 'RFC 9293 section 2.2',
      evidence: [...written, received.at(-1)],
    }),
    data === undefined || data === null
      ? null
      : claimOf(place, 'same-wire', {
          claim: 'all of it passes the very card at which the silent connection was counted',
          formula: `${bursts} x ${burstBytes} bytes`,
          expected: exactly(total, 'bytes'),
          observed: { value: bytes(data), unit: 'bytes' },
          because: `in ${data.length} packets, captured at the same host`,
          source: 'tcp(7)',
          evidence: data,
          short: `${data.length} p`,
        }),
    claimOf(place, 'burst', {
      claim: `a burst has the whole wire: ${burstBytes} bytes pass sooner than a circuit would let them`,
      formula: `below ${burstBytes} x 8 / ${CIRCUIT_BITS_PER_SECOND / 1000} kbit/s`,
      expected: { min: 0, max: Math.round(circuitMs(burstBytes)), unit: 'ms' },
      observed: Number.isFinite(slowestMs) ? { value: Math.round(slowestMs), unit: 'ms' } : { value: null },
      because: `the slowest of ${written.length}; nothing was kept free for anybody`,
      source: 'ITU-T G.711',
      evidence: written,
    }),
  ]
}
