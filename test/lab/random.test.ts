import { expect, test } from 'vitest'
import { randomFrom } from '../../src/lab/random.ts'

test('a seed repeats its numbers, all in [0, 1), and another seed gives others', () => {
  const take = (seed: number) => Array.from({ length: 1000 }, randomFrom(seed))
  expect(take(42)).toEqual(take(42))
  expect(take(42)).not.toEqual(take(43))
  expect(take(42).every((number) => number >= 0 && number < 1)).toBe(true)
})

test('the numbers spread: each tenth of [0, 1) gets its share of 10,000', () => {
  const next = randomFrom(1)
  const shares = new Array<number>(10).fill(0)
  for (let n = 0; n < 10_000; n++) {
    const tenth = Math.floor(next() * 10)
    shares[tenth] = (shares[tenth] ?? 0) + 1
  }
  for (const share of shares) expect(share).toBeGreaterThan(880)
})
