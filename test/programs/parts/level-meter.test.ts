import { expect, test } from 'vitest'
import { drawLevel, levelDbfs } from '../../../src/programs/parts/level-meter.ts'
import { frequencyOf, toneSamples } from '../../../src/programs/parts/tone.ts'

test('a level is the root of the mean square below full scale, drawn as a bar', () => {
  expect(levelDbfs(new Int16Array(160))).toBe(-Infinity)
  expect(levelDbfs(new Int16Array(160).fill(-32_768))).toBe(0)
  expect(levelDbfs(new Int16Array(160).fill(3277))).toBeCloseTo(-20, 1)
  expect(levelDbfs(toneSamples(0, 8000))).toBeCloseTo(-15.05, 1)
  expect(drawLevel(-Infinity)).toBe(`[${'-'.repeat(30)}] silence`)
  expect(drawLevel(-20)).toBe(`[${'#'.repeat(20)}${'-'.repeat(10)}] -20 dBFS`)
  expect(drawLevel(0)).toBe(`[${'#'.repeat(30)}]   0 dBFS`)
})

test.each([123, 440, 441.5, 1004, 3399])('a tone of %d Hz is measured to one', (hz) => {
  const sine = Int16Array.from({ length: 1600 }, (_, at) => 5000 * Math.sin((2 * Math.PI * hz * at) / 8000))
  expect(Math.abs((frequencyOf(sine) ?? 0) - hz)).toBeLessThan(1)
})

test('no tone is found in silence, in noise, in too little of one', () => {
  expect(frequencyOf(new Int16Array(1600))).toBe(null)
  expect(frequencyOf(toneSamples(0, 799))).toBe(null)
  let seed = 1
  const noise = Int16Array.from({ length: 1600 }, () => {
    seed = (seed * 48_271) % 2_147_483_647
    return (seed % 20_000) - 10_000
  })
  expect(frequencyOf(noise)).toBe(null)
})
