/** What ships as recorded, held against the labs and the format of today: `npm run record` makes it anew. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { labs } from '../../labs/index.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { blocksOf, isQuotable } from '../../src/lab/quote.ts'
import { reportSchema } from '../../src/lab/run-files.ts'
import { cellOfCheck, selectionOf } from '../../src/plan/plan.ts'
import { readRecordedCells } from '../../src/view/report/recorded.ts'
import { claimRows } from '../support/claims.ts'
import { recordedReport } from '../support/recorded.ts'

const ROOT = join(import.meta.dirname, '../..')
const CHECK_ID = /\b([a-z][a-z\d-]*\/[a-z][a-z\d-]*\/[a-z][a-z\d-]*)(?![\w./-])/g

describe.each(Object.entries<Lab>(labs))('what was recorded of lab:%s', (id, lab) => {
  const report = recordedReport(id)
  const pages = ['README.md', 'answers.md'].map((page) => readFileSync(join(ROOT, 'labs', id, page), 'utf8'))
  const { cells } = selectionOf(
    lab,
    lab.cases.map((one) => one.id),
    lab.mechanisms,
  )

  test('is a passed run in the format of today, about the cells of today', () => {
    expect(v.is(reportSchema, report)).toBe(true)
    expect(report).toMatchObject({ lab: id, verdict: 'pass' })
    expect(new Set(report.checks.map((check) => cellOfCheck(check.id)))).toEqual(new Set(cells))
    expect(new Set(Object.keys(readRecordedCells(id)?.cells ?? {}))).toEqual(new Set(cells))
  })

  test('is what its pages quote, and they quote nothing else', () => {
    const blocks = pages.flatMap(blocksOf)
    expect(blocks.filter((block) => !isQuotable(lab, block))).toEqual([])
    const text = pages.join('\n')
    const ids = new Set(report.checks.map((check) => check.id))
    const ofThisLab = [...text.matchAll(CHECK_ID)]
      .map(([, quoted = '']) => quoted)
      .filter((quoted) => lab.cases.some((one) => quoted.startsWith(`${one.id}/`)))
    expect(ofThisLab.filter((quoted) => !ids.has(quoted))).toEqual([])
    // Every run has its own name, so a page that was not refreshed names another one.
    const runs = [...text.matchAll(/ run (\S+), \w+ hosts/g)].map(([, run]) => run)
    expect(new Set(runs)).toEqual(new Set(runs.length === 0 ? [] : [report.run]))
  })
})

test('each of the question’s claims is observed by checks that were made', () => {
  const claimed = claimRows().flatMap(({ checkIds }) => [...checkIds])
  expect(claimed.length).toBeGreaterThan(10)
  const missing = claimed.flatMap(([id, ids]) => {
    const made = new Set(recordedReport(id).checks.map((check) => check.id))
    return ids.filter((one) => !made.has(one)).map((one) => `${id}: ${one}`)
  })
  expect(missing).toEqual([])
})

test('the first page quotes labs that there are', () => {
  const blocks = blocksOf(readFileSync(join(ROOT, 'README.md'), 'utf8'))
  expect(blocks.length).toBeGreaterThan(0)
  const known: Readonly<Record<string, Lab>> = labs
  const unknown = blocks.filter((block) => {
    const [, id = '', name = ''] = /^lab:(\S+) (.+)$/.exec(block) ?? []
    const lab = known[id]
    return lab === undefined || !isQuotable(lab, name)
  })
  expect(unknown).toEqual([])
})
