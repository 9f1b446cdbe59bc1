/** Claims about how connections begin: the handshake, and a server whose program is not there to be asked. */
import { hostName } from '../../src/events/host-names.ts'
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { AT_ONCE, afterMs, type Claims, claimOf, exactly, jiffyOf, stateClaim } from './claim.ts'
import type { TcpSettings } from './conditions.ts'
import { nextSyn, queueHolds } from './expectations.ts'
import {
  at,
  firstOfEach,
  isNew,
  type Place,
  packetsAt,
  packetWords,
  placeOf,
  statesAt,
  statesOfBoth,
} from './observations.ts'

export function handshakeClaims(log: LabLog): Claims {
  const place = placeOf(log, 'handshake', 'open')
  if (place === null) return []
  return [
    listen(place),
    stateClaim(place, 'a', 'active open', 'syn-sent'),
    stateClaim(place, 'b', 'SYN arrives', 'syn-received'),
    stateClaim(place, 'a', 'SYN ACK arrives', 'client-established'),
    oneSided(place),
    stateClaim(place, 'b', 'ACK of SYN arrives', 'server-established'),
    threePackets(place),
  ]
}

/** The listener of a row, as its kernel has it. */
function listenersOf({ log, case: caseId, mechanism, watch }: Place, to = watch.to) {
  return log
    .all('kernel:listener_updated', { host: hostName(caseId, 'b'), from: watch.from, to })
    .filter(({ data }) => data.mechanism === mechanism)
}

function listen(place: Place): TimedClaim {
  const { log } = place
  const syn = log.first('packet:captured', at(place, 'b'))
  const [first] = listenersOf(place)
  const before =
    first !== undefined && first.data.new !== null && (syn === undefined || first.time < syn.time)
  return claimOf(place, 'listen', {
    claim: 'the server comes from CLOSED to LISTEN, before anybody calls',
    formula: 'passive OPEN / nothing',
    expected: { oneOf: ['no packet'] },
    observed: before ? { value: 'no packet' } : { value: null },
    because: 'its table (/proc/net/tcp) has a line with state 0A before the first packet passes',
    source: 'RFC 9293 section 3.3.2, figure 5',
    evidence: [first, syn],
  })
}

/** When the last ACK was let go, which the cable had kept back until then. */
function oneSided(place: Place): TimedClaim {
  const { log, watch } = place
  const released = log
    .all('cable:told', { from: watch.from, to: watch.to })
    .findLast(({ data }) => data.cable === place.case && data.rule === 'release' && data.direction === 'aToB')
  const time = released?.time ?? watch.to
  const connected = log.first('tcp:connected', at(place, 'a', { to: time }))
  const accepted = log.first('tcp:accepted', at(place, 'b', { to: time }))
  const programs = `${connected ? 'connected' : 'not connected'} | ${accepted ? 'accepted' : 'not accepted'}`
  return claimOf(place, 'one-sided', {
    claim: 'connect() succeeds while the server has not heard of it yet',
    formula: 'rcv SYN,ACK is enough for the client',
    expected: { oneOf: ['ESTABLISHED | SYN-RECEIVED; connected | not accepted'] },
    observed: { value: `${statesOfBoth(place, time)}; ${programs}` },
    because: "client | server, when the client's ACK was still kept back in the cable",
    source: 'RFC 9293 section 3.5, figure 6',
    evidence: [connected, accepted, released],
  })
}

function threePackets(place: Place): TimedClaim | null {
  const packets = packetsAt(place, 'a')
  if (packets === null) return null
  const words = firstOfEach(packets.filter(isNew).map(packetWords))
  return claimOf(place, 'packets', {
    claim: 'the handshake is three packets, none of which carries a byte for the program',
    formula: 'SYN, SYN ACK, ACK',
    expected: { oneOf: ['SYN sent, SYN ACK received, ACK sent'] },
    observed: { value: words.join(', ') },
    because: `the states of the client: ${statesAt(place, 'a')}; of the server: ${statesAt(place, 'b')}`,
    source: 'RFC 9293 section 3.5, figure 6',
    evidence: packets,
    short: `${words.length} pkts`,
  })
}

// ---- a server whose program is not there --------------------------------------------------------

