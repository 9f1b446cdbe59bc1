/** A cut that is mended before anybody's limit: any end that doubts believes again, on the same connection. */
import { retransmissionGiveUp } from '../../../src/kernel/give-up.ts'
import { firstAnswer } from '../cookie.ts'
import {
  both,
  type Column,
  type Expectation,
  everyRow,
  once,
  quiet,
  type Sends,
  type Situation,
  seconds,
  UNREADABLE,
} from '../expectations.ts'
import type { FaultCase } from '../struck.ts'

const onceMended = once('mendedMs', 'the cable was not mended')
const unimpressed = onceMended(quiet('nobody looked while the cable was out; lost bytes were sent again'))
const sentAgain = onceMended(byRetransmission)

const recovered: Column = {
  ...everyRow(unimpressed),
  'udp-heartbeat': both(onceMended(byNextDatagram)),
  'tcp-heartbeat': both(sentAgain),
  'http-session': { client: sentAgain, server: unimpressed },
  websocket: both(sentAgain),
}

export const blip: FaultCase = {
  other: recovered,
  struck: recovered,
  further: { 'http-session': (seen) => firstAnswer(seen, 'accepted', seen.strike.at) },
}

function byNextDatagram({ heartbeatMs }: Situation, mendedMs: number): Expectation {
  return {
    kind: 'recovers',
    maxMs: mendedMs + heartbeatMs.interval,
    formula: `0 .. mended (${seconds(mendedMs)}) + interval + slack`,
    why: 'the next datagram after the blip ends the doubt',
  }
}

/**
 * Lost bytes come back with the first retransmission after the mend: at the latest the last one sent. It is the
 * peer's that this end hears; or an answer to its own, which waits behind what the peer itself has lost.
 */
function byRetransmission({ peer, ...own }: Situation, mendedMs: number): Expectation {
  const ends = [own, peer].filter((end) => end === own || end.lostSendsMs.length > 0)
  const sentAgainMs = ends.map(lastSentAgain)
  if (!sentAgainMs.every((ms) => ms !== null)) return UNREADABLE
  return {
    kind: 'recovers',
    maxMs: Math.max(mendedMs, ...sentAgainMs),
    formula: '0 .. lost send + last retransmission before giving up, of either end, + slack',
    why: 'TCP sends the lost bytes again; the first retransmission after the blip ends the doubt',
  }
}

function lastSentAgain({ connection, lostSendsMs }: Sends): number | null {
  if (connection === null) return null
  const { retransmissions, minMs } = retransmissionGiveUp(connection)
  const last = retransmissions.filter((span) => span.minMs < minMs).at(-1)
  return (lostSendsMs.at(-1) ?? 0) + (last?.maxMs ?? 0)
}
