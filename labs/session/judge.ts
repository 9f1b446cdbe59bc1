import type { Check } from '../../src/lab/checks.ts'
import { judgeCases } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import type { SessionSettings } from './conditions.ts'
export function judgeRun(log: LabLog, plan: Plan<SessionSettings>): Check[] {
  return judgeCases(log, plan, [])
}
