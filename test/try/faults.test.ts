import { expect, test } from 'vitest'
import { kitFaults } from '../../src/kit/types.ts'
import { casesOf, lastsMs, tryFaults } from '../../src/try/faults.ts'

test('a fault lasts as long as it is watched, but for a blip; or as long as somebody said', () => {
  const watchMs = 30_000
  const short = tryFaults.filter((fault) => lastsMs(fault, { lasts: {}, watchMs }) !== watchMs)
  expect(short).toEqual(['blip'])
  expect(lastsMs('freeze', { lasts: { freeze: 4000 }, watchMs })).toBe(4000)
})

test('a case for each side that is struck; what has but one side is struck there', () => {
  const cases = casesOf(['none', 'cut', 'move', 'mtu-black-hole'], ['server', 'client'])
  expect(cases.map(({ id, role }) => `${id} ${role}`)).toEqual([
    ...['none server', 'cut server', 'cut-c client', 'move client'],
    ...['black-hole server', 'black-hole-c client'],
  ])
  expect(casesOf(['move'], ['server']).map(({ role }) => role)).toEqual(['client'])
})

test('a test may strike with all of them, but with what has to be there from the start, and with nothing', () => {
  const fromTheStart: readonly string[] = ['none', 'after-bytes', 'lb-forgets']
  expect(kitFaults).toEqual(tryFaults.filter((fault) => !fromTheStart.includes(fault)))
})
