/** cut, power-off: no packet comes back, and nobody says why. */
import { roleOf } from '../../../src/events/host-names.ts'
import type { End } from '../../../src/lab/cell.ts'
import { type Claims, took } from '../../../src/lab/claims.ts'
import {
  answerMissed,
  both,
  type Column,
  type Expect,
  everyRow,
  gone,
  heartbeatMissed,
  heartbeatOrKernel,
  probesUnanswered,
  quiet,
  retransmissionsExhausted,
} from '../expectations.ts'
import { situationOf } from '../situation.ts'
import type { FaultCase, Struck } from '../struck.ts'

const idle = quiet('it sends nothing and expects nothing: an idle connection asks nobody')
/** It says nothing by itself; but an answer may have been on its way, and then its kernel waits for an acknowledgement. */
const answersOnly: Expect = (measured) => {
  const { lostAnswerMs } = measured
  if (lostAnswerMs === null) return idle(measured)
  return retransmissionsExhausted({ ...measured, lostSendsMs: [lostAnswerMs] })
}
const receives = quiet('it only receives: silence is what an idle sender looks like')
const UNHEARD = 'nothing is heard any more'

export const silent: Column = {
  udp: {
    client: quiet('send() succeeds, whether anybody is there or not'),
    server: quiet('no datagrams come, as from a client with nothing to say'),
  },
  'udp-heartbeat': both(heartbeatMissed(UNHEARD)),
  'tcp-idle': both(idle),
  'tcp-keepalive': { client: probesUnanswered, server: idle },
  'tcp-busy': { client: retransmissionsExhausted, server: receives },
  'tcp-user-timeout': { client: retransmissionsExhausted, server: receives },
  'tcp-heartbeat': both(heartbeatOrKernel(UNHEARD)),
  'http-session': { client: answerMissed, server: answersOnly },
  websocket: both(heartbeatOrKernel(UNHEARD)),
}

export const powerOff: FaultCase = {
  other: silent,
  struck: everyRow(gone('it ended with its host')),
  further: {
    'tcp-heartbeat': (seen) => kernelsOf(seen, [seen.other]),
    websocket: (seen) => kernelsOf(seen, [seen.other]),
    'http-session': (seen) => kernelsOf(seen, clientOf(seen, [seen.other])),
  },
}

export function clientOf({ cell }: Struck, ends: readonly End[]): End[] {
  return ends.filter((end) => end === cell.a)
}

/** After the detector the kernel notices too, since a heartbeat is data that wants acknowledgement. */
export function kernelsOf(seen: Struck, ends: readonly End[]): Claims {
  const { cell, strike, watch } = seen
  return ends.map((end) => {
    const role = roleOf(end.host)
    const what = `kernel-${role}`
    const claim = `the kernel of the ${role} gives up too: ETIMEDOUT`
    const expected = retransmissionsExhausted(situationOf(seen, end))
    if (expected.kind !== 'noticed') return { id: `${cell.id}/${what}`, claim, because: expected.why }
    return took(cell, what, expected, strike.at, end.first('tcp:error_received', watch), {
      claim,
      code: 'ETIMEDOUT',
      formula: expected.formula,
      because: expected.why,
      source: expected.source,
    })
  })
}
