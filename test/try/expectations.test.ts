import { describe, expect, test } from 'vitest'
import { parseExpectation, parseTime } from '../../src/try/expectations.ts'

describe('an expectation', () => {
  test.each([
    ['cut<10s', { fault: 'cut', kind: 'notices', end: null, withinMs: 10_000 }],
    ['cut@server < 500ms', { fault: 'cut', kind: 'notices', end: 'server', withinMs: 500 }],
    ['freeze@client:unnoticed', { fault: 'freeze', kind: 'unnoticed', end: 'client' }],
    ['power-off:unnoticed', { fault: 'power-off', kind: 'unnoticed', end: null }],
    ['blip:survives', { fault: 'blip', kind: 'survives' }],
    ['reboot:recovers<1.5m', { fault: 'reboot', kind: 'recovers', withinMs: 90_000 }],
  ])('%s', (text, expected) => {
    expect(parseExpectation(text)).toEqual({ text, ...expected })
  })

  test.each([
    ['cut', 'it looks like cut<10s'],
    ['', 'it looks like cut<10s'],
    ['cut<10', '"10" is no time'],
    ['cut<ten seconds', '"tenseconds" is no time'],
    ['cut:recovers<', 'no expectation'],
    ['meteor<10s', 'no fault "meteor"; there are exit, kill'],
    ['cut@router<10s', 'no end "router"'],
    ['blip@client:survives', 'leave "@client" out'],
    ['cut:recovers<1h', '"1h" is no time'],
    ['constructor<1s', 'no fault'],
  ])('%s is none, and it says why', (text, problem) => {
    expect(() => parseExpectation(text)).toThrow(problem)
  })
})

test('a time needs its unit', () => {
  expect(['500ms', '10s', '2m', '0.5s'].map(parseTime)).toEqual([500, 10_000, 120_000, 500])
  expect(['10', 's', '-1s', '1e3s', ' 1s', '1 s'].map(parseTime)).toEqual([
    null,
    null,
    null,
    null,
    null,
    null,
  ])
})
