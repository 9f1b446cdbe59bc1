import { describe, expect, test } from 'vitest'
import { SESSION_ID_BYTES } from '../../../src/protocols/http-session/constants.ts'
import {
  isSessionId,
  keptUntilMs,
  listWith,
  livingIn,
  sessionDigest,
  sessionIdOf,
  sessionKeyOf,
  stateOf,
  used,
} from '../../../src/protocols/http-session/session.ts'

const limits = { idleMs: 1000, absoluteMs: 10_000, perUserMax: 3 }
const record = { user: 'alice', signedInAtMs: 50_000, usedAtMs: 52_000 }

describe('an id', () => {
  test('is 128 bits, all of which count', () => {
    expect(SESSION_ID_BYTES * 8).toBe(128)
    const zero = sessionIdOf(new Uint8Array(16))
    expect(isSessionId(zero)).toBe(true)
    for (let byte = 0; byte < 16; byte += 1)
      expect(sessionIdOf(new Uint8Array(16).fill(1, byte, byte + 1))).not.toBe(zero)
    expect(() => sessionIdOf(new Uint8Array(15))).toThrow(RangeError)
  })

  test.each([
    '',
    'a'.repeat(31),
    'a'.repeat(33),
    'A'.repeat(32),
    `${'a'.repeat(31)}\n`,
    'g'.repeat(32),
    'ä'.repeat(32),
  ])('%j is none', (text) => expect(isSessionId(text)).toBe(false))

  test('does not occur in what is kept or logged', () => {
    const id = sessionIdOf(new Uint8Array(16).fill(7))
    expect(sessionKeyOf(id)).toMatch(/^[\da-f]{64}$/)
    expect(sessionKeyOf(id)).not.toContain(id.slice(0, 8))
    expect(sessionDigest(id)).toBe(sessionKeyOf(id).slice(0, 8))
  })
})

describe('a session', () => {
  test.each([
    [52_000, 'live'],
    [52_999, 'live'],
    [53_000, 'idle-expired'],
    [59_999, 'idle-expired'],
    [60_000, 'expired'],
    // A clock set back ends nothing.
    [10_000, 'live'],
  ] as const)('at %i is %s', (nowMs, state) => {
    expect(stateOf(record, limits, nowMs)).toBe(state)
  })

  test('that is kept busy still ends', () => {
    let busy = record
    for (let nowMs = 50_000; nowMs < 59_900; nowMs += 100) {
      expect(stateOf(busy, limits, nowMs)).toBe('live')
      busy = used(busy, limits, nowMs) ?? busy
    }
    expect(stateOf(busy, limits, 60_000)).toBe('expired')
  })

  test('is unknown without a record', () => {
    expect(stateOf(undefined, limits, 0)).toBe('unknown')
  })

  test('is written down as used now and then, never so seldom that it ends by it', () => {
    expect(used(record, limits, 52_049)).toBeNull()
    expect(used(record, limits, 52_050)).toEqual({ ...record, usedAtMs: 52_050 })
  })

  test('is kept until after it is over', () => {
    expect(keptUntilMs(record, limits)).toBe(53_000 + 60_000)
    expect(keptUntilMs({ ...record, usedAtMs: 59_500 }, limits)).toBe(60_000 + 60_000)
  })
})

describe('the list of a user', () => {
  const at = (key: string, signedInAtMs: number) => ({ key, signedInAtMs })

  test('makes room for a new session: the oldest goes', () => {
    const [a, b, c, d] = [at('a', 1), at('b', 2), at('c', 3), at('d', 4)]
    expect(listWith([a, b], c, limits)).toEqual({ kept: [a, b, c], ended: [] })
    expect(listWith([a, b, c], d, limits)).toEqual({ kept: [b, c, d], ended: [a] })
  })

  test('has those that died of idleness or age, and those that were ended; they are not live', () => {
    const list = ['idle', 'old', 'ended', 'used', 'new'].map((key) => at(key, 50_000))
    const records = new Map([
      ['idle', { ...record, usedAtMs: 58_000 }],
      ['old', { ...record, signedInAtMs: 49_000, usedAtMs: 58_999 }],
      ['ended', undefined],
      ['used', { ...record, usedAtMs: 58_999 }],
      // The record of `new` was not read: it began since.
    ])
    expect(livingIn(list, records, limits, 59_000)).toEqual([
      { key: 'used', signedInAtMs: 50_000, usedAtMs: 58_999 },
      { key: 'new', signedInAtMs: 50_000, usedAtMs: 50_000 },
    ])
  })
})