export function frozenClaims(log: LabLog, { settings, environment }: Plan<TcpSettings>): Claims {
  const unasked = placeOf(log, 'frozen', 'unasked')
  const queue = placeOf(log, 'frozen', 'full-queue')
  const strike = log.strikeOn('frozen')
  if (unasked === null || queue === null || strike === undefined) return []
  const host = hostName('frozen', 'a')
  const thawed = log
    .all('truth:updated', { host, from: strike.at })
    .find(({ data }) => data.new === 'answering')
  const frozen = { from: strike.at, to: thawed?.time ?? strike.until }
  return [
    ...unaskedClaims(unasked, frozen, settings),
    ...queueClaims(queue, frozen, settings, jiffyOf(environment)),
  ]
}

interface Frozen {
  from: number
  to: number
}

function unaskedClaims(place: Place, frozen: Frozen, { text }: TcpSettings): Claims {
  const { log } = place
  const began = log.first('belief:updated', at(place, 'a', frozen))
  const connected = log.first('tcp:connected', at(place, 'a', frozen))
  const accepted = log.first('tcp:accepted', at(place, 'b'))
  const early = log.first('tcp:accepted', at(place, 'b', frozen))
  const unread = log
    .all('kernel:socket_updated', at(place, 'b', frozen))
    .findLast(({ data }) => (data.new?.receiveQueueBytes ?? 0) > 0)
  const thawedMs = accepted === undefined ? null : Math.round(accepted.time - frozen.to)
  return [
    claimOf(place, 'connected', {
      claim: 'a fresh connect() to a frozen server succeeds at once',
      formula: '0 .. slack',
      expected: AT_ONCE,
      observed: afterMs(began, connected),
      because: "the server's kernel answers the SYN by itself",
      source: 'RFC 9293 section 3.5, listen(2)',
      evidence: [began, connected],
      short: connected === undefined ? 'nothing' : 'UP',
    }),
    claimOf(place, 'kernels', {
      claim: 'both kernels agree that there is a connection',
      formula: 'client | server',
      expected: { oneOf: ['ESTABLISHED | ESTABLISHED'] },
      observed: { value: statesOfBoth(place, frozen.to) },
      because: 'the handshake needs nobody but them',
      source: 'RFC 9293 section 3.5',
      evidence: [log.last('kernel:socket_updated', at(place, 'b', frozen))],
    }),
    claimOf(place, 'not-asked', {
      claim: 'the server program is not asked, as long as it is frozen',
      formula: 'no accept()',
      expected: { value: null },
      observed:
        early === undefined
          ? { value: null, watchedMs: Math.round(frozen.to - (connected?.time ?? frozen.from)) }
          : { value: 'accepted' },
      because: 'a program that does not run accepts nothing',
      source: 'accept(2)',
      evidence: [early],
    }),
    claimOf(place, 'unread', {
      claim: 'what the client writes is taken and kept for a program that has never heard of it',
      formula: 'all of it in the receive queue',
      expected: exactly(text.length, 'bytes'),
      observed:
        unread === undefined
          ? { value: null }
          : { value: unread.data.new?.receiveQueueBytes ?? 0, unit: 'bytes' },
      because: 'to acknowledge bytes is the business of the kernel',
      source: 'RFC 9293 section 3.8.6, proc_pid_net(5)',
      evidence: [log.first('tcp:written', at(place, 'a', frozen)), unread],
    }),
    claimOf(place, 'accepted', {
      claim: 'the program accepts when it goes on',
      formula: '0 .. slack after SIGCONT',
      expected: AT_ONCE,
      observed: thawedMs === null ? { value: null } : { value: thawedMs, unit: 'ms' },
      because: 'the connection was waiting in the queue of the listening socket',
      source: 'accept(2)',
      evidence: [accepted],
    }),
  ]
}

