/**
 * Every judge, on the run that ships with its lab and on that run spoiled. Needs no hosts, so it runs wherever Node
 * does. `STILLHERE_JUDGE_RUN=DIR` judges another run of one lab instead; `STILLHERE_SPOILINGS=1` prints the whole
 * table, check by check.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { labs } from '../../labs/index.ts'
import { readLog } from '../../src/events/parse.ts'
import type { Check } from '../../src/lab/checks.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { recordedRunFile, unpackRun } from '../../src/view/report/recorded.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'
import { spoilings } from './spoilings.ts'

/** Judging once is far below a second; a judge that takes longer on a spoiled log is stuck. */
const JUDGE_LIMIT_MS = 60_000

function keptRun(lab: string): { plan: Plan; log: LabLog } | null {
  const other = process.env.STILLHERE_JUDGE_RUN
  if (other === undefined) {
    const file = recordedRunFile(lab)
    return existsSync(file) ? unpackRun(readFileSync(file)) : null
  }
  const plan = JSON.parse(readFileSync(join(other, 'plan.json'), 'utf8')) as Plan
  return plan.lab === lab ? { plan, log: new LabLog(readLog(join(other, 'events.ndjson'))) } : null
}

const kept = Object.entries<Lab>(labs).flatMap(([id, lab]) => {
  const run = keptRun(id)
  return run === null ? [] : [{ id, lab, ...run }]
})

describe.each(kept)('the judge of lab:$id', ({ id, lab, plan, log }) => {
  const checks = lab.judge(log, plan)

  test('says of the kept run what its report says', () => {
    expect(checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive')).toEqual([])
    expect(checkIds({ checks })).toEqual(checkIds(recordedReport(id)))
  })

  test(
    'is turned by one spoiling at least, in each of its checks',
    () => {
      const passed = checks.filter(({ verdict }) => verdict === 'pass')
      const evidence = new Set(passed.flatMap((check) => check.evidence.slice(-1)))
      const turnedBy = new Map(
        Object.entries(spoilings).map(([name, spoil]) => {
          const judged = lab.judge(new LabLog(spoil({ plan, log, evidence })), plan)
          return [name, passed.filter((check) => !stillPasses(check, judged))]
        }),
      )
      tell(id, passed, turnedBy)
      const turned = new Set([...turnedBy.values()].flat())
      expect(passed.filter((check) => !turned.has(check)).map((check) => check.id)).toEqual([])
    },
    JUDGE_LIMIT_MS,
  )
})

function stillPasses({ id }: Check, judged: readonly Check[]): boolean {
  return judged.find((check) => check.id === id)?.verdict === 'pass'
}

/** How many checks each spoiling turns; with the whole table, which. */
function tell(lab: string, passed: readonly Check[], turnedBy: ReadonlyMap<string, readonly Check[]>): void {
  const counts = [...turnedBy].map(([name, turned]) => `${name} ${turned.length}`)
  const lines = [`lab:${lab}, ${passed.length} checks, turned by: ${counts.join(', ')}`]
  if (process.env.STILLHERE_SPOILINGS !== undefined) {
    for (const check of passed) {
      const marks = [...turnedBy.values()].map((turned) => (turned.includes(check) ? 'x' : '.')).join(' ')
      lines.push(`  ${marks}  ${check.id}`)
    }
  }
  console.log(lines.join('\n'))
}
