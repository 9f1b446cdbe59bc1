import { expect, test } from 'vitest'
import { jiffyMs, timerLatenessMs } from '../../src/kernel/jiffies.ts'
import { libcProblem } from '../../src/kernel/libc.ts'
import { testNeeding } from '../support/needs.ts'

// The table in the head comment of kernel/time/timer.c for HZ 250.
test.each([
  { delayMs: 204, latenessMs: 4 },
  { delayMs: 251, latenessMs: 4 },
  { delayMs: 252, latenessMs: 32 },
  { delayMs: 2015, latenessMs: 32 },
  { delayMs: 2016, latenessMs: 256 },
  { delayMs: 16_127, latenessMs: 256 },
  { delayMs: 16_128, latenessMs: 2048 },
])('a timer of $delayMs ms is late by up to $latenessMs ms', ({ delayMs, latenessMs }) => {
  expect(timerLatenessMs(delayMs, 4)).toBe(latenessMs)
})

testNeeding('koffi on Linux', libcProblem() === null)(`a jiffy is one of CONFIG_HZ's choices`, () => {
  const hertz = Math.round(1000 / (jiffyMs() ?? 0))
  expect([100, 128, 250, 256, 300, 1000, 1024]).toContain(hertz)
})
