/** exit, kill: the program ends. Its kernel lives on and says goodbye in its name. */
import { says } from '../../../src/lab/claims.ts'
import {
  both,
  byItsEnd,
  type Column,
  down,
  type Expectation,
  everyRow,
  gone,
  heartbeatMissed,
  quiet,
  type Situation,
  seconds,
  unpredictable,
} from '../expectations.ts'
import { type FaultCase, type Struck, seenOn } from '../struck.ts'

const REFUSED = 'RFC 1122 4.1.3.3, RFC 792'

export const exit: FaultCase = {
  other: {
    ...peersOfEnded(),
    websocket: both(
      byItsEnd(['close_frame'], 'an orderly WebSocket says goodbye before its FIN', 'RFC 6455 5.5.1'),
    ),
  },
  struck: everyRow(byItsEnd(['user_closed'], 'it closes by itself', 'RFC 9293 3.6')),
}

export const kill: FaultCase = {
  other: peersOfEnded(),
  struck: everyRow(gone('it ended with its process')),
  further: { 'tcp-idle': likeExit },
}

function peersOfEnded(): Column {
  // Bytes that the dead program had not read turn the FIN into an RST (RFC 9293 3.6.1 asks for it in
  // RFC 2525 2.17); between two lines a second that is a matter of microseconds, but it happens.
  const goodbye = both(
    byItsEnd(['fin', 'econnreset'], 'the kernel of the ended process says it in its name', 'RFC 9293 3.6'),
  )
  const unasked = 'an unconnected UDP socket is told nothing; only the silence shows'
  return {
    udp: { client: refusedOnce, server: quiet('a UDP server never learns that its client left') },
    'udp-heartbeat': { client: refusedOrMissed, server: heartbeatMissed(unasked) },
    'tcp-idle': goodbye,
    'tcp-keepalive': goodbye,
    'tcp-busy': goodbye,
    'tcp-user-timeout': goodbye,
    'tcp-heartbeat': goodbye,
    'http-session': goodbye,
    websocket: goodbye,
  }
}

/** By the first datagram after the end of the process, whenever in that time its socket was closed. */
function refused({ heartbeatMs, endedMs }: Situation): Expectation {
  const ended = endedMs === null ? '' : `end of the process (${seconds(endedMs)}) + `
  return down({
    triggers: ['econnrefused'],
    minMs: 0,
    maxMs: (endedMs ?? 0) + heartbeatMs.interval,
    formula: `(0 .. ${ended}interval] + slack`,
    why: 'nobody listens there any more',
    source: REFUSED,
  })
}

/** Whether a datagram still meets a kernel that refuses it is a race: a container's network goes right after its process. */
function refusedOnce(measured: Situation): Expectation {
  if (!measured.inContainer) return refused(measured)
  return unpredictable('one refusal, if a datagram comes before the network is gone; else nothing')
}

function refusedOrMissed(measured: Situation): Expectation {
  if (!measured.inContainer) return refused(measured)
  const missed = heartbeatMissed('nothing is heard any more; or a refusal came first')(measured)
  if (missed.kind !== 'noticed') return missed
  return {
    ...missed,
    triggers: ['heartbeat_missed', 'econnrefused'],
    minMs: 0,
    formula: `a refusal at once, or ${missed.formula}`,
    source: `${missed.source}, RFC 1122 4.1.3.3`,
  }
}

/** What the peer of a killed program is told is what the peer of an orderly one is told. */
function likeExit(seen: Struck) {
  const { log, plan, row } = seen.cell
  const exited = log.strike('exit')
  if (exited === undefined) return []
  const [killed, ended] = [seen, seenOn(log, plan, exited, row)].map(({ other, watch }) =>
    other.first('belief:updated', watch),
  )
  return [
    says(seen.cell, 'like-exit', ended?.data.trigger ?? 'fin', killed?.data.trigger ?? 'nothing', {
      claim: 'the peer cannot tell SIGKILL from an orderly end: both are a FIN',
      formula: 'the same trigger as in exit/tcp-idle',
      because: 'the kernel closes what a dead process leaves open',
      source: 'RFC 9293 3.6',
      evidence: [killed, ended],
    }),
  ]
}
