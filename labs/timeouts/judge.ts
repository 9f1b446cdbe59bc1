/** From the log to verdicts: for each cell how long it should have lasted beside how long it did. */
import type { Check } from '../../src/lab/checks.ts'
import { judgeCases, type TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { cellOfCheck, type Plan } from '../../src/lab/plan.ts'
import { Cell } from './cell.ts'
import { busy, zeroWindowAlive, zeroWindowDead } from './judge-busy.ts'
import { finWait1, finWait2, timeWait } from './judge-closing.ts'
import { httpClaims } from './judge-http.ts'
import { idle } from './judge-idle.ts'
import { lastAckLost, synReceived, synSent } from './judge-opening.ts'
import type { CaseId } from './lab.ts'

/** Judges a whole run. */
export function judgeRun(log: LabLog, plan: Plan): Check[] {
  const claims = plan.cells.flatMap((cell) => {
    const [caseId = '', mechanism = ''] = cell.split('/')
    const watch = log.watchOf(caseId)
    if (watch === undefined) return []
    return claimsOf[caseId as CaseId](new Cell(log, plan, caseId, mechanism, watch))
  })
  const checks = judgeCases(log, plan, claims)
  const place = (check: Check) => plan.cells.indexOf(cellOfCheck(check.id))
  return checks.sort((one, other) => place(one) - place(other))
}

const claimsOf: Record<CaseId, (cell: Cell) => TimedClaim[]> = {
  'syn-sent': synSent,
  'syn-received': synReceived,
  'ack-lost': lastAckLost,
  idle,
  busy,
  'zero-alive': zeroWindowAlive,
  'zero-dead': zeroWindowDead,
  'fin-wait-1': finWait1,
  'fin-wait-2': finWait2,
  'time-wait': timeWait,
  http: httpClaims,
  'http-race': httpClaims,
}
