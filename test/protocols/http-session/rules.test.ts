/** Forged requests, requests that come twice, requests that come too often. */
import { describe, expect, test } from 'vitest'
import { csrfTokenOf, isCsrfTokenOf, isSameOrigin } from '../../../src/protocols/http-session/forgery.ts'
import {
  idempotencyKeyIn,
  isIdempotencyKey,
  judgeKey,
  requestDigest,
} from '../../../src/protocols/http-session/idempotency.ts'
import { RateTable } from '../../../src/protocols/http-session/rate.ts'

const [mine, theirs] = ['a'.repeat(32), 'b'.repeat(32)]

describe('the token of a form', () => {
  test('fits its session and no other', () => {
    expect(isCsrfTokenOf(mine, csrfTokenOf(mine))).toBe(true)
    expect(isCsrfTokenOf(mine, csrfTokenOf(theirs))).toBe(false)
    expect(isCsrfTokenOf(mine, '')).toBe(false)
    expect(isCsrfTokenOf(mine, `${csrfTokenOf(mine)}=`)).toBe(false)
  })

  test('is not the id', () => {
    expect(csrfTokenOf(mine)).not.toContain(mine)
  })
})

describe('the origin of a request', () => {
  const own = 'https://bank.test:8443'
  test.each([
    ['curl', {}, true],
    ['our own page', { origin: own, fetchSite: 'same-origin' }, true],
    ['typed by the user', { fetchSite: 'none' }, true],
    ['an old browser', { origin: own }, true],
    ['another site', { origin: 'https://evil.test', fetchSite: 'cross-site' }, false],
    ['another site, in an old browser', { origin: 'https://evil.test' }, false],
    ['another port of this host', { origin: 'https://bank.test:9000', fetchSite: 'same-site' }, false],
    ['without TLS', { origin: 'http://bank.test:8443' }, false],
    ['one who will not say', { origin: 'null' }, false],
    ['a subdomain', { origin: 'https://evil.bank.test:8443', fetchSite: 'same-site' }, false],
    ['a contradiction', { origin: own, fetchSite: 'cross-site' }, false],
  ])('%s', (_, origin, expected) => {
    expect(isSameOrigin(origin, own)).toBe(expected)
  })
})

describe('an idempotency key', () => {
  const digest = requestDigest(['bob', '100'])

  test('is new, then its request is repeated, and no other request may have it', () => {
    expect(judgeKey(undefined, digest)).toEqual({ kind: 'new' })
    const record = { request: digest, answer: 'done' }
    expect(judgeKey(record, digest)).toEqual({ kind: 'repeated', answer: 'done' })
    expect(judgeKey(record, requestDigest(['bob', '101']))).toEqual({ kind: 'reused' })
  })

  test('belongs to fields, not to their text put together', () => {
    expect(requestDigest(['bob', '100'])).not.toBe(requestDigest(['bob1', '00']))
  })

  test.each(['0f8fad5b-d9cb-469f-a165-70867728950e', 'a2345678', 'x'.repeat(64)])('%j', (key) => {
    expect(isIdempotencyKey(key)).toBe(true)
    expect(idempotencyKeyIn(`"${key}"`)).toBe(key)
    expect(idempotencyKeyIn(key)).toBe(key)
  })
  test.each(['', 'short', 'x'.repeat(65), 'with space', 'ünï-cödé-key', 'a:b:c:d:e:f'])(
    '%j is none',
    (key) => {
      expect(isIdempotencyKey(key)).toBe(false)
    },
  )
})

describe('a rate', () => {
  test('admits the burst, then as much as comes back', () => {
    const table = new RateTable({ burst: 3, perSecond: 2 })
    const at = (nowMs: number) => table.take('somebody', nowMs).admitted
    expect([0, 0, 0, 0, 0].map(at)).toEqual([true, true, true, false, false])
    expect([499, 500, 501, 999, 1000].map(at)).toEqual([false, true, false, false, true])
    // After a long rest no more than the burst.
    expect(Array(5).fill(1_000_000).map(at)).toEqual([true, true, true, false, false])
  })

  test('tells the first refusal of a row, and how long to wait', () => {
    const table = new RateTable({ burst: 1, perSecond: 2 })
    table.take('somebody', 0)
    expect(table.take('somebody', 0)).toEqual({ admitted: false, isFirst: true, retryAfterMs: 500 })
    expect(table.take('somebody', 250)).toEqual({ admitted: false, isFirst: false, retryAfterMs: 250 })
    expect(table.take('somebody', 500)).toEqual({ admitted: true })
    expect(table.take('somebody', 500)).toMatchObject({ isFirst: true })
  })

  test('is counted for each by themselves', () => {
    const table = new RateTable({ burst: 1, perSecond: 1 })
    expect(['a', 'b', 'a'].map((who) => table.take(who, 0).admitted)).toEqual([true, true, false])
  })

  test('knows a bounded number of them', () => {
    const table = new RateTable({ burst: 1, perSecond: 1 })
    for (let who = 0; who < 25_000; who += 1) table.take(String(who), 0)
    expect(table.size).toBe(10_000)
    // The newest is still known, the oldest begins anew.
    expect(table.take('24999', 0).admitted).toBe(false)
    expect(table.take('0', 0).admitted).toBe(true)
  })
})
