/** Claims about how connections end: in order, in slow motion, from both ends at once, by RST. */
import type { Claim } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { AT_ONCE, afterMs, type Claims, claimOf, exactly, stateClaim } from './claim.ts'
import type { TcpSettings } from './conditions.ts'
import {
  at,
  type Captured,
  firstOfEach,
  isNew,
  type Place,
  packetsAt,
  packetWords,
  placeOf,
  type Side,
  sentWords,
  stateAt,
  statesAt,
  statesOfBoth,
} from './observations.ts'

/** What both ends sent, in order, from the first FIN or RST on; null where no packets are captured. */
function goodbye(place: Place): Captured[] | null {
  const [atA, atB] = [packetsAt(place, 'a'), packetsAt(place, 'b')]
  if (atA === null || atB === null) return null
  const sent = [...atA, ...atB]
    .filter((packet) => packet.data.direction === 'sent' && isNew(packet))
    .sort((one, other) => one.time - other.time)
  const first = sent.findIndex(({ data }) => data.kind === 'fin' || data.kind === 'rst')
  return first === -1 ? [] : sent.slice(first)
}

const isLast = ({ data }: Captured) => data.kind === 'fin' || data.kind === 'rst'

// ---- in order -----------------------------------------------------------------------------------

export function orderlyClaims(log: LabLog, { text }: TcpSettings): Claims {
  const client = placeOf(log, 'orderly', 'client-first')
  const server = placeOf(log, 'orderly', 'server-first')
  const half = placeOf(log, 'orderly', 'half-close')
  if (client === null || server === null || half === null) return []
  return [
    ...oneAfterTheOther(client, 'a', 'b'),
    ...oneAfterTheOther(server, 'b', 'a'),
    ...halfCloseClaims(half, text.length),
  ]
}

function oneAfterTheOther(place: Place, first: Side, second: Side): Claims {
  const { log } = place
  const packets = goodbye(place)
  const told = log.first('tcp:end_received', at(place, second))
  const said = log.first('tcp:end_sent', at(place, first))
  const left = first === 'a' ? 'TIME-WAIT | no entry' : 'no entry | TIME-WAIT'
  return [
    packets &&
      claimOf(place, 'fins', {
        claim: 'each end says FIN once, and nobody RST',
        formula: `FIN from ${first}, FIN from ${second}`,
        expected: { oneOf: [`FIN ACK from ${first}, FIN ACK from ${second}`] },
        observed: { value: packets.filter(isLast).map(sentWords).join(', ') || null },
        because: `the whole goodbye: ${packets.map(sentWords).join(', ') || 'nothing'}`,
        source: 'RFC 9293 section 3.6, figure 12',
        evidence: packets,
      }),
    packets &&
      claimOf(place, 'packets', {
        claim: 'that takes three or four packets',
        formula: 'FIN, ACK, FIN, ACK; the middle two may be one',
        expected: { min: 3, max: 4, unit: 'packets' },
        observed: { value: packets.length, unit: 'packets' },
        because: packets.map(sentWords).join(', '),
        source: 'RFC 9293 section 3.6, figure 12',
        evidence: packets,
      }),
    claimOf(place, 'told', {
      claim: `the program at the other end is told at once`,
      formula: '0 .. slack after end()',
      expected: AT_ONCE,
      observed: afterMs(said, told),
      because: 'FIN is the end of the stream: read() returns 0',
      source: 'RFC 9293 section 3.6, read(2)',
      evidence: [said, told],
    }),
    claimOf(place, 'time-wait', {
      claim: 'who closed first keeps the memory of the connection, the other one nothing',
      formula: 'a | b',
      expected: { oneOf: [left] },
      observed: { value: settledStates(place) },
      because: `the states of a: ${statesAt(place, 'a')}; of b: ${statesAt(place, 'b')}`,
      source: 'RFC 9293 section 3.6, case 1, and section 3.4.2',
      evidence: [
        log.last('kernel:socket_updated', at(place, 'a')),
        log.last('kernel:socket_updated', at(place, 'b')),
      ],
      short: `TW ${first}`,
    }),
  ]
}

/** What both kernels said when the case was over. */
function settledStates(place: Place): string {
  return statesOfBoth(place, place.watch.to)
}

