/** What lab:scale expects, by hand. */
import { describe, expect, test } from 'vitest'
import { conditionsOf } from '../../labs/scale/conditions.ts'
import {
  beatsExpected,
  detection,
  dropsExpected,
  lastIn,
  overflowsExpected,
  queueHolds,
  sameAgain,
  slope,
  typicalStep,
} from '../../labs/scale/expectations.ts'
import { scaleSvg } from '../../labs/scale/figure.ts'
import { problemOf, sourcesNeeded } from '../../labs/scale/limits.ts'

describe('memory', () => {
  const line = [0, 1000, 2000, 3000, 4000].map((held) => ({ held, bytes: 7_000_000 + 5000 * held }))

  test('a slope is what each costs, whatever there was before', () => {
    expect(slope(line)).toBeCloseTo(5000)
    expect(slope(line.slice(0, 1))).toBeNaN()
  })

  test('a typical step does not see what others have taken in one moment', () => {
    const disturbed = line.map((point, index) => ({
      ...point,
      bytes: point.bytes + (index > 2 ? 10 ** 8 : 0),
    }))
    expect(typicalStep(disturbed)).toBe(5000)
    expect(slope(disturbed)).toBeGreaterThan(10_000)
  })

  test('the second half is held against the first', () => {
    const { expected, seen } = sameAgain(line, slope)
    expect(seen).toBe(5000)
    expect(expected.min).toBeGreaterThan(0)
    const dearer = line.map(({ held, bytes }) => ({
      held,
      bytes: bytes + 4 * Math.max(0, held - 2000) * 5000,
    }))
    const { expected: before, seen: after } = sameAgain(dearer, slope)
    expect(after).toBeGreaterThan(before.max)
  })
})

test('an end hears a PING and a PONG of each peer in each interval', () => {
  expect(beatsExpected(100, 2000, 500)).toEqual({ min: 600, max: 1000 })
})

describe('the queue of a server that does not accept', () => {
  test('holds one more than its backlog', () => {
    expect(queueHolds(511)).toBe(512)
  })

  test('overflows for each that finds no room, and again where it asks in vain', () => {
    expect(overflowsExpected(500, 512)).toEqual({ min: 0, max: 0 })
    expect(overflowsExpected(1000, 512)).toEqual({ min: 488, max: 488 })
    expect(overflowsExpected(2000, 512)).toEqual({ min: 1488, max: 1488 + 976 + 464 })
  })

  test('lets the last in when its SYN was sent often enough', () => {
    expect(lastIn(512, 512)).toEqual({ minMs: 0, maxMs: 0 })
    expect(lastIn(1000, 512)).toEqual({ minMs: 1000, maxMs: 3000 })
    expect(lastIn(2000, 512)).toEqual({ minMs: 1000, maxMs: 15_000 })
  })
})

test('a buffer keeps what fits, give or take the one that goes over its edge', () => {
  expect(dropsExpected(1000, 212_992, 832)).toEqual({ min: 743, max: 744 })
  expect(dropsExpected(100, 212_992, 832)).toEqual({ min: 0, max: 0 })
})

test('who is silent was heard last up to an interval ago', () => {
  expect(detection({ intervalMs: 500, suspectAfterMs: 1000 })).toEqual({ minMs: 500, maxMs: 1000 })
})

describe('the limits of a machine', () => {
  const here = { descriptors: 20_000, ports: 28_232, availableBytes: 2 ** 31 }

  test('what fits has no problem', () => {
    expect(problemOf(19_900, here)).toBeNull()
  })

  test('descriptors, with how to have more', () => {
    const problem = problemOf(30_000, here)
    expect(problem).toContain('20000 open descriptors')
    expect(problem).toContain('19900 connections at most')
    expect(problem).toContain('ulimit -Hn 30100')
  })

  test('memory', () => {
    const problem = problemOf(100_000, { ...here, descriptors: 1_000_000 })
    expect(problem).toMatch(/2048 MB are free here: 43690 at most/)
  })

  test('ports, where all source addresses are taken', () => {
    const problem = problemOf(100_000, { ...here, descriptors: 1_000_000, ports: 100 })
    expect(problem).toContain('ip_local_port_range')
  })

  test('a source address for as many as it has ports', () => {
    expect([1, 28_232, 28_233, 60_000].map((count) => sourcesNeeded(count, here))).toEqual([1, 1, 2, 3])
    expect(sourcesNeeded(60_000, { ports: Number.POSITIVE_INFINITY })).toBe(0)
  })
})

test('more connections speak less often, so that a run stays one that two processors can do', () => {
  const { settings } = conditionsOf({ pace: 'quick', connections: 8000 })
  expect(settings.intervalsMs).toEqual([2000, 4000, 8000])
  expect(conditionsOf({ pace: 'quick', connections: null }).settings.connections).toBe(1000)
})

test('the picture says what it draws, and draws a count in steps', () => {
  const svg = scaleSvg([
    {
      title: 'Back',
      below: 'seconds',
      series: [
        {
          name: 'a<b',
          isCount: true,
          points: [
            [0, 0],
            [2, 1000],
          ],
        },
      ],
    },
  ])
  expect(svg).toContain('Back, by seconds: a&#60;b: 1000 at 2')
  expect(svg).toMatch(/M[\d.]+ [\d.]+H[\d.]+V[\d.]+/)
})
