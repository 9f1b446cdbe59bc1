/** The old address answers again, with a kernel that knows nothing of any connection. */
import { firstAnswer } from '../cookie.ts'
import {
  both,
  down,
  type Ends,
  type Expectation,
  everyRow,
  gone,
  heartbeatMissed,
  once,
  quiet,
  type Situation,
  UNREADABLE,
} from '../expectations.ts'
import type { FaultCase } from '../struck.ts'

const UNKNOWN = {
  why: 'the rebooted kernel knows no such connection and answers RST',
  source: 'RFC 9293 3.10.7.1',
}
const onceBack = once('networkBackMs', 'the host did not come back')

const saysNothing = onceBack(
  quiet('it sends nothing, so nobody can tell it that the connection is unknown now'),
)
const writesLines = onceBack((measured, backMs) => nextSegment(measured, measured.writeEveryMs, backMs))
const clientWrites: Ends = { client: writesLines, server: saysNothing }

export const reboot: FaultCase = {
  other: {
    udp: {
      client: onceBack(nextDatagram),
      server: onceBack(quiet('to a UDP server the rebooted client is just another one')),
    },
    'udp-heartbeat': {
      client: onceBack(nextDatagram),
      server: onceBack(
        heartbeatMissed('the rebooted client comes back from another port: the old one stays silent'),
      ),
    },
    'tcp-idle': both(saysNothing),
    'tcp-keepalive': { client: onceBack(nextProbe), server: saysNothing },
    'tcp-busy': clientWrites,
    'tcp-user-timeout': clientWrites,
    'tcp-heartbeat': both(writesLines),
    'http-session': {
      client: onceBack((measured, backMs) => nextSegment(measured, measured.httpMs.interval, backMs)),
      server: saysNothing,
    },
    websocket: both(writesLines),
  },
  struck: everyRow(gone('it ended with its host')),
  further: {
    // When the browser's host is rebooted, the memory that is lost is not the server's.
    'http-session': (seen) =>
      seen.cell.plan.strike === 'server' ? firstAnswer(seen, 'refused', seen.strike.at) : [],
  },
}

function nextDatagram({ heartbeatMs, networkBackWithinMs }: Situation, backMs: number): Expectation {
  return down({
    triggers: ['econnrefused'],
    minMs: backMs - networkBackWithinMs,
    maxMs: backMs + heartbeatMs.interval,
    formula: '(back .. back + interval] + slack',
    why: 'the host is back before its programs',
    source: 'RFC 1122 4.1.3.3, RFC 792',
  })
}

/** What was sent while the host was away is sent again, later and later, but before the next line. */
function nextSegment({ networkBackWithinMs }: Situation, everyMs: number, backMs: number): Expectation {
  return down({
    triggers: ['econnreset'],
    minMs: backMs - networkBackWithinMs,
    maxMs: backMs + everyMs,
    formula: 'the first segment after the host is back: (back .. back + write interval] + slack',
    ...UNKNOWN,
  })
}

function nextProbe({ keepalive, networkBackWithinMs }: Situation, backMs: number): Expectation {
  if (keepalive === null) return UNREADABLE
  const maxMs = Math.max(keepalive.idleMs, backMs + keepalive.intervalMs)
  return down({
    triggers: ['econnreset'],
    minMs: backMs - networkBackWithinMs,
    maxMs,
    formula: 'the first probe after the host is back: (back .. max(idle, back + interval)] + slack',
    ...UNKNOWN,
  })
}
