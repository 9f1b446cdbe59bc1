import { expect, test } from 'vitest'
import {
  LineOrder,
  NUMBERED_LINE_BYTES,
  numberedLines,
} from '../../../src/programs/scripts/tcp/numbered-lines.ts'

test.each([1, 7, NUMBERED_LINE_BYTES, 1000])('in pieces of %d bytes every line is in its place', (bytes) => {
  const [lines, order] = [numberedLines(30), new LineOrder()]
  let misplaced = 0
  for (let at = 0; at < lines.length; at += bytes) misplaced += order.take(lines.subarray(at, at + bytes))
  expect(misplaced).toBe(0)
})

test('two lines that have changed places are seen, and so is one that is no number', () => {
  const lines = numberedLines(5)
  const line = (index: number) =>
    lines.subarray(index * NUMBERED_LINE_BYTES, (index + 1) * NUMBERED_LINE_BYTES)
  expect(new LineOrder().take(Buffer.concat([line(0), line(2), line(1), line(3)]))).toBe(3)
  expect(new LineOrder().take(Buffer.alloc(NUMBERED_LINE_BYTES, 'x'))).toBe(1)
})
