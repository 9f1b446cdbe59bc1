/** The field guide: its files are as they have to be, and its page is made of its data. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { againstFormula, againstRecord } from '../../src/guide/agree.ts'
import { pageOf, readGuide } from '../../src/guide/book.ts'
import { entryNames, rangeOf, readEntry, tryOf, variants } from '../../src/guide/entry.ts'
import { amountOf } from '../../src/guide/formula.ts'
import type { EntryRecord } from '../../src/guide/record.ts'

const guide = readGuide()
const names = entryNames()
const recordOf = (name: string) => structuredClone(guide.entries[name] as EntryRecord)

test('each entry is valid, and what it asks of try is', () => {
  expect(names.length).toBeGreaterThan(2)
  for (const name of names) {
    const entry = readEntry(name)
    for (const variant of variants) expect(tryOf(entry, variant).name).toBe(`${name}-${variant}`)
  }
})

test('what was recorded belongs to an entry, in order, with the versions that the entry pins', () => {
  const recorded = Object.keys(guide.entries)
  expect(recorded).toEqual([...recorded].sort())
  for (const name of recorded) {
    expect(names).toContain(name)
    expect(guide.entries[name]?.versions).toMatchObject(readEntry(name).npm)
  }
})

test('the page is made of the data', () => {
  expect(readFileSync('guide/README.md', 'utf8')).toBe(pageOf(guide))
})

test('what is kept is as the formulas say, and agrees with itself', () => {
  for (const name of Object.keys(guide.entries)) {
    const entry = readEntry(name)
    const { variants: kept } = recordOf(name)
    expect(againstFormula(entry, kept)).toEqual([])
    expect(againstRecord(entry, kept, kept)).toEqual([])
  }
})

test('a run that contradicts the formula, or what is kept, is told', () => {
  const ws = readEntry('ws')
  const { variants: kept } = recordOf('ws')
  const late = structuredClone(kept)
  const { client } = late.own.faults.cut
  for (const sign of [client.loses, client.says]) if (sign !== null) sign.afterMs = 5000
  expect(againstFormula(ws, late)).toEqual([
    'own, cut: client noticed after 5000 ms; its formula says 1000 to 3000 ms',
  ])
  const deaf = structuredClone(kept)
  deaf.own.faults.freeze.client = { loses: null, says: null, ends: null }
  expect(againstFormula(ws, deaf)).toHaveLength(1)
  expect(againstRecord(ws, kept, deaf)).toHaveLength(2)
})

test.each([
  ['2 * interval', { interval: 3 }, 6],
  ['1500 * (a + b) - 1', { a: 1, b: 2 }, 4499],
  ['a + b', { a: 1 }, null],
  ['1000 * keep-alive - 1', { 'keep-alive': 2 }, 1999],
])('the formula %s with %j is %s', (formula, terms, value) => {
  expect(amountOf(formula, terms)).toBe(value)
})

test.each(['', 'a +', '(a', 'a b', '2 / 3', '+'])('"%s" is no formula', (formula) => {
  expect(() => amountOf(formula, { a: 1, b: 1 })).toThrow(SyntaxError)
})

test('what is not set has no limit', () => {
  expect(rangeOf(readEntry('ws'), 'default', 'client')).toBeNull()
  expect(rangeOf(readEntry('ws'), 'own', 'client')).toEqual({ fromMs: 1000, toMs: 3000 })
})