function queueClaims(place: Place, frozen: Frozen, { backlog, calls }: TcpSettings, jiffyMs: number): Claims {
  const { log } = place
  const told = log
    .all('tcp:listening', { host: hostName(place.case, 'b') })
    .find(({ data }) => data.mechanism === place.mechanism)
  const inForce = told?.data.backlog ?? backlog
  const connected = log.all('tcp:connected', at(place, 'a', frozen))
  const waiting = listenersOf(place, frozen.to).findLast(({ data }) => data.new !== null)
  const groups = log.all('belief:updated', at(place, 'a', frozen)).map(({ group_id }) => group_id)
  const beyondGroup = groups.find((group) => !connected.some(({ group_id }) => group_id === group))
  const formula = `backlog ${inForce} + 1`
  return [
    claimOf(place, 'connected', {
      claim: `of ${calls} calls to a program that accepts nobody, so many succeed as its queue holds`,
      formula,
      expected: exactly(queueHolds(inForce), 'connections'),
      observed: { value: connected.length, unit: 'connections' },
      because: `listen(2) was given a backlog of ${inForce}, which is below net.core.somaxconn`,
      source: 'listen(2), sk_acceptq_is_full()',
      evidence: [told, ...connected],
      short: `${connected.length} of ${calls}`,
    }),
    claimOf(place, 'waiting', {
      claim: "the server's kernel counts them at the listening socket",
      formula,
      expected: exactly(queueHolds(inForce), 'connections'),
      observed:
        waiting === undefined
          ? { value: null }
          : { value: waiting.data.new?.waiting ?? 0, unit: 'connections' },
      because: 'for a socket in LISTEN the receive queue of /proc/net/tcp counts connections',
      source: 'proc_pid_net(5), get_tcp4_sock()',
      evidence: [waiting],
    }),
    ...(beyondGroup === undefined ? [] : beyondClaims(place, frozen, beyondGroup, jiffyMs)),
  ]
}

/** The one call that found the queue full. */
function beyondClaims(place: Place, frozen: Frozen, group: string, jiffyMs: number): Claims {
  const { log } = place
  const ofCall = <E extends { group_id?: string | undefined }>(events: readonly E[]) =>
    events.filter(({ group_id }) => group_id === group)
  const stateOfCall = (side: 'a' | 'b') =>
    ofCall(log.all('kernel:socket_updated', at(place, side, frozen))).at(-1)?.data.new?.state ?? 'no entry'
  const [began] = ofCall(log.all('belief:updated', at(place, 'a', frozen)))
  const [connected] = ofCall(log.all('tcp:connected', at(place, 'a')))
  const [error] = ofCall(log.all('tcp:error_received', at(place, 'a', frozen)))
  const received = packetsAt(place, 'a', frozen)
  const answers = received && ofCall(received).filter(({ data }) => data.direction === 'received')
  const value = (name: string, ifAbsent: number) =>
    Number(log.first('kernel:sysctls_read')?.data.values[name] ?? ifAbsent)
  const retries = value('tcp_syn_retries', 6)
  const linear = value('tcp_syn_linear_timeouts', 0)
  const waitedMs = frozen.to - (began?.time ?? frozen.to)
  const next = nextSyn({ synRetries: retries, linearTimeouts: linear, jiffyMs }, waitedMs)
  return [
    claimOf(place, 'beyond', {
      claim: 'who calls when the queue is full is neither refused nor connected',
      formula: 'client | server',
      expected: { oneOf: ['SYN-SENT | no entry'] },
      observed: {
        value: error === undefined ? `${stateOfCall('a')} | ${stateOfCall('b')}` : error.data.code,
      },
      because: 'the kernel drops the SYN, and hopes for room when it comes again',
      source: 'tcp_conn_request(), tcp_abort_on_overflow in tcp(7)',
      evidence: [began, error],
    }),
    answers &&
      claimOf(place, 'silence', {
        claim: 'nothing at all is answered to that call while the queue is full',
        formula: 'no packet',
        expected: { value: null },
        observed:
          answers.length === 0
            ? { value: null, watchedMs: Math.round(waitedMs) }
            : { value: answers.map(packetWords).join(', ') },
        because: 'no RST, no SYN ACK: to the client it looks as if nobody were there',
        source: 'tcp_conn_request()',
        evidence: answers,
      }),
    claimOf(place, 'later', {
      claim: 'it succeeds with the first SYN that finds room',
      formula: `the next of its SYNs; called ${Math.round(waitedMs)} ms before there was room`,
      expected: {
        min: Math.floor(Math.max(0, next.minMs - STAMP_MS)),
        max: Math.ceil(next.maxMs + SLACK_MS),
        unit: 'ms',
      },
      observed:
        connected === undefined
          ? { value: null }
          : { value: Math.round(connected.time - frozen.to), unit: 'ms' },
      because: `tcp_syn_retries ${retries}, tcp_syn_linear_timeouts ${linear}: again after a second, ${linear + 1} times, then doubling`,
      source: 'RFC 6298 section 2, tcp_syn_linear_timeouts in ip-sysctl.rst',
      evidence: [began, connected],
    }),
  ]
}
