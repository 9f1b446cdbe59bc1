/** What chance allows a detector, held against heartbeats that are made up by chance. */
import { describe, expect, test } from 'vitest'
import { limitsSvg } from '../../labs/late/figure.ts'
import type { MeasuredLimit } from '../../labs/late/measured.ts'
import {
  beyond,
  binomialRange,
  detection,
  distanceBound,
  distanceFromEven,
  mistakesRange,
  type Traffic,
} from '../../labs/late/theory.ts'
import { randomFrom } from '../../src/lab/random.ts'
import { Detector } from '../../src/protocols/heartbeat/detector.ts'

const MANY = 200_000
const CASES: [limitMs: number, traffic: Traffic][] = [
  [120, { intervalMs: 100, jitterMs: 100, loss: 0 }],
  [180, { intervalMs: 100, jitterMs: 100, loss: 0 }],
  [80, { intervalMs: 100, jitterMs: 60, loss: 0 }],
  [120, { intervalMs: 100, jitterMs: 100, loss: 0.1 }],
  [250, { intervalMs: 100, jitterMs: 100, loss: 0.1 }],
  [400, { intervalMs: 100, jitterMs: 50, loss: 0.3 }],
]

/** The silences between the heartbeats that arrive. */
function silences({ intervalMs, jitterMs, loss }: Traffic, random: () => number): number[] {
  const arrivals: number[] = []
  for (let number = 0; number < MANY; number++) {
    const delayMs = random() * jitterMs
    if (random() >= loss) arrivals.push(number * intervalMs + delayMs)
  }
  return arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? at))
}