function halfCloseClaims(place: Place, bytes: number): Claims {
  const { log } = place
  const packets = goodbye(place)
  const closed = log.first('tcp:end_sent', at(place, 'a'))
  const received = log.first('tcp:received', at(place, 'a', closed && { from: closed.time }))
  const asked = log.all('host:asked', at(place, 'b')).find(({ data }) => data.request === 'tcpWrite')
  const order = packets && firstOfEach(packets.map(sentWords).filter((words) => !words.startsWith('ACK')))
  return [
    claimOf(place, 'states', {
      claim: 'half closed, the two ends wait for different things',
      formula: 'a | b',
      expected: { oneOf: ['FIN-WAIT-2 | CLOSE-WAIT'] },
      observed: { value: statesOfBoth(place, asked?.time ?? place.watch.to) },
      because: `the states of a: ${statesAt(place, 'a')}; of b: ${statesAt(place, 'b')}`,
      source: 'RFC 9293 section 3.6, figure 12',
      evidence: [closed, asked],
    }),
    claimOf(place, 'data', {
      claim: 'the server still sends, and the client that has closed still receives',
      formula: 'as many bytes as were written after the FIN',
      expected: exactly(bytes, 'bytes'),
      observed: received === undefined ? { value: null } : { value: received.data.bytes, unit: 'bytes' },
      because: 'FIN says "I will send no more", not "I will not listen"',
      source: 'RFC 9293 section 3.6, shutdown(2)',
      evidence: [closed, asked, received],
      short: received === undefined ? 'nothing' : 'DATA',
    }),
    order &&
      claimOf(place, 'order', {
        claim: 'on the wire the data passes between the two FINs',
        formula: 'FIN from a, data from b, FIN from b',
        expected: { oneOf: ['FIN ACK from a, data from b, FIN ACK from b'] },
        observed: { value: order.join(', ') || null },
        because: `the whole goodbye: ${packets.map(sentWords).join(', ')}`,
        source: 'RFC 9293 section 3.6',
        evidence: packets,
      }),
  ]
}

// ---- in slow motion -----------------------------------------------------------------------------

export function closeClaims(log: LabLog): Claims {
  const slow = placeOf(log, 'close', 'client-first')
  const both = placeOf(log, 'both-close', 'both-first')
  return [
    ...(slow === null
      ? []
      : [
          stateClaim(slow, 'a', 'close', 'fin-wait-1'),
          stateClaim(slow, 'b', 'FIN arrives', 'close-wait'),
          stateClaim(slow, 'a', 'ACK of FIN arrives', 'fin-wait-2'),
          stateClaim(slow, 'b', 'close after FIN', 'last-ack'),
          stateClaim(slow, 'a', 'FIN of the peer arrives', 'time-wait'),
          stateClaim(slow, 'b', 'ACK of the last FIN arrives', 'closed'),
          statesClaim(slow, 'a', 'ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT', 'client-states'),
          statesClaim(slow, 'b', 'ESTABLISHED, CLOSE-WAIT, LAST-ACK, CLOSED', 'server-states'),
        ]),
    ...(both === null
      ? []
      : [
          stateClaim(both, 'a', 'close', 'fin-wait-1'),
          stateClaim(both, 'a', 'FINs cross', 'closing'),
          stateClaim(both, 'b', 'FINs cross', 'server-closing'),
          stateClaim(both, 'a', 'ACK after crossed FINs arrives', 'time-wait'),
          statesClaim(both, 'a', 'ESTABLISHED, FIN-WAIT-1, CLOSING, TIME-WAIT', 'client-states'),
          statesClaim(both, 'b', 'ESTABLISHED, FIN-WAIT-1, CLOSING, TIME-WAIT', 'server-states'),
        ]),
  ]
}

/** Short-lived states before ESTABLISHED are not kept back in these cases, and may be seen or not. */
function statesClaim(place: Place, side: Side, states: string, what: string): TimedClaim {
  const seen = statesAt(place, side)
  const from = seen.indexOf('ESTABLISHED')
  return claimOf(place, what, {
    claim: `the ${side === 'a' ? 'client' : 'server'} goes through these states, and no other`,
    formula: 'figure 5, arrow by arrow',
    expected: { oneOf: [states] },
    observed: { value: from === -1 ? seen || null : seen.slice(from) },
    because: 'each was kept until both kernels had been asked',
    source: 'RFC 9293 section 3.6, figures 12 and 13',
    evidence: place.log.all('kernel:socket_updated', at(place, side)),
    short:
      side === 'a'
        ? `${new Set(states.split(', ')).size} of ${new Set(seen.slice(Math.max(0, from)).split(', ')).size}`
        : '',
  })
}

// ---- no goodbye ---------------------------------------------------------------------------------

