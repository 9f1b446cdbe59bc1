import { describe, expect, test } from 'vitest'
import { Backoff, boundMs } from '../../../src/protocols/reconnect/backoff.ts'

const limits = { baseMs: 200, capMs: 1000, jitter: 'full', steadyAfterMs: 500 } as const

describe('boundMs()', () => {
  test('doubles up to the cap, and stays there', () => {
    expect([0, 1, 2, 3, 4, 1e9].map((attempt) => boundMs(limits, attempt))).toEqual([
      200, 400, 800, 1000, 1000, 1000,
    ])
  })
})

describe('Backoff', () => {
  test('with full jitter draws from 0 up to the bound', () => {
    const draws = [0, 0.5, 0.999, 0.25]
    const backoff = new Backoff(limits, () => draws.shift() ?? 0)
    expect([1, 2, 3, 4].map(() => backoff.next())).toEqual([
      { attempt: 0, delayMs: 0 },
      { attempt: 1, delayMs: 200 },
      { attempt: 2, delayMs: 799 },
      { attempt: 3, delayMs: 250 },
    ])
  })

  test('without jitter waits for the bound itself, whatever chance says', () => {
    const backoff = new Backoff({ ...limits, jitter: 'none' }, () => 0.1)
    expect([1, 2, 3, 4].map(() => backoff.next().delayMs)).toEqual([200, 400, 800, 1000])
  })

  test('begins again only after a connection that lasted', () => {
    const backoff = new Backoff({ ...limits, jitter: 'none' }, () => 0)
    backoff.next()
    backoff.lasted(499)
    expect(backoff.next()).toEqual({ attempt: 1, delayMs: 400 })
    backoff.lasted(500)
    expect(backoff.next()).toEqual({ attempt: 0, delayMs: 200 })
  })

  test('refuses limits under which nobody would wait', () => {
    expect(() => new Backoff({ ...limits, baseMs: 0 }, Math.random)).toThrow(/0 < base <= cap, is 0 and 1000/)
    expect(() => new Backoff({ ...limits, capMs: 100 }, Math.random)).toThrow(RangeError)
    expect(() => new Backoff({ ...limits, baseMs: Number.NaN }, Math.random)).toThrow(RangeError)
  })
})
