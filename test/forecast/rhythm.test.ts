import { expect, test } from 'vitest'
import { rhythmOf, rhythmWords, type Sample } from '../../src/forecast/rhythm.ts'

/** A look each second; `sent` and `received` are bytes in that second. */
function watched(seconds: number, of: (second: number) => { sent?: number; received?: number }): Sample[] {
  const data = { segmentsOut: 7, bytesOut: 700, segmentsIn: 9, bytesIn: 900 }
  return Array.from({ length: seconds + 1 }, (_, second) => {
    const { sent = 0, received = 0 } = second === 0 ? {} : of(second)
    data.segmentsOut += sent > 0 ? 1 : 0
    data.bytesOut += sent
    data.segmentsIn += received > 0 ? 1 : 0
    data.bytesIn += received
    return { atMs: second * 1000, data: { ...data } }
  })
}
const words = (samples: Sample[]) => rhythmWords(rhythmOf(samples), (samples.length - 1) * 1000)

test.each([
  [
    'a heartbeat',
    (s: number) => (s % 10 === 0 ? { sent: 2, received: 2 } : {}),
    'sends 2 bytes every 10 s, answered',
  ],
  [
    'one that nobody answers',
    (s: number) => (s % 10 === 0 ? { sent: 2 } : {}),
    'sends 2 bytes every 10 s, not answered',
  ],
  [
    "the peer's",
    (s: number) => (s % 6 === 0 ? { received: 1 } : s % 6 === 1 && s > 1 ? { sent: 1 } : {}),
    'receives 1 byte every 6 s, answered',
  ],
  [
    'work',
    (s: number) => ([3, 4, 17, 40].includes(s) ? { sent: s, received: 5 } : {}),
    'sends data 4 times in 1 min, answered',
  ],
  ['silence', () => ({}), 'none seen in 1 min: nobody sent anything'],
])('%s', (_, of, expected) => {
  expect(words(watched(60, of))).toBe(expected)
})

test('data at each look is no rhythm: it may be a stream', () => {
  expect(rhythmOf(watched(60, () => ({ sent: 100 }))).everyMs).toBeNull()
})

test('two times are no rhythm yet', () => {
  expect(words(watched(30, (s) => (s % 12 === 0 ? { sent: 2, received: 2 } : {})))).toBe(
    'sends 2 bytes 2 times in 30 s, answered',
  )
})
