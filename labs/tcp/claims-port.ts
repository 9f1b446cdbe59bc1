/** Claims about the port of a connection that was closed a moment ago. */

import { hostName } from '../../src/events/host-names.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { timeWaitEnd } from '../../src/kernel/give-up-by-state.ts'
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { type Claims, claimOf, jiffyOf } from './claim.ts'
import {
  at,
  type Captured,
  firstOfEach,
  isNew,
  type Place,
  packetsAt,
  packetWords,
  placeOf,
  statesAt,
} from './observations.ts'

export function portClaims(log: LabLog, { environment }: Pick<Plan, 'environment'>): Claims {
  const client = placeOf(log, 'port', 'client-first')
  const server = placeOf(log, 'port', 'server-first')
  const waited = placeOf(log, 'time-wait', 'client-first')
  return [
    ...(client === null ? [] : clientFirst(client)),
    ...(server === null ? [] : serverFirst(server)),
    ...(waited === null ? [] : timeWait(waited, jiffyOf(environment))),
  ]
}

/** One attempt to connect, from before its first packet can have left. */
interface Call {
  asked: LabEvent
  /** tcp:connected or tcp:error_received. */
  ended: LabEvent | undefined
  /** `connected`, or the code of its error. */
  outcome: string
  syscall: string | undefined
  /** At the client's card, until it ended; null where none are captured. */
  packets: Captured[] | null
}

/** The calls of a row, in order. */
function callsOf(place: Place): Call[] {
  const { log, watch, mechanism } = place
  const asked = log
    .all('host:asked', { host: hostName(place.case, 'a'), from: watch.from, to: watch.to })
    .filter(({ data }) => data.request === 'tcpConnect' && data.mechanisms.includes(mechanism))
  return asked.map((asking, index) => {
    const time = { from: asking.time, to: asked[index + 1]?.time ?? watch.to }
    const connected = log.first('tcp:connected', at(place, 'a', time))
    const error = log.first('tcp:error_received', at(place, 'a', time))
    const ended = connected ?? error
    return {
      asked: asking,
      ended,
      outcome: connected ? 'connected' : (error?.data.code ?? 'no answer'),
      syscall: error?.data.syscall,
      packets: packetsAt(place, 'a', { from: time.from, to: ended?.time ?? time.to }),
    }
  })
}

/** The port was the kernel's choice: bind(2) to it is an attempt of another socket, and refused. */
function clientFirst(place: Place): Claims {
  const [, again, other] = callsOf(place)
  return [
    claimOf(place, 'refused', {
      claim: 'the client closed first, and its port is refused to it',
      formula: 'EADDRINUSE while TIME-WAIT lasts',
      expected: { oneOf: ['EADDRINUSE'] },
      observed: { value: again?.outcome ?? null },
      because: `by ${again?.syscall ?? 'nobody'}(); the states of the client: ${statesAt(place, 'a')}`,
      source: 'RFC 9293 section 3.4.2, bind(2), SO_REUSEADDR in socket(7)',
      evidence: [again?.asked, again?.ended],
      short: again?.outcome === 'EADDRINUSE' ? 'IN USE' : 'OK',
    }),
    again?.packets
      ? claimOf(place, 'no-packet', {
          claim: "it is the client's own kernel that refuses: not one packet asks the server",
          formula: 'no packet',
          expected: { value: null },
          observed: { value: again.packets.map(packetWords).join(', ') || null },
          because: 'bind() looks into the table of sockets of its own host',
          source: 'bind(2)',
          evidence: again.packets,
        })
      : null,
    claimOf(place, 'other-port', {
      claim: 'from any other port it is connected at once',
      formula: 'another port is another connection',
      expected: { oneOf: ['connected'] },
      observed: { value: other?.outcome ?? null },
      because: 'a connection is two addresses and two ports; TIME-WAIT keeps one such set',
      source: 'RFC 9293 section 3.4.2',
      evidence: [other?.asked, other?.ended],
    }),
  ]
}

/** The port is free at the client; only the server remembers. Then the client closes first, too. */
function serverFirst(place: Place): Claims {
  const [, again, third] = callsOf(place)
  const timestamps = place.log.first('kernel:sysctls_read')?.data.values.tcp_timestamps
  const isStamped = timestamps !== '0'
  return [
    claimOf(place, 'again', {
      claim: 'the server closed first, and the client is connected again from the same port',
      formula: 'TIME-WAIT is at the server, and a new SYN ends it',
      expected: { oneOf: ['connected'] },
      observed: { value: again?.outcome ?? null },
      because: `the states of the server: ${statesAt(place, 'b')}`,
      source: 'RFC 9293 section 3.10.7.4, RFC 6191',
      evidence: [again?.asked, again?.ended],
      short: again?.outcome === 'connected' ? 'OK' : 'REFUSED',
    }),
    again?.packets
      ? claimOf(place, 'handshake', {
          claim: 'by a handshake like any other',
          formula: 'SYN / SYN,ACK / ACK',
          expected: { oneOf: ['SYN sent, SYN ACK received, ACK sent'] },
          observed: { value: firstOfEach(again.packets.filter(isNew).map(packetWords)).join(', ') || null },
          because: 'nothing of the old connection is used',
          source: 'RFC 9293 section 3.5',
          evidence: again.packets,
        })
      : null,
    claimOf(place, 'insists', {
      claim:
        'who names its port each time may call out of its own TIME-WAIT, where segments carry timestamps',
      formula: `tcp_timestamps ${timestamps ?? 'unknown'}: ${isStamped ? 'connected' : 'EADDRNOTAVAIL'}`,
      expected: { oneOf: [isStamped ? 'connected' : 'EADDRNOTAVAIL'] },
      observed: { value: third?.outcome ?? null },
      because:
        'both sockets had SO_REUSEADDR, which Node sets with a fixed port; a late segment would be told by its old timestamp',
      source: 'tcp_twsk_unique(), RFC 7323 section 5, RFC 6191',
      evidence: [third?.asked, third?.ended],
    }),
  ]
}

function timeWait(place: Place, jiffyMs: number): Claims {
  const rows = place.log.all('kernel:socket_updated', at(place, 'a'))
  const begun = rows.find(({ data }) => data.new?.state === 'TIME-WAIT')
  const over = rows.find(({ data }) => data.new === null)
  const { minMs, maxMs } = timeWaitEnd(jiffyMs)
  const [, again] = callsOf(place)
  return [
    claimOf(place, 'lasts', {
      claim: 'TIME-WAIT lasts a minute',
      formula: 'TCP_TIMEWAIT_LEN, 60 s in Linux',
      expected: { min: Math.floor(minMs - STAMP_MS - LOOK_MS), max: Math.ceil(maxMs + SLACK_MS), unit: 'ms' },
      observed: begun && over ? { value: Math.round(over.time - begun.time), unit: 'ms' } : { value: null },
      because: 'RFC 9293 asks for two maximum segment lifetimes, four minutes',
      source: 'RFC 9293 section 3.4.2, include/net/tcp.h',
      evidence: [begun, over],
    }),
    claimOf(place, 'again', {
      claim: 'and then the port is free',
      formula: 'connected',
      expected: { oneOf: ['connected'] },
      observed: { value: again?.outcome ?? null },
      because: 'nothing of the old connection is left anywhere',
      source: 'RFC 9293 section 3.4.2',
      evidence: [again?.asked, again?.ended],
    }),
  ]
}

/** The beginning of a state is seen up to one look at the table late. */
const LOOK_MS = 50
