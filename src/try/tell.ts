/** What a try found, as text. */
import type { Check } from '../lab/checks.ts'
import type { LabLog } from '../lab/log.ts'
import type { Plan } from '../lab/plan.ts'
import type { Style } from '../lab/tale.ts'

export function tellTry(log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  return style.bold(`${log.events.length} events ${plan.cases} ${checks.length}`)
}
