import { expect, test } from 'vitest'
import { lastsMs, tryFaults } from '../../src/try/faults.ts'

test('a fault lasts as long as it is watched, but for a blip; or as long as somebody said', () => {
  const watchMs = 30_000
  const short = tryFaults.filter((fault) => lastsMs(fault, { lasts: {}, watchMs }) !== watchMs)
  expect(short).toEqual(['blip'])
  expect(lastsMs('freeze', { lasts: { freeze: 4000 }, watchMs })).toBe(4000)
})
