import { expect, test } from 'vitest'
import { parseTime } from '../../src/try/durations.ts'

test('a time needs its unit', () => {
  expect(['500ms', '10s', '2m', '0.5s'].map(parseTime)).toEqual([500, 10_000, 120_000, 500])
  expect(['10', 's', '-1s', '1e3s', ' 1s', '1 s'].map(parseTime)).toEqual(Array(6).fill(null))
})
