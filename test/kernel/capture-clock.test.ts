import { expect, test } from 'vitest'
import { WallClock } from '../../src/kernel/capture/wall-clock.ts'

test('each reading bounds the distance, and all of them together most', () => {
  const clock = new WallClock({ before: 1000n, wall: 5000n, after: 1100n })
  expect([clock.aheadNs, clock.withinNs]).toEqual([3950n, 50n])
  clock.update({ before: 2000n, wall: 5960n, after: 2080n })
  expect([clock.aheadNs, clock.withinNs]).toEqual([3930n, 30n])
})

test('a reading that was interrupted changes nothing', () => {
  const clock = new WallClock({ before: 1000n, wall: 5000n, after: 1100n })
  clock.update({ before: 2000n, wall: 6000n, after: 900_000n })
  expect([clock.aheadNs, clock.withinNs]).toEqual([3950n, 50n])
})

test('a reading that contradicts the others means that the wall clock was set', () => {
  const clock = new WallClock({ before: 1000n, wall: 5000n, after: 1100n })
  clock.update({ before: 2000n, wall: 1_000_000n, after: 2100n })
  expect([clock.aheadNs, clock.withinNs]).toEqual([997_950n, 50n])
})
