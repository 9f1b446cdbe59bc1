/** The struck kernel aborts the connections: each peer is told at once, by RST. */

import { firstAnswer } from '../cookie.ts'
import { both, type Column, everyRow, meaningless, told } from '../expectations.ts'
import type { FaultCase } from '../struck.ts'

const noConnection = both(meaningless('UDP has no connection to reset'))
const UDP = { udp: noConnection, 'udp-heartbeat': noConnection }

const othersAreTold: Column = {
  ...everyRow(() => told(['econnreset'], 'the struck kernel sends RST at once', 'RFC 9293 3.10.7.4')),
  ...UDP,
}
const ownAreEnded: Column = {
  ...everyRow(() => told(['econnaborted', 'user_closed'], 'its own kernel ended the socket', 'ss(8) --kill')),
  ...UDP,
}

export const reset: FaultCase = {
  other: othersAreTold,
  struck: ownAreEnded,
  further: { 'http-session': (seen) => firstAnswer(seen, 'accepted', seen.strike.at) },
}
