/** From the log to verdicts. */
import type { Check } from '../../src/lab/checks.ts'
import { judgeCases } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { deliveryClaims } from './claims-delivery.ts'
import { endClaims } from './claims-ends.ts'
import { ownerClaims } from './claims-owner.ts'
import type { SessionSettings } from './conditions.ts'

export function judgeRun(log: LabLog, plan: Plan<SessionSettings>): Check[] {
  return judgeCases(log, plan, [
    ...deliveryClaims(log, plan),
    ...endClaims(log, plan),
    ...ownerClaims(log, plan),
  ])
}
