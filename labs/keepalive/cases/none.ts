/** Nothing happens: the control. "Is the wire occupied?" */
import { type Claims, nothing } from '../../../src/lab/claims.ts'
import { everyRow, quiet } from '../expectations.ts'
import { silenceOf } from '../silence.ts'
import type { FaultCase, Struck } from '../struck.ts'

const calm = everyRow(quiet('nothing happened to it'))

export const none: FaultCase = {
  other: calm,
  struck: calm,
  further: { 'tcp-idle': silentWire },
}

function silentWire({ cell, watch }: Struck): Claims {
  // Other rows talk over the same cards, but in a run of this row alone.
  const others = cell.plan.mechanisms.length > 1
  const silence = silenceOf(cell, watch, (end) => end.everyPacket(others ? watch : { to: watch.from }))
  return [
    nothing(cell, 'silent-wire', silence.found, watch, {
      claim: 'an idle connection that is up at both ends puts not one packet on the wire',
      unseen: silence.unseen,
      formula: 'no packet at either end, for the whole watch',
      because: 'a connection is an entry in two tables; the wire in between knows nothing of it',
      source: 'RFC 9293 3.8.4',
    }),
  ]
}
