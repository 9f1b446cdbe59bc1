import fc from 'fast-check'
import { expect, test } from 'vitest'
import { REPLAY_WINDOW_PACKETS } from '../../../src/protocols/wireguard/constants.ts'
import { ReplayWindow } from '../../../src/protocols/wireguard/replay-window.ts'

test('each counter once, late ones too, and none that is too late', () => {
  const window = new ReplayWindow()
  const { length } = [0, 1, 5, 3, 4, 2].filter((counter) => window.accept(counter))
  expect(length).toBe(6)
  expect([0, 1, 2, 3, 4, 5].filter((counter) => window.accept(counter))).toEqual([])
  expect(window.accept(REPLAY_WINDOW_PACKETS + 5)).toBe(true)
  expect(window.accept(5)).toBe(false)
  expect(window.accept(6)).toBe(true)
  expect(window.accept(Number.MAX_SAFE_INTEGER)).toBe(true)
  expect(window.accept(7)).toBe(false)
})

test('as a set that remembers all of them', () => {
  const steps = fc.array(fc.oneof(fc.nat(100), fc.nat(3 * REPLAY_WINDOW_PACKETS)), { maxLength: 300 })
  fc.assert(
    fc.property(steps, (counters) => {
      const window = new ReplayWindow()
      const seen = new Set<number>()
      let greatest = -1
      for (const counter of counters) {
        const isNew = !seen.has(counter) && counter > greatest - REPLAY_WINDOW_PACKETS
        expect(window.accept(counter)).toBe(isNew)
        if (isNew) seen.add(counter)
        greatest = Math.max(greatest, counter)
      }
    }),
  )
})
