import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { layout } from '../../src/view/layout.ts'
import { toSvg } from '../../src/view/svg.ts'
import { COOL_INK, INK, ON_DARK, PAPER, QUIET_INK, WARNING_INK } from '../../src/view/svg-style.ts'
import { madeUpRun } from '../support/made-up-run.ts'

/** WCAG 2.2, "contrast ratio". */
function contrast(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (lighter + 0.05) / (darker + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const dark = (light: string) => ON_DARK[light] ?? 'none'

test.each([INK, WARNING_INK, COOL_INK, QUIET_INK])('text in %s can be read, on light and on dark', (ink) => {
  expect(contrast(ink, PAPER)).toBeGreaterThanOrEqual(4.5)
  expect(contrast(dark(ink), dark(PAPER))).toBeGreaterThanOrEqual(4.5)
})

test('every colour that a picture can have has one for the dark', () => {
  const sources = ['svg.ts', 'svg-style.ts', 'viewer/overview.ts'].map(
    (file) =>
      readFileSync(new URL(`../../src/view/${file}`, import.meta.url), 'utf8').split(
        'export const ON_DARK',
      )[0],
  )
  const { events } = madeUpRun().log
  const drawn = toSvg(layout(events, { pair: 'cut', connection: 'tcp-keepalive' }))
  const used = new Set([...sources, drawn].join('\n').match(/#[\da-f]{6}\b/g))
  expect(used.size).toBeGreaterThan(15)
  expect([...used].filter((colour) => !(colour in ON_DARK))).toEqual([])
})
