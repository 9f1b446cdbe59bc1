/** Formulas against what books say and against chance itself; the cord board; wrong settings. */
import { expect, test } from 'vitest'
import { conditionsOf, conditionsWith } from '../../labs/circuit/conditions.ts'
import { callsOf, conversationOf, packetsOf } from '../../labs/circuit/conversations.ts'
import {
  chanceOf,
  erlangB,
  estimateOf,
  lossBeyond,
  meanOf,
  refusals,
  replayed,
  waitMD1,
  waitsOf,
} from '../../labs/circuit/expectations.ts'
import { UsageError } from '../../src/foreign/usage.ts'

const { settings } = conditionsOf({ pace: 'quick' })

test.each([
  [1, 1, 0.5],
  [3, 2, 0.5294],
  [2, 3, 0.2105],
  [10, 10, 0.2146],
  [10, 18, 0.0071],
])('%d erlangs and %d slots: a share of %d is refused', (erlangs, slots, share) => {
  expect(erlangB(erlangs, slots)).toBeCloseTo(share, 4)
})

test.each([
  [0.4, 1 / 3],
  [0.8, 2],
])('at a load of %d a packet waits %d service times', (load, wait) => {
  expect(waitMD1(load)).toBeCloseTo(wait, 9)
})

test('beyond what a line can, the rest is lost', () => {
  expect([0.5, 1, 1.25].map(lossBeyond)).toEqual([0, 0, expect.closeTo(0.2, 9)])
})

test('calls by chance are refused as Erlang says', () => {
  const share = meanOf(refusals(callsOf(1, { erlangs: 10, count: 100_000 }), 10))
  expect(share).toBeGreaterThan(0.205)
  expect(share).toBeLessThan(0.224)
})

test('packets by chance wait as M/D/1 says', () => {
  const waits = waitsOf(packetsOf(1, { load: 0.8, serviceMs: 2, forMs: 400_000 }), 2)
  expect(meanOf(waits) / 2).toBeGreaterThan(1.8)
  expect(meanOf(waits) / 2).toBeLessThan(2.2)
})

test('a sample may be off by what others of its kind are', () => {
  const chance = chanceOf((seed) => refusals(callsOf(seed, { erlangs: 10, count: 1000 }), 10))
  // One standard deviation is 0.022 at a thousand calls.
  expect(chance / 4.5).toBeGreaterThan(0.016)
  expect(chance / 4.5).toBeLessThan(0.03)
})

test('an estimate says how exact it is, or that it cannot', () => {
  expect(estimateOf(Array(20).fill(3))).toEqual({ mean: 3, plusMinus: 0 })
  expect(estimateOf(Array.from({ length: 20 }, (_, index) => index % 2))?.plusMinus).toBeCloseTo(0.562, 3)
  expect(estimateOf([1, 2, 3])).toBe(null)
})

test('talkers speak as much as they should, and the same again', () => {
  const talk = { talkers: 200, forMs: 10_000, frameMs: 20, spurtMs: 400, silenceMs: 600 }
  const voices = conversationOf(5, talk)
  expect(voices.length / (200 * 500)).toBeGreaterThan(0.38)
  expect(voices.length / (200 * 500)).toBeLessThan(0.42)
  expect(conversationOf(5, talk)).toEqual(voices)
  expect(conversationOf(6, talk)).not.toEqual(voices)
})

test('speech that has the line for itself is neither late nor lost', () => {
  const voices = [0, 10, 20].map((atMs) => ({ atMs, line: 1 }))
  expect(replayed(voices, { serviceMs: 5, queueMax: 0 })).toEqual({ lost: 0, meanMs: 5 })
  expect(replayed(voices, { serviceMs: 25, queueMax: 0 })).toEqual({ lost: 2, meanMs: 25 })
})

test.each([
  [
    { slots: { ...settings.slots, talk: 0 } },
    'slots of talk: a trunk needs a capacity of 1 at least, not of 0',
  ],
  [{ talkers: [4, 30] }, 'talkers: 30 calls, but the exchange has ports for 16'],
  [{ talkers: [0] }, 'talkers: at least 1 talks'],
  [{ lines: 11 }, 'lines: 10 slots need 12 telephones at least, not 11'],
])('%j is refused in a line', (change, words) => {
  expect(() => conditionsWith({ ...settings, ...change })).toThrow(new UsageError(words))
})
