/** Nothing happens: the control. "Is the wire occupied?" */
import { nothing } from '../../../src/lab/claims.ts'
import { everyRow, quiet } from '../expectations.ts'
import { silenceOf } from '../silence.ts'
import type { FaultCase } from '../struck.ts'

const calm = everyRow(quiet('nothing happened to it'))

export const none: FaultCase = {
  other: calm,
  struck: calm,
  further: {
    'tcp-idle': ({ cell, watch }) => [
      nothing(cell, 'silent-wire', silenceOf(cell, watch), watch, {
        claim: 'an idle connection that is up at both ends puts not one packet on the wire',
        formula: 'no packet at either end, for the whole watch',
        because: 'a connection is an entry in two tables; the wire in between knows nothing of it',
        source: 'RFC 9293 3.8.4',
      }),
    ],
  },
}