export function resetClaims(log: LabLog): Claims {
  const [abort, unread, late, nobody] = ['abort', 'unread', 'late-data', 'nobody'].map((mechanism) =>
    placeOf(log, 'reset', mechanism),
  )
  if (!abort || !unread || !late || !nobody) return []
  return [
    toldClaim(
      abort,
      'b',
      'a',
      'ECONNRESET',
      log.last('tcp:destroyed', at(abort, 'a')),
      'who is reset is told at once, by an error',
    ),
    lastPackets(abort, 'RST ACK from a', 'one RST ends it, and nobody answers that'),
    gone(abort),
    toldClaim(
      unread,
      'a',
      'b',
      'ECONNRESET',
      log.last('tcp:destroyed', at(unread, 'b')),
      'the server closes in all order, and the client gets an error',
    ),
    lastPackets(unread, 'RST ACK from b', 'a close with unread data is no FIN but RST'),
    gone(unread),
    finFirst(late),
    toldClaim(
      late,
      'a',
      'a',
      'EPIPE',
      log.all('host:asked', at(late, 'a')).findLast(({ data }) => data.request === 'tcpWrite'),
      'the program hears of it at its next write',
    ),
    lastPackets(late, 'FIN ACK from b, RST from b', 'first FIN, and RST for the data that came after it'),
    refused(nobody),
    ...calls(nobody),
  ]
}

function toldClaim(
  place: Place,
  side: Side,
  by: Side,
  code: string,
  cause: Parameters<typeof afterMs>[0],
  claim: string,
): TimedClaim {
  const error = place.log.first('tcp:error_received', at(place, side))
  const isExpected = error?.data.code === code
  const observed: Claim['observed'] =
    error === undefined || isExpected ? afterMs(cause, error) : { value: error.data.code }
  return claimOf(place, 'told', {
    claim,
    formula: `${code}, 0 .. slack after ${by === side ? 'it' : `the act of ${by}`}`,
    expected: AT_ONCE,
    observed,
    because: `the program at ${side} got ${error?.data.code ?? 'nothing'}`,
    source: 'RFC 9293 section 3.10.7.4, tcp(7)',
    evidence: [cause, error],
    short: error?.data.code.replace('ECONNRESET', 'RST').slice(0, 7) ?? 'nothing',
  })
}

function lastPackets(place: Place, expected: string, claim: string): TimedClaim | null {
  const packets = goodbye(place)
  if (packets === null) return null
  return claimOf(place, 'packets', {
    claim,
    formula: expected,
    expected: { oneOf: [expected] },
    observed: { value: packets.filter(isLast).map(sentWords).join(', ') || null },
    because: `from there on: ${packets.map(sentWords).join(', ') || 'nothing'}`,
    source: 'RFC 9293 section 3.6.1, RFC 2525 section 2.17',
    evidence: packets,
  })
}

function gone(place: Place): TimedClaim {
  return claimOf(place, 'gone', {
    claim: 'neither kernel remembers anything: no TIME-WAIT after RST',
    formula: 'a | b',
    expected: { oneOf: ['no entry | no entry'] },
    observed: { value: settledStates(place) },
    because: `the states of a: ${statesAt(place, 'a')}; of b: ${statesAt(place, 'b')}`,
    source: 'RFC 9293 section 3.10.7.4',
    evidence: [place.log.last('kernel:socket_updated', at(place, 'a'))],
  })
}

/** FIN does not say whether anybody still listens. */
function finFirst(place: Place): TimedClaim {
  const end = place.log.first('tcp:end_received', at(place, 'a'))
  const written = place.log.first('tcp:written', at(place, 'a'))
  return claimOf(place, 'taken', {
    claim: "the client's kernel takes data all the same: it knows only that the server says no more",
    formula: 'CLOSE-WAIT, and write() succeeds',
    expected: { oneOf: ['CLOSE-WAIT, written'] },
    observed: {
      value: `${stateAt(place, 'a', written?.time ?? place.watch.to)}, ${written === undefined ? 'not written' : 'written'}`,
    },
    because: 'the FIN of a program that has gone looks like the FIN of one that goes on listening',
    source: 'RFC 9293 section 3.6',
    evidence: [end, written],
  })
}

function refused(place: Place): TimedClaim {
  const began = place.log.first('belief:updated', at(place, 'a'))
  const error = place.log.first('tcp:error_received', at(place, 'a'))
  return claimOf(place, 'refused', {
    claim: 'where nobody listens, connect() fails at once',
    formula: 'ECONNREFUSED',
    expected: { oneOf: ['ECONNREFUSED'] },
    observed: { value: error?.data.code ?? null },
    because: `${afterMs(began, error).value} ms after the call; a kernel says so, no program`,
    source: 'RFC 9293 section 3.10.7.1, connect(2)',
    evidence: [began, error],
    short: error?.data.code === 'ECONNREFUSED' ? 'REFUSED' : 'nothing',
  })
}

function calls(place: Place): Claims {
  const packets = packetsAt(place, 'a')
  return [
    packets &&
      claimOf(place, 'packets', {
        claim: 'the answer to the SYN is RST',
        formula: 'SYN, RST ACK',
        expected: { oneOf: ['SYN sent, RST ACK received'] },
        observed: { value: packets.map(packetWords).join(', ') || null },
        because: 'CLOSED is no state of a socket but that there is none',
        source: 'RFC 9293 section 3.10.7.1',
        evidence: packets,
      }),
  ]
}
