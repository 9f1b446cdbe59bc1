/** From the log to verdicts: row by row of each case, in the order of the experiment. */
import type { Check } from '../../src/lab/checks.ts'
import { judgeCases } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { closeClaims, orderlyClaims, resetClaims } from './claims-closing.ts'
import { idleClaims } from './claims-idle.ts'
import { frozenClaims, handshakeClaims } from './claims-opening.ts'
import { portClaims } from './claims-port.ts'
import type { TcpSettings } from './conditions.ts'

export function judgeRun(log: LabLog, plan: Plan<TcpSettings>): Check[] {
  return judgeCases(log, plan, [
    ...handshakeClaims(log),
    ...frozenClaims(log, plan),
    ...idleClaims(log, plan.settings),
    ...orderlyClaims(log, plan.settings),
    ...closeClaims(log),
    ...resetClaims(log),
    ...portClaims(log, plan),
  ])
}
