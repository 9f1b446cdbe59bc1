/** What becomes of the pictures when somebody plays for minutes. */
import { expect, test } from 'vitest'
import { layout } from '../../src/view/layout.ts'
import type { Child } from '../../src/view/viewer/markup.ts'
import { OVERVIEW_LEFT, overviewOf } from '../../src/view/viewer/overview.ts'
import { followed } from '../../src/view/viewer/time-window.ts'
import { LogBuilder, VIEW } from './log-builder.ts'

/** At the size of 10.5 px, on average. */
const CHARACTER_PX = 5.6
const WIDTH = 900

/** Words above the strip, from left to right: where each begins and ends. */
function labelsOf(markup: Child): { from: number; to: number; words: string }[] {
  const found: { from: number; to: number; words: string }[] = []
  const walk = (node: Child) => {
    if (typeof node !== 'object') return
    const { x, 'text-anchor': anchor } = node.attributes
    if (node.tag === 'text' && Number(node.attributes.y) < 16) {
      const words = node.children.join('')
      const wide = words.length * CHARACTER_PX
      const from = Number(x) - (anchor === 'end' ? wide : 0)
      found.push({ from, to: from + wide, words })
    }
    node.children.forEach(walk)
  }
  walk(markup)
  return found.sort((one, other) => one.from - other.from)
}

test.each([1, 3, 12, 40])('%i strikes in two minutes: no name is printed over another', (strikes) => {
  const log = new LogBuilder().truth(0, 'cut-a', 'answering').truth(0, 'cut-b', 'answering')
  log.belief(10, 'cut-a', 'unknown', 'up', 'connected')
  for (let n = 0; n < strikes; n++) {
    const at = 1000 + (n * 118_000) / strikes
    const detail = { fault: 'freeze', pair: 'cut', struck: 'cut-b' }
    log.add(at, 'lab', 'fault:striking', { ...detail, promise: 'it stops' }, null)
    log.truth(at + 1, 'cut-a', 'frozen').truth(at + 400, 'cut-a', 'answering')
  }
  const labels = labelsOf(overviewOf(layout(log.watchEnds(120_000).events, VIEW), null, WIDTH))
  const names = labels.filter(({ words }) => words.includes('freeze'))
  expect(names.length).toBeGreaterThan(0)
  expect(names.length).toBeLessThanOrEqual(strikes)
  labels.forEach((label, index) => {
    expect(label.from, label.words).toBeGreaterThanOrEqual(labels[index - 1]?.to ?? OVERVIEW_LEFT)
    expect(label.to, label.words).toBeLessThanOrEqual(WIDTH)
  })
})

test('the picture follows: from before the newest strike to now, and never a tall picture of nothing', () => {
  expect(followed({ from: 0, to: 8000 }, null)).toBeNull()
  expect(followed({ from: 0, to: 30_000 }, null)).toEqual({ from: 20_000, to: 30_000 })
  expect(followed({ from: 0, to: 31_000 }, 30_000)).toEqual({ from: 28_000, to: 31_000 })
  const later = followed({ from: 0, to: 200_000 }, 30_000)
  expect(later).toMatchObject({ to: 200_000 })
  expect(200_000 - (later?.from ?? 0)).toBeLessThan(30_000)
})
