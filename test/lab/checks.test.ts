import { expect, test } from 'vitest'
import { type Claim, judge, overall, skip } from '../../src/lab/checks.ts'

const claim: Claim = {
  id: 'cut/tcp-keepalive/detected',
  claim: 'it is down in time',
  formula: 'idle + n x interval',
  expected: { min: 3000, max: 5300, unit: 'ms' },
  observed: { value: 4100, unit: 'ms' },
  because: 'etimedout',
  source: 'RFC 9293 3.8.4',
  evidence: [],
}

test.each([
  [3000, 'pass'],
  [5300, 'pass'],
  [2999, 'fail'],
  [5301, 'fail'],
  [null, 'fail'],
  ['fin after 4100 ms', 'fail'],
])('observed %j in 3000..5300 ms: %s', (value, verdict) => {
  expect(judge({ ...claim, observed: { value } }, 0).verdict).toBe(verdict)
})

test('nothing is an observation: expected nothing fails when something happened', () => {
  const quiet: Claim = { ...claim, expected: { value: null }, observed: { value: null, watchedMs: 12_000 } }
  expect(judge(quiet, 0).verdict).toBe('pass')
  expect(judge({ ...quiet, observed: { value: 3 } }, 0).verdict).toBe('fail')
})

test('a late control timer excuses a failure, says so, and never touches a pass', () => {
  const failed = { ...claim, observed: { value: 9000 } }
  expect(judge(failed, 100).verdict).toBe('fail')
  expect(judge(failed, 101)).toMatchObject({
    verdict: 'inconclusive',
    because: expect.stringContaining('101 ms late'),
  })
  expect(judge(claim, 5000).verdict).toBe('pass')
})

test('the verdict of all is the worst, and skipped counts for nothing', () => {
  const pass = judge(claim, 0)
  const fail = judge({ ...claim, observed: { value: 0 } }, 0)
  const unsure = judge({ ...claim, observed: { value: 0 } }, 500)
  const skipped = skip('x/y/z', 'claim', 'why')
  expect(overall([pass, skipped])).toBe('pass')
  expect(overall([pass, unsure])).toBe('inconclusive')
  expect(overall([unsure, fail])).toBe('fail')
  expect(overall([skipped])).toBe('skipped')
})
