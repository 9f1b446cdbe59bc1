/** When to report (RFC 3550 6.2, 6.3). */
import { expect, test } from 'vitest'
import { deterministicIntervalMs, RtcpTiming } from '../../../src/protocols/rtp/rtcp-timing.ts'

const CALL = { members: 2, senders: 2, weSend: true }
const DIVISOR = Math.E - 1.5

test('two report every five seconds; a thousand share what one has, and senders have a quarter of it', () => {
  expect(deterministicIntervalMs(CALL, 110, 5000)).toBe(5000)
  // 5 % of 10,000 bytes a second: 0.5 bytes a millisecond.
  expect(deterministicIntervalMs({ members: 1000, senders: 10, weSend: true }, 110, 5000)).toBe(8800)
  expect(deterministicIntervalMs({ members: 1000, senders: 10, weSend: false }, 110, 5000)).toBe(290_400)
})

test.each([0, 0.5, 1])(
  'the first report is after half an interval, the next after a whole one; dice %d',
  (dice) => {
    const timing = new RtcpTiming(CALL, 0, () => dice)
    const factor = (0.5 + dice) / DIVISOR
    expect(timing.dueAtMs).toBeCloseTo(2500 * factor)
    expect(timing.isDue(CALL, timing.dueAtMs - 1)).toBe(false)
    const firstMs = timing.dueAtMs
    expect(timing.isDue(CALL, firstMs)).toBe(true)
    timing.reported(CALL, 110, firstMs)
    expect(timing.dueAtMs - firstMs).toBeCloseTo(5000 * factor)
    expect(timing.memberTimeoutMs(CALL)).toBe(25_000)
  },
)

test('who is due looks how many there are by now, and waits; when many leave it waits less', () => {
  const many = { members: 1000, senders: 10, weSend: false }
  const timing = new RtcpTiming(CALL, 0, () => 0.5)
  expect(timing.isDue(many, timing.dueAtMs)).toBe(false)
  const dueAtMs = 290_400 / DIVISOR
  expect(timing.dueAtMs).toBeCloseTo(dueAtMs)
  timing.left(100, 10_000)
  expect(timing.dueAtMs).toBeCloseTo(10_000 + (dueAtMs - 10_000) / 10)
})
