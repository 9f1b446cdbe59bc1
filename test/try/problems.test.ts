import { describe, expect, test } from 'vitest'
import { diesAtOnce, doNotTalk, endsTooEarly, isNotSaid, type Silence } from '../../src/try/problems.ts'

const status = (code: number) => ({ code, signal: null })

describe('a program that is of no use', () => {
  test('is not there', () => {
    const words = diesAtOnce('server', status(127), ['sh: 1: redsi: not found'], null)
    expect(words).toContain('command was not found; its last words: "sh: 1: redsi: not found"')
  })

  test('cannot be executed', () => {
    expect(diesAtOnce('client', status(126), [], [])).toContain('try chmod +x')
  })

  test('ends at once, with its last words', () => {
    const words = diesAtOnce('server', status(1), ['\u001b[31mport in use'], null)
    expect(words).toContain('the server ended with status 1 before anybody talked')
    expect(words).toContain('"\\x1b[31mport in use"')
  })

  test('of a long stack the line that names the error is its last word', () => {
    const said = ['[eval]:1', '^', '', 'Error: wrong port', '    at [eval]:1:7', '}', '', 'Node.js v20.20.2']
    expect(diesAtOnce('client', status(1), said, null)).toContain('its last words: "Error: wrong port"; ')
    expect(diesAtOnce('client', status(1), ['one', '', 'two', ''], null)).toContain('"one" / "two"; ')
  })

  test('is a client that goes elsewhere', () => {
    const places = [{ protocol: 'TCP' as const, address: '0.0.0.0:7000', port: 7000, isReachable: true }]
    const words = diesAtOnce('client', { code: null, signal: 'SIGTERM' }, [], places)
    expect(words).toContain('ended by SIGTERM')
    expect(words).toContain('the server listens on TCP 0.0.0.0:7000, at {server}')
  })

  test('ends before anything could go wrong', () => {
    expect(endsTooEarly('client', status(0), ['done'])).toContain('give a command that goes on')
  })
})

describe('programs that do not talk', () => {
  const silence: Silence = { places: [], said: [], connectWithinMs: 3000, ready: null, family: 4 }
  const hidden = { protocol: 'TCP' as const, address: '127.0.0.1:7000', port: 7000, isReachable: false }
  const open = { protocol: 'TCP' as const, address: '0.0.0.0:7000', port: 7000, isReachable: true }

  test('the server listens where nobody can reach it', () => {
    expect(doNotTalk({ ...silence, places: [hidden] })).toBe(
      "they do not talk within 3 s: the server listens on 127.0.0.1:7000, which the client's host cannot reach; have it bind {server} or 0.0.0.0",
    )
    expect(doNotTalk({ ...silence, places: [hidden], family: 6 })).toContain('have it bind {server} or ::')
  })

  test('the server listens nowhere', () => {
    expect(doNotTalk(silence)).toContain('listens on no port; give it more time with --connect-within')
  })

  test('no client has connected, and what it said', () => {
    const said = [{ name: 'client', lastLine: 'waiting' }]
    const words = doNotTalk({ ...silence, places: [hidden, open], said })
    expect(words).toContain('listens on TCP 0.0.0.0:7000, and no client has connected')
    expect(words).toContain('the client said last: "waiting"')
  })

  test('nobody printed what was waited for', () => {
    expect(doNotTalk({ ...silence, places: [open], ready: 'up' })).toContain('no program printed --ready up')
    expect(isNotSaid('--strike-after', '^go', 3000, [{ name: 'server', lastLine: 'no' }])).toBe(
      'no program printed --strike-after ^go within 3 s; the server said last: "no"; give it more time with --connect-within, or begin its command with stdbuf -oL if it keeps back what it prints',
    )
  })
})

test('what a program printed moves no cursor, hides nothing, and is cut short', () => {
  const words = diesAtOnce('client', null, ['a\u001b[2J\r\nb\u202ec', 'x'.repeat(500)], null)
  expect(words).toContain('"a\\x1b[2J\\x0d\\x0ab\\u{202e}c" / ')
  expect(words).toContain(`"${'x'.repeat(159)}\u2026"`)
})
