import { expect, test } from 'vitest'
import { RateLimit } from '../../src/protocols/rate-limit.ts'

test('RateLimit.take admits up to the limit, refuses once, then drops until the second is over', () => {
  const rate = new RateLimit(2)
  const at = (...timesMs: number[]) => timesMs.map((ms) => rate.take(ms))
  expect(at(0, 10, 20, 30, 999)).toEqual(['admit', 'admit', 'refuse', 'drop', 'drop'])
  expect(at(1000, 1001, 1002)).toEqual(['admit', 'admit', 'refuse'])
})

test('RateLimit.take never refuses who keeps to the limit', () => {
  const rate = new RateLimit(2)
  for (let ms = 0; ms < 60_000; ms += 500) expect(rate.take(ms)).toBe('admit')
})
