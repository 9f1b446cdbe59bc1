import { describe, expect, test } from 'vitest'
import { isPlausible, summarise } from '../../src/faults/measure.ts'

describe('isPlausible()', () => {
  // The bounds are those of the exact test: |hits - tries x share| < 5 standard deviations.
  test.each<[number, number, number, boolean]>([
    [30, 300, 0.1, true],
    [5, 300, 0.1, true], // 25 off, of 26.0
    [4, 300, 0.1, false],
    [55, 300, 0.1, true],
    [56, 300, 0.1, false],
    [0, 300, 0.1, false],
    [300, 300, 0.1, false],
    [0, 300, 0, true],
    [0, 30, 0, true],
    [1, 300, 0, false],
    [300, 300, 1, true],
    [299, 300, 1, false],
    [0, 300, 0.07, true], // 21 off, of 22.1
    [0, 300, 0.08, false],
    [0, 0, 0.1, false],
  ])('%i of %i at %f: %s', (hits, tries, share, expected) => {
    expect(isPlausible(hits, tries, share)).toBe(expected)
  })
})

describe('summarise()', () => {
  const back = (...numbers: number[]) => ({
    echoes: numbers.map((number, index) => ({ number, afterMs: index + 1 })),
    errors: [],
  })
  test.each<[string, number[], { lost: number; doubled: number; reordered: number }]>([
    ['all', [0, 1, 2, 3], { lost: 0, doubled: 0, reordered: 0 }],
    ['one lost', [0, 1, 3], { lost: 1, doubled: 0, reordered: 0 }],
    ['one doubled', [0, 1, 1, 2, 3], { lost: 0, doubled: 1, reordered: 0 }],
    ['one doubled, late', [0, 1, 2, 3, 1], { lost: 0, doubled: 1, reordered: 0 }],
    ['one overtaken', [0, 2, 1, 3], { lost: 0, doubled: 0, reordered: 1 }],
    ['two overtaken by one', [0, 3, 1, 2], { lost: 0, doubled: 0, reordered: 2 }],
  ])('%s', (_, numbers, expected) => {
    expect(summarise(back(...numbers), 4)).toMatchObject(expected)
  })

  test('times are of the first that came', () => {
    const { leastMs, medianMs, mostMs } = summarise(back(0, 0, 1, 2), 3)
    expect([leastMs, medianMs, mostMs]).toEqual([1, 3, 4])
    expect(summarise(back(), 3)).toMatchObject({ lost: 3, medianMs: Number.NaN })
  })
})
