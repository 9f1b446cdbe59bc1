import { describe, expect, test } from 'vitest'
import {
  cookieName,
  cookieRemoval,
  cookieWith,
  presentedCookie,
} from '../../../src/protocols/http-session/cookie.ts'

const id = '0123456789abcdef0123456789abcdef'

describe('the cookie that is set', () => {
  test('is for this host, all of its paths, no script, no other site, and ends with the browser', () => {
    expect(cookieWith('session', id, false)).toBe(`session=${id}; Path=/; HttpOnly; SameSite=Strict`)
  })

  test('over TLS is for TLS alone, and nobody else can have set it', () => {
    const attributes = cookieWith('session', id, true).split('; ')
    // RFC 6265bis section 4.1.3.2 asks for these with the prefix, and for no Domain.
    expect(attributes).toEqual(expect.arrayContaining([`__Host-session=${id}`, 'Path=/', 'Secure']))
    expect(attributes.join()).not.toMatch(/domain|max-age|expires/i)
  })

  test('of a device goes only where one signs in, and stays when the browser is closed', () => {
    expect(cookieWith('device', id, false)).toBe(
      `device=${id}; Max-Age=15552000; Path=/sign-in; HttpOnly; SameSite=Strict`,
    )
    // The prefix __Host- is for what goes everywhere.
    expect(cookieWith('device', id, true)).toMatch(/^__Secure-device=.*; Path=\/sign-in;.*; Secure/)
  })

  test('is taken away by the same name with an age of 0', () => {
    expect(cookieRemoval('session', true)).toContain('__Host-session=; Max-Age=0; Path=/')
  })
})

describe('the cookie that comes', () => {
  test.each([
    [undefined, { kind: 'none' }],
    ['', { kind: 'none' }],
    ['other=1; theme=dark', { kind: 'none' }],
    [`session=${id}`, { kind: 'one', id }],
    [`a=1;session=${id} ; b=2`, { kind: 'one', id }],
    [`Session=${id}`, { kind: 'none' }],
    ['session=', { kind: 'malformed' }],
    ['session=%30', { kind: 'malformed' }],
    [`session="${id}"`, { kind: 'malformed' }],
    [`session=${id}x`, { kind: 'malformed' }],
    [`session=${id}=`, { kind: 'malformed' }],
    ['__proto__=1; session', { kind: 'malformed' }],
    [`session=${id}; session=${id}`, { kind: 'ambiguous' }],
    [`session=planted; session=${id}`, { kind: 'ambiguous' }],
    [`session=${id}; x=${'x'.repeat(4096)}`, { kind: 'oversized' }],
  ] as const)('%j', (header, expected) => {
    expect(presentedCookie(header, 'session', false)).toEqual(expected)
  })

  test('over TLS is only looked for under its protected name', () => {
    expect(presentedCookie(`session=${id}`, 'session', true)).toEqual({ kind: 'none' })
    expect(presentedCookie(`${cookieName('session', true)}=${id}`, 'session', true)).toEqual({
      kind: 'one',
      id,
    })
    expect(presentedCookie(`sign-in=${id}`, 'session', false)).toEqual({ kind: 'none' })
  })
})
