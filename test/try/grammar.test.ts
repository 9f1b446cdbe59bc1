import { describe, expect, test } from 'vitest'
import { parseCue, parseFault, parseLink, parseRule } from '../../src/try/grammar.ts'

test.each([
  ['cut', { fault: 'cut' }],
  ['cut=10s', { fault: 'cut', lastsMs: 10_000 }],
  ['nat-forgets', { fault: 'nat-forgets' }],
  ['nat-forgets=2m', { fault: 'nat-forgets', router: { idleSeconds: 120, kind: null } }],
  ['nat-forgets=30s/silent', { fault: 'nat-forgets', router: { idleSeconds: 30, kind: 'silent' } }],
  ['lb-forgets', { fault: 'lb-forgets' }],
  ['lb-forgets=1.5s', { fault: 'lb-forgets', balancer: { idleMs: 1500, farewell: 'close' } }],
  [
    'lb-forgets=2m/reset-client',
    { fault: 'lb-forgets', balancer: { idleMs: 120_000, farewell: 'reset-client' } },
  ],
  ['after-bytes=100', { fault: 'after-bytes', bytes: 100 }],
])('%s is a fault', (text, expected) => {
  expect(parseFault(text)).toEqual({ lastsMs: null, router: null, balancer: null, bytes: null, ...expected })
})

test.each([
  ['delay=50ms,loss=1%', { delayMs: 50, loss: 0.01 }],
  ['loss=2.5%', { delayMs: 0, loss: 0.025 }],
  ['delay=1.5s', { delayMs: 1500, loss: 0 }],
])('%s is a link', (text, expected) => {
  expect(parseLink(text)).toEqual({ link: expected, isTunnel: false })
  expect(parseLink(`wireguard,${text}`)).toEqual({ link: expected, isTunnel: true })
})

test('wireguard alone is a tunnel over a way that takes no time and loses nothing', () => {
  expect(parseLink('wireguard')).toEqual({ link: null, isTunnel: true })
})

describe('a rule', () => {
  test.each([
    ['cut<10s', { fault: 'cut', kind: 'notices', who: 'all', level: null, withinMs: 10_000 }],
    ['cut@server < 500ms', { fault: 'cut', kind: 'notices', who: 'server', level: null, withinMs: 500 }],
    ['cut@client2<1s', { fault: 'cut', kind: 'notices', who: 'client2', level: null, withinMs: 1000 }],
    ['cut@any<1s', { fault: 'cut', kind: 'notices', who: 'any', level: null, withinMs: 1000 }],
    ['cut:loses<1s', { fault: 'cut', kind: 'notices', who: 'all', level: 'loses', withinMs: 1000 }],
    [
      'freeze@client:says<20s',
      { fault: 'freeze', kind: 'notices', who: 'client', level: 'says', withinMs: 20_000 },
    ],
    ['freeze:ends<20s', { fault: 'freeze', kind: 'notices', who: 'all', level: 'ends', withinMs: 20_000 }],
    ['freeze@client:unnoticed', { fault: 'freeze', kind: 'unnoticed', who: 'client' }],
    ['power-off:unnoticed', { fault: 'power-off', kind: 'unnoticed', who: 'all' }],
    ['blip:survives', { fault: 'blip', kind: 'survives' }],
    ['reboot@client2:recovers<1.5m', { fault: 'reboot', kind: 'recovers', who: 'client2', withinMs: 90_000 }],
  ])('%s', (text, expected) => {
    expect(parseRule(text)).toEqual({ text, ...expected })
  })

  test.each([
    ['cut', 'it looks like cut<10s'],
    ['', 'it looks like cut<10s'],
    ['cut<10', '"10" is no time'],
    ['cut<ten seconds', '"tenseconds" is no time'],
    ['cut:recovers<', '"" is no time'],
    ['cut:recovers', 'needs a time: cut:recovers<10s'],
    ['blip:survives<3s', '"survives" has no time'],
    ['meteor<10s', 'no fault "meteor"; expected one of none, exit'],
    ['frezee<10s', 'did you mean "freeze"?'],
    ['cut@router<10s', 'nobody is called "router"; try server, client, client2, all or any'],
    ['cut@client21<10s', 'nobody is called "client21"'],
    ['cut:say<10s', 'no word "say"; did you mean "says"?'],
    ['blip@client:survives', 'leave "@client" out'],
    ['cut:recovers<1h', '"1h" is no time'],
    ['constructor<1s', 'no fault'],
  ])('%s is none, and it says why', (text, problem) => {
    expect(() => parseRule(text)).toThrow(problem)
  })
})

test.each([
  ['sent', 'sent', 0],
  ['sent+200ms', 'sent', 200],
  ['[0-9]+ sent+1.5s', '[0-9]+ sent', 1500],
  ['1\\+1s', '1\\+1s', 0],
  ['a+', 'a+', 0],
])('%s: after a line %s', (text, pattern, waitMs) => {
  expect(parseCue(text)).toEqual({ pattern, waitMs })
})
