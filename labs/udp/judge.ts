/** From the log to verdicts: claims about who is there, then claims about what is between. */
import type { Check } from '../../src/lab/checks.ts'
import { judgeCases } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import type { UdpSettings } from './conditions.ts'
import { networkClaims } from './network-claims.ts'
import { peerClaims } from './peer-claims.ts'

/** Judges a whole run. */
export function judgeRun(log: LabLog, plan: Plan<UdpSettings>): Check[] {
  return judgeCases(log, plan, [...peerClaims(log), ...networkClaims(log, plan.settings)])
}
