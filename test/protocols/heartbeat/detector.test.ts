import { describe, expect, test } from 'vitest'
import { Detector, type DetectorState, transitions } from '../../../src/protocols/heartbeat/detector.ts'

const timing = { suspectAfterMs: 1500, downAfterMs: 3500 }

/** A detector made at 0 and silent up to `state`. */
function detectorIn(state: DetectorState): Detector {
  const detector = new Detector(timing, 0)
  if (state !== 'up') detector.due(1500)
  if (state === 'down') detector.due(3500)
  return detector
}

describe('transitions', () => {
  test('has exactly these four', () => {
    const all = Object.entries(transitions).flatMap(([old, inputs]) =>
      Object.entries(inputs).map(([input, target]) => `${old} ${input} ${target.new} ${target.trigger}`),
    )
    expect(all).toEqual([
      'up suspect_deadline suspect heartbeat_missed',
      'suspect heard up heartbeat_late',
      'suspect down_deadline down heartbeat_missed',
      'down heard up heartbeat_late',
    ])
  })
})

describe('Detector.due', () => {
  test.each<[DetectorState, number, DetectorState | undefined]>([
    ['up', 1499.999, undefined],
    ['up', 1500, 'suspect'],
    ['suspect', 3499.999, undefined],
    ['suspect', 3500, 'down'],
    ['down', 1e12, undefined],
  ])('in %s at %d ms makes %s', (state, nowMs, expected) => {
    expect(detectorIn(state).due(nowMs)?.new).toBe(expected)
  })

  test('says why and for how long', () => {
    expect(new Detector(timing, 100).due(1700)).toEqual({
      old: 'up',
      new: 'suspect',
      trigger: 'heartbeat_missed',
      silentMs: 1600,
    })
  })

  test('makes one transition a call, even when both deadlines have passed', () => {
    const detector = new Detector(timing, 0)
    expect(detector.due(9000)?.new).toBe('suspect')
    expect(detector.dueAtMs).toBeLessThan(9000)
    expect(detector.due(9000)?.new).toBe('down')
    expect(detector.dueAtMs).toBe(Infinity)
  })
})

describe('Detector.heard', () => {
  test('in up changes nothing and moves the deadline', () => {
    const detector = new Detector(timing, 0)
    expect(detector.heard(1000)).toBeUndefined()
    expect(detector.dueAtMs).toBe(2500)
    expect(detector.due(2499)).toBeUndefined()
  })

  test.each<DetectorState>(['suspect', 'down'])('in %s makes up, and the silence begins anew', (state) => {
    const detector = detectorIn(state)
    expect(detector.heard(5000)).toEqual({
      old: state,
      new: 'up',
      trigger: 'heartbeat_late',
      silentMs: 5000,
    })
    expect(detector.dueAtMs).toBe(6500)
  })
})

describe('Detector.paused', () => {
  test.each<[DetectorState, number]>([
    ['up', 1500 + 10_000],
    ['suspect', 3500 + 10_000],
    ['down', Infinity],
  ])('in %s moves the deadline later by the pause, to %d', (state, dueAtMs) => {
    const detector = detectorIn(state)
    detector.paused(10_000, 20_000)
    expect(detector.dueAtMs).toBe(dueAtMs)
  })

  test('does not count the pause as silence', () => {
    const detector = new Detector(timing, 0)
    detector.paused(60_000, 60_900)
    expect(detector.due(60_900)).toBeUndefined()
    expect(detector.due(61_500)?.silentMs).toBe(1500)
  })

  test('told after the peer was heard again never delays a later suspicion', () => {
    const detector = new Detector(timing, 0)
    detector.heard(10_000)
    detector.paused(9900, 10_001)
    expect(detector.dueAtMs).toBe(11_501)
  })
})
