/** From the log to verdicts. */
import type { Check } from '../../src/lab/checks.ts'
import { judgeCases } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import type { LateSettings } from './conditions.ts'
import { answerClaims } from './late-answers.ts'
import { limitClaims } from './limits.ts'

export function judgeRun(log: LabLog, plan: Plan<LateSettings>): Check[] {
  return judgeCases(log, plan, [...answerClaims(log, plan), ...limitClaims(log, plan)])
}
