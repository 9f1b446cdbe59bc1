/** From the log of a run to checks. */
import type { Check } from '../../src/lab/checks.ts'
import { judgeCases, type TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { Cell } from './cell.ts'
import { rowsOf, type WebSocketSettings, webSocketCases } from './conditions.ts'
import { cutClaims } from './judge-cut.ts'
import { laptopClaims, offClaims } from './judge-laptop.ts'
import { resumeClaims } from './judge-resume.ts'
import { stormClaims } from './judge-storm.ts'
import { upgradeClaims } from './judge-upgrade.ts'

const claimsOf: Record<string, (cell: Cell) => (TimedClaim | null)[]> = {
  upgrade: upgradeClaims,
  cut: cutClaims,
  laptop: laptopClaims,
  off: offClaims,
  storm: stormClaims,
  resume: resumeClaims,
}

/** Pure. */
export function judgeRun(log: LabLog, plan: Plan<WebSocketSettings>): Check[] {
  const claims = webSocketCases.flatMap(({ id }) => {
    const watch = log.watchOf(id)
    if (watch === undefined) return []
    return rowsOf(plan, id).flatMap((row) => claimsOf[id]?.(new Cell(log, plan, id, row, watch)) ?? [])
  })
  return judgeCases(log, plan, claims)
}
