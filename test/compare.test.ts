/** The comparison: each of its answers is a check that a recorded run has, and says what that run saw. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compareCommand } from '../src/commands/compare.ts'
import { compared } from '../src/compare/read.ts'
import { comparedSvg, comparedTable, comparedText } from '../src/compare/show.ts'
import { kinds, questions } from '../src/compare/table.ts'
import { readRecordedCells } from '../src/view/report/recorded.ts'
import { sortedPage } from '../src/view/sorted/page.ts'
import { temporaryFolder } from './support/cli.ts'

const rows = await compared(null)

test('every check that is named was recorded', () => {
  const missing = rows.flatMap(({ kind, answers }) =>
    questions.flatMap(({ id }) =>
      kind.answers[id] !== undefined && answers[id] === null ? [kind.answers[id]] : [],
    ),
  )
  expect(missing).toEqual([])
})

test('an answer is what the run saw, and what no lab saw says so', () => {
  const freeze = rows.find(({ kind }) => kind.id === 'heartbeat')?.answers.freeze
  const seen = readRecordedCells('keepalive')?.cells['freeze/tcp-heartbeat']?.checks[0]
  expect(freeze?.check).toEqual(seen)
  const text = comparedText(rows)
  expect(text).toContain(`${seen?.observed.value} ms`)
  const open = kinds.length * questions.length - kinds.flatMap(({ answers }) => Object.keys(answers)).length
  expect(text.match(/not observed/g)).toHaveLength(open)
})

test('the text fits 80 columns', () => {
  for (const line of comparedText(rows).split('\n')) expect(line.length).toBeLessThanOrEqual(80)
})

test('the page has all of it and loads nothing', async () => {
  const page = await sortedPage(comparedTable(rows))
  for (const { title } of kinds) expect(page).toContain(`>${title}</th>`)
  expect(page).not.toMatch(/(src|href)="/)
})

test('the picture is the one that is kept', () => {
  expect(readFileSync('labs/compare/recorded/compare.svg', 'utf8')).toBe(comparedSvg(rows))
})

test('where no lab has run, nothing was observed', async () => {
  const none = await compared(temporaryFolder())
  expect(none.flatMap(({ answers }) => Object.values(answers)).every((answer) => answer === null)).toBe(true)
})

test('a kind that is none gets one line', async () => {
  await expect(compareCommand(['tpc'])).rejects.toThrow('there is no kind "tpc"; did you mean "tcp"?')
  await expect(compareCommand(['--colour'])).rejects.toThrow(/--colour/)
})
