import { expect, test } from 'vitest'
import { type Check, skip } from '../../src/lab/checks.ts'
import type { Report } from '../../src/lab/report.ts'
import { toJUnit } from '../../src/view/export/junit.ts'

const check = (verdict: Check['verdict'], more: Partial<Check> = {}): Check => ({
  id: 'cut/redis/detected-client',
  claim: 'the client notices',
  formula: 'cut<10s',
  expected: { min: 0, max: 10_000, unit: 'ms' },
  observed: { value: null, watchedMs: 30_000 },
  verdict,
  because: 'nothing came',
  source: '',
  evidence: [],
  ...more,
})

const report = (checks: Check[]) =>
  ({ lab: 'try', run: 'r-1', durationMs: 1500, startedAt: '2026-11-24T12:00:00.123Z', checks }) as Report
const suite = (checks: Check[]) => toJUnit([{ name: 'stillhere try', report: report(checks) }])

test('a case for each check, what was unclear as an error', () => {
  const skipped = skip('blip/redis/observed', 'what happens', 'no cable')
  expect(suite([check('pass'), check('fail'), check('inconclusive'), skipped])).toBe(
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
<testsuite name="stillhere try" tests="4" failures="1" errors="1" skipped="1" time="1.500" timestamp="2026-11-24T12:00:00" id="r-1">
<testcase classname="try.redis.cut" name="cut: cut&#60;10s"/>
<testcase classname="try.redis.cut" name="cut: cut&#60;10s"><failure message="the client notices: expected 0 .. 10000 ms, observed nothing, for 30000 ms: nothing came"/></testcase>
<testcase classname="try.redis.cut" name="cut: cut&#60;10s"><error message="the client notices: expected 0 .. 10000 ms, observed nothing, for 30000 ms: nothing came"/></testcase>
<testcase classname="try.redis.blip" name="what happens"><skipped message="no cable"/></testcase>
</testsuite>
</testsuites>
`,
  )
})

test('what XML has no character for is written as its number, the rest escaped', () => {
  const xml = suite([check('fail', { because: 'a"<b>&\u0000\u001b\n\ud800c' })])
  expect(xml).toContain('a&#34;&#60;b&#62;&#38;\\x00\\x1b&#10;\\u{d800}c')
})

test('several runs are as many suites', () => {
  const suites = ['old', 'new'].map((name) => ({ name, report: report([check('pass')]) }))
  const names = [...toJUnit(suites).matchAll(/<testsuite name="([^"]*)"/g)].map(([, name]) => name)
  expect(names).toEqual(['old', 'new'])
})
