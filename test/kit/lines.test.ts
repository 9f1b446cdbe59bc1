import { expect, test, vi } from 'vitest'
import { Lines } from '../../src/kit/lines.ts'

const said = (...texts: string[]) => {
  const lines = new Lines()
  for (const [index, text] of texts.entries()) lines.add(text, index)
  return lines
}

test('each line is found once, in the order in which they were said', async () => {
  const lines = said('up', 'lost', 'up')
  expect(await lines.until(/up/, 0)).toEqual({ line: 'up', atMs: 0 })
  expect(await lines.until(/up/, 0)).toEqual({ line: 'up', atMs: 2 })
  expect(await lines.until(/up/, 1)).toBeNull()
})

test('what was said before the line that was found is found no more', async () => {
  const lines = said('one', 'two')
  await lines.until(/two/, 0)
  expect(await lines.until(/one/, 1)).toBeNull()
})

test('who waits is told at once, and nobody else of the same line', async () => {
  const lines = said()
  const [first, second] = [lines.until(/up/, 1000), lines.until(/up/, 1000)]
  lines.add('up 1', 5)
  lines.add('up 2', 6)
  expect(await first).toEqual({ line: 'up 1', atMs: 5 })
  expect(await second).toEqual({ line: 'up 2', atMs: 6 })
})

test('a line that came too late is for whoever asks next', async () => {
  vi.useFakeTimers()
  const lines = said()
  const inVain = lines.until(/up/, 100)
  await vi.advanceTimersByTimeAsync(100)
  expect(await inVain).toBeNull()
  lines.add('up', 200)
  expect(await lines.until(/up/, 0)).toEqual({ line: 'up', atMs: 200 })
  vi.useRealTimers()
})

test('nobody gets what was said before it was forgotten, but it was the last that was said', async () => {
  const lines = said('lost')
  lines.forget()
  expect(await lines.until(/lost/, 1)).toBeNull()
  expect(lines.last).toEqual(['lost'])
})

test('a flood keeps its newest lines', async () => {
  const lines = said(...Array.from({ length: 1100 }, (_, index) => `line ${index}`))
  expect(await lines.until(/^line 99$/, 1)).toBeNull()
  expect(await lines.until(/^line \d+$/, 0)).toEqual({ line: 'line 100', atMs: 100 })
})
