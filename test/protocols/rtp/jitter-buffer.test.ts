/** What is heard of what came, and when. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JitterBuffer, type Piece } from '../../../src/protocols/rtp/jitter-buffer.ts'

const DELAY_MS = 60
/** A packet that says which it is. */
const packet = (number: number) => new Int16Array(160).fill(number)
const said = (pieces: readonly Piece[]) =>
  pieces.map((piece) => (piece.kind === 'gap' ? `gap ${piece.samples / 160}` : piece.samples[0]))

/** Packets `[number, when it comes]`. @returns all that is heard up to the end */
function play(arrivals: readonly (readonly [number, number])[], firstTimestamp = 0, untilMs = 2000) {
  const buffer = new JitterBuffer(DELAY_MS)
  const heard: Piece[] = []
  const coming = [...arrivals]
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 1) {
    for (let [next] = coming; next !== undefined && next[1] <= nowMs; [next] = coming) {
      coming.shift()
      buffer.insert((firstTimestamp + 160 * next[0]) % 2 ** 32, packet(next[0]), nowMs)
    }
    heard.push(...buffer.due(nowMs))
  }
  return { heard: said(heard), counts: buffer.counts }
}

describe('speech', () => {
  test('waits for its turn', () => {
    const buffer = new JitterBuffer(DELAY_MS)
    buffer.insert(1000, packet(1), 100)
    expect(buffer.due(159)).toEqual([])
    expect(said(buffer.due(160))).toEqual([1])
    expect(buffer.due(1000)).toEqual([])
  })

  test('that was held up by less than the delay is heard in its place', () => {
    const { heard, counts } = play([
      [0, 0],
      [2, 40],
      [1, 75],
      [3, 76],
    ])
    expect(heard).toEqual([0, 1, 2, 3])
    expect(counts).toMatchObject({ played: 4, reordered: 1, late: 0, gaps: 0 })
  })

  test('that is too late is dropped; silence is in its place', () => {
    const { heard, counts } = play([
      [0, 0],
      [2, 40],
      [1, 100],
      [3, 110],
    ])
    expect(heard).toEqual([0, 'gap 1', 2, 3])
    expect(counts).toMatchObject({ late: 1, gaps: 1 })
  })

  test('that comes twice is heard once', () => {
    const { heard, counts } = play([
      [0, 0],
      [1, 20],
      [1, 21],
    ])
    expect(heard).toEqual([0, 1])
    expect(counts.duplicated).toBe(1)
  })

  test('goes on where timestamps begin again', () => {
    expect(
      play(
        [
          [0, 0],
          [1, 20],
          [2, 40],
          [3, 60],
        ],
        2 ** 32 - 320,
      ).heard,
    ).toEqual([0, 1, 2, 3])
  })

  test('from far off begins anew, and is no silence of hours', () => {
    const { heard, counts } = play([
      [0, 0],
      [10_000, 200],
      [10_001, 220],
    ])
    expect(heard).toEqual([0, 10_000, 10_001])
    expect(counts.gaps).toBe(0)
  })

  test('on a way that became longer is heard again after ten that were late', () => {
    const arrivals = Array.from({ length: 40 }, (_, n) => [n, 20 * n + (n < 10 ? 0 : 500)] as const)
    const { heard, counts } = play(arrivals)
    expect(counts.late).toBe(10)
    expect(heard.slice(-20)).toEqual(Array.from({ length: 20 }, (_, n) => 20 + n))
  })
})

test('more than a second does not wait: a flood is dropped, and counted', () => {
  const { counts } = play(Array.from({ length: 80 }, (_, n) => [n, 0] as const))
  expect(counts).toMatchObject({ played: 50, overflowed: 30 })
})

test('whatever comes, whenever: all of it is counted, and heard in order', () => {
  const arrivals = fc.array(fc.tuple(fc.nat(80), fc.nat(1500)), { maxLength: 150 })
  fc.assert(
    fc.property(arrivals, (some) => {
      const { heard, counts } = play(
        some.sort(([, a], [, b]) => a - b),
        0,
        4000,
      )
      const { played, duplicated, late, overflowed } = counts
      expect(played + duplicated + late + overflowed).toBe(some.length)
      expect(heard.filter((one) => typeof one === 'number')).toHaveLength(played)
    }),
    { numRuns: 50 },
  )
})
