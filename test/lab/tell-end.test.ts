/** What stays on a screen of 24 rows when a run has ended: told of what was recorded of each lab. */
import { describe, expect, test } from 'vitest'
import { labs } from '../../labs/index.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { LabLog } from '../../src/lab/log.ts'
import { plainStyle } from '../../src/lab/tale.ts'
import { tellEnd, tellRun } from '../../src/lab/tell.ts'
import { type Plan, selectionOf } from '../../src/plan/plan.ts'
import { fitted } from '../../src/text/wrap.ts'
import { recordedReport } from '../support/recorded.ts'

/** One stays free for the shell, two for how many predictions were right. */
const ROWS = 24 - 1 - 2
const REPORT = 'runs/2026-11-30T06-53-22-timeouts-69e1/report.html'

/** Rows of no column of the table of `timeouts`: they stand above it. */
const ABOVE = ['http', 'http-race']
/** A report is enough to tell these; the tables of the others need the log, and are seen in runs of their own. */
const ALONE = Object.values<Lab>(labs).filter(({ id }) => id !== 'keepalive' && id !== 'late')

describe.each(ALONE.map((lab) => ({ id: lab.id, lab })))('the end of lab:$id', ({ lab }) => {
  const { checks } = recordedReport(lab.id)
  const cases = lab.cases.map(({ id }) => id)
  const plan = {
    ...selectionOf(lab, cases, lab.mechanisms),
    showFirst: lab.showFirst,
    promises: {},
    play: false,
    strike: null,
  } as unknown as Plan
  const told = { log: new LabLog([]), plan, checks }

  test('is each case and the score, on a screen of 80 columns and 24 rows', () => {
    const lines = tellEnd(lab, told, plainStyle, '', REPORT).split('\n')
    const screen = fitted(lines.join('\n'), 80).split('\n').slice(-ROWS)
    expect(screen.filter((line) => line.length > 80)).toEqual([])
    const isShown = (id: string) => screen.some((line) => line.includes(`${id} `))
    expect(cases.filter((id) => !ABOVE.includes(id) && !isShown(id))).toEqual([])
    expect(screen.join('\n')).toMatch(/^\d+ checks passed, 0 failed/m)
    expect(screen.join('\n')).toContain(REPORT)
    expect(screen.join('\n')).toMatch(/in report.html, and with --verbose/)
  })

  test('on 60 columns it is longer, and no line is broken inside a word', () => {
    const style = { ...plainStyle, columns: 60 }
    const text = tellEnd(lab, told, style, '', REPORT)
    const words = (some: string) => some.split(/\s+/).filter(Boolean)
    expect(
      fitted(text, 60)
        .split('\n')
        .filter((line) => line.length > 60),
    ).toEqual([])
    expect(words(fitted(text, 60))).toEqual(words(text))
  })

  test('what it leaves out is told by --verbose', () => {
    const whole = tellRun(lab, told, plainStyle)
    for (const lesson of Object.values(lab.lessons)) expect(whole).toContain(lesson)
  })
})

test('of many checks that failed three lines are told, and how many more there are', () => {
  const lab: Lab = labs.udp
  const checks = recordedReport('udp').checks.map((check) => ({ ...check, verdict: 'fail' as const }))
  const plan = {
    ...selectionOf(
      lab,
      lab.cases.map(({ id }) => id),
      lab.mechanisms,
    ),
    showFirst: [],
    promises: {},
  } as unknown as Plan
  const text = tellEnd(lab, { log: new LabLog([]), plan, checks }, plainStyle, '', REPORT)
  expect(text.match(/^ {2}fail: /gm)).toHaveLength(2)
  expect(text).toContain(`... and ${checks.length - 2} more: --verbose`)
  expect(text).toMatch(/^nobody +udp !QUIET/m)
})
