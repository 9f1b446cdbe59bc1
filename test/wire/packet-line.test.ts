/** A queue before a line, without packets; and what a long row of numbers says of its mean. */
import { expect, test } from 'vitest'
import { BATCHES, batchMeans } from '../../src/wire/batches.ts'
import { PacketLine } from '../../src/wire/packet-line.ts'

test('a packet alone waits for nobody, and passes after its service time', () => {
  const line = new PacketLine<string>({ serviceMs: 2, queueMax: 1 })
  expect(line.nextDueMs).toBe(null)
  expect(line.enter('one', 10)).toBe(0)
  expect(line.nextDueMs).toBe(12)
  expect(line.due(11.9)).toEqual([])
  expect(line.due(12)).toEqual(['one'])
  expect(line.nextDueMs).toBe(null)
})

test('others wait their turn; whoever finds the queue full is gone', () => {
  const line = new PacketLine<string>({ serviceMs: 2, queueMax: 1 })
  expect(['one', 'two', 'three'].map((item) => line.enter(item, 0))).toEqual([0, 2, null])
  // The first has passed, whether or not somebody asked for it.
  expect(line.enter('four', 2)).toBe(2)
  expect(line.due(100)).toEqual(['one', 'two', 'four'])
})

test('an idle line saves nothing up', () => {
  const line = new PacketLine<string>({ serviceMs: 2, queueMax: 5 })
  line.enter('one', 0)
  expect(line.enter('two', 50)).toBe(0)
  expect(line.enter('three', 51)).toBe(1)
})

test.each([
  [{ serviceMs: 0, queueMax: 1 }, 'a packet takes more than 0 ms'],
  [{ serviceMs: 1, queueMax: -1 }, 'a queue has 0 places or more, not -1'],
])('%j is refused in a line', (settings, words) => {
  expect(() => new PacketLine(settings)).toThrow(new RangeError(words))
})

test('the beginning of a row is left out, the rest is cut in equal parts', () => {
  const row = Array.from({ length: 1000 }, (_, index) => (index < 100 ? 1e6 : index % 45))
  const means = batchMeans(row)
  expect(means).toHaveLength(BATCHES)
  expect(new Set(means)).toEqual(new Set([22]))
  expect(batchMeans([1, 2, 3])).toEqual([])
})
