import { expect, test } from 'vitest'
import { nextTry, reorderedBetween } from '../../labs/paths/expectations.ts'

/** Ten packets, by the slower way every other one. */
const inTurn = (everyMs: number) =>
  Array.from({ length: 10 }, (_, index) => ({ time: everyMs * index, isSlower: index % 2 === 1 }))

test.each([
  // Every so many ms, slower by so many; the last packet of all is overtaken by nobody.
  [5, 20, { min: 4, max: 4 }],
  [15, 20, { min: 0, max: 4 }],
  [100, 20, { min: 0, max: 4 }],
])('packets %d ms apart, every other one %d ms slower', (everyMs, slowerMs, expected) => {
  expect(reorderedBetween(inTurn(everyMs), slowerMs)).toEqual(expected)
})

test('nobody is overtaken on the faster way, or where there is only one', () => {
  const one = inTurn(1).map(({ time }) => ({ time, isSlower: false }))
  expect(reorderedBetween(one, 20)).toEqual({ min: 0, max: 0 })
  const other = one.map(({ time }) => ({ time, isSlower: true }))
  expect(reorderedBetween(other, 20)).toEqual({ min: 0, max: 0 })
})

test('tries at 0, 200, 600, 1400 ms: after 700 ms the next one is no farther away than all before it', () => {
  const { minMs, maxMs } = nextTry(700, 200)
  expect(1400 - 700).toBeLessThanOrEqual(maxMs)
  expect(minMs).toBe(0)
})