describe('a silence longer than the limit', () => {
  test.each(CASES)('%i ms: as often and for as long as drawn by chance', (limitMs, traffic) => {
    const all = silences(traffic, randomFrom(limitMs))
    const excess = all.filter((silence) => silence > limitMs).map((silence) => silence - limitMs)
    const { probability, meanMs, deviationMs } = beyond(limitMs, traffic)
    const meanOf = (numbers: number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length
    // Four standard deviations, and a little for neighbours that share a delay.
    expect(Math.abs(excess.length / all.length - probability)).toBeLessThan(
      6 * Math.sqrt(probability / all.length),
    )
    expect(Math.abs(meanOf(excess) - meanMs)).toBeLessThan((6 * deviationMs) / Math.sqrt(excess.length))
    const variance = meanOf(excess.map((one) => (one - meanMs) ** 2))
    expect(Math.sqrt(variance) / deviationMs).toBeCloseTo(1, 1)
  })

  test('never beyond interval + jitter where nothing is lost', () => {
    const traffic = { intervalMs: 100, jitterMs: 100, loss: 0 }
    expect(beyond(200, traffic).probability).toBe(0)
    expect(beyond(199, traffic).probability).toBeGreaterThan(0)
    expect(beyond(0, traffic)).toMatchObject({ probability: 1, meanMs: 100 })
    expect(beyond(100, { intervalMs: 101, jitterMs: 0, loss: 0 })).toMatchObject({
      probability: 1,
      meanMs: 1,
    })
  })

  test('is what the detector of the programs makes a suspicion of', () => {
    const limitMs = 150
    const all = silences({ intervalMs: 100, jitterMs: 100, loss: 0.1 }, randomFrom(5)).slice(0, 2000)
    let nowMs = 0
    let suspicions = 0
    const detector = new Detector({ suspectAfterMs: limitMs, downAfterMs: 10 * limitMs }, nowMs)
    for (const silence of all) {
      nowMs += silence
      if (detector.due(nowMs) !== undefined) suspicions += 1
      detector.heard(nowMs)
    }
    expect(suspicions).toBe(all.filter((silence) => silence >= limitMs).length)
  })
})

describe('what chance allows', () => {
  test('the binomial distribution: less than the chance at either end, and no wider', () => {
    const { min, max } = binomialRange(100, 0.3, 0.01)
    // P(X < 20) = 0.0089, P(X <= 20) = 0.0165; P(X > 41) = 0.0072, P(X > 40) = 0.0125.
    expect([min, max]).toEqual([20, 41])
    expect(binomialRange(50, 0, 0.01)).toEqual({ min: 0, max: 0 })
    expect(binomialRange(50, 1, 0.01)).toEqual({ min: 50, max: 50 })
  })

  test('series of heartbeats stay within it, though neighbours share a delay', () => {
    const traffic = { intervalMs: 100, jitterMs: 100, loss: 0 }
    const all = silences(traffic, randomFrom(9))
    const probability = beyond(120, traffic).probability
    const { min, max } = mistakesRange(200, { min: probability, max: probability }, 1e-3)
    let outside = 0
    for (let from = 0; from + 200 <= all.length; from += 200) {
      const count = all.slice(from, from + 200).filter((silence) => silence > 120).length
      if (count < min || count > max) outside += 1
    }
    expect(outside / (all.length / 200)).toBeLessThanOrEqual(2e-3)
    // It can fail: no jitter at all, or half as much again, is outside.
    expect(min).toBeGreaterThan(0)
    expect(max).toBeLessThan(200 * beyond(120, { ...traffic, jitterMs: 400 }).probability + 40)
  })

  test('even delays are near the even distribution, others are not', () => {
    const random = randomFrom(3)
    const even = Array.from({ length: 200 }, () => 100 * random())
    const bound = distanceBound(200, 1e-5)
    expect(distanceFromEven(even, 100)).toBeLessThan(bound)
    expect(
      distanceFromEven(
        even.map((delay) => delay / 2),
        100,
      ),
    ).toBeGreaterThan(bound)
    expect(distanceFromEven([0, 0, 0], 100)).toBe(1)
  })

  test('a crash at any phase, with any delay', () => {
    const random = randomFrom(4)
    const traffic = { intervalMs: 100, jitterMs: 60, loss: 0 }
    // The last heartbeat was sent a part of an interval before.
    const times = Array.from({ length: 20_000 }, () => 250 + 60 * random() - 100 * random())
    const { minMs, maxMs, meanMs, deviationMs } = detection(250, traffic)
    const mean = times.reduce((sum, one) => sum + one, 0) / times.length
    expect(Math.min(...times)).toBeGreaterThanOrEqual(minMs)
    expect(Math.max(...times)).toBeLessThanOrEqual(maxMs)
    expect(Math.abs(mean - meanMs)).toBeLessThan((5 * deviationMs) / Math.sqrt(times.length))
  })
})

describe('the figure', () => {
  const traffic = { intervalMs: 100, jitterMs: 100, loss: 0.1 }
  const wrong = { traffic, count: 3, watchedMs: 19_000, recurrenceMs: 5000, durationMs: 17 }
  const theory = { recurrenceMs: 4800, durationMs: 16 }
  const limits: MeasuredLimit[] = [
    {
      limitMs: 150,
      crash: {
        traffic,
        timesMs: [100, 140],
        meanMs: 120,
        worstMs: 140,
        theoryMs: 150,
      },
      jitter: { ...wrong, theory },
      lossy: { ...wrong, recurrenceMs: null, durationMs: null, count: 0, theory },
    },
  ]

  test('says in words what it draws, and is the same for the same run', () => {
    const svg = limitsSvg(limits)
    expect(svg).toBe(limitsSvg(limits))
    expect(svg).toMatch(/<title id="limits-title">[^<]+<\/title>/)
    expect(/<desc id="limits-desc">([^<]+)<\/desc>/.exec(svg)?.[1]).toContain(
      'Limit 150 ms; a crash is suspected after 120 ms on average (chance: 150 ms), at most 140 ms; without loss: 3 wrong suspicions, one in 5.00 s (chance: 4.80 s), each for 17 ms (chance: 16 ms)',
    )
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('draws what was measured, and only that', () => {
    const marks = (svg: string) => (svg.match(/r="5"/g) ?? []).length
    const without = [{ limitMs: 150, crash: limits[0]?.crash ?? null, jitter: null, lossy: null }]
    // One in the legend, one in each of two panels.
    expect(marks(limitsSvg(limits))).toBe(3)
    expect(marks(limitsSvg(without))).toBe(1)
    expect(limitsSvg(without)).not.toMatch(/NaN|undefined|Infinity/)
  })
})
