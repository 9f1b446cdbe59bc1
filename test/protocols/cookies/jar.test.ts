/** Sections 5.1 to 5.8 of RFC 6265bis, rule by rule. */
import { describe, expect, test } from 'vitest'
import { CookieJar, cookieHeader, type Target } from '../../../src/protocols/cookies/jar.ts'

const NOW = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000
const plain: Target = { host: 'www.bank.test', path: '/', isSecure: false }
const secure: Target = { ...plain, isSecure: true }

/** What goes back to `to` after `from` has said these, a millisecond apart. */
function sent(
  setCookies: readonly string[],
  from: Partial<Target> = {},
  to: Partial<Target> = from,
  laterMs = 0,
): string | undefined {
  const jar = new CookieJar()
  for (const [index, one] of setCookies.entries()) jar.take({ ...plain, ...from }, one, NOW + index)
  return cookieHeader(jar.for({ ...plain, ...to }, NOW + laterMs))
}

/** Why it is not taken, after `before` has been said over TLS. */
function refused(
  setCookie: string,
  from: Partial<Target> = {},
  before: readonly string[] = [],
): string | null {
  const jar = new CookieJar()
  for (const one of before) jar.take(secure, one, NOW)
  const taken = jar.take({ ...plain, ...from }, setCookie, NOW)
  return 'refused' in taken ? taken.refused : null
}

describe('5.1.2, 5.1.3: hosts', () => {
  test.each([
    // Without Domain it is for the host alone.
    ['www.bank.test', '', 'www.bank.test', true],
    ['www.bank.test', '', 'WWW.Bank.TEST', true],
    ['www.bank.test', '', 'a.www.bank.test', false],
    ['www.bank.test', '', 'bank.test', false],
    // With it also for the names below.
    ['www.bank.test', 'bank.test', 'bank.test', true],
    ['www.bank.test', 'bank.test', 'a.b.bank.test', true],
    ['www.bank.test', '.bank.test', 'www.bank.test', true],
    ['www.bank.test', 'BANK.test', 'www.bank.test', true],
    ['bank.test', 'bank.test', 'www.bank.test', true],
    ['www.bank.test', 'bank.test', 'savingsbank.test', false],
    // An empty one says nothing, nor does a lone dot.
    ['www.bank.test', ' ', 'www.bank.test', true],
    ['www.bank.test', '.', 'www.bank.test', true],
    ['www.bank.test', '.', 'a.www.bank.test', false],
    // Addresses have nothing below them.
    ['10.0.0.2', '', '10.0.0.2', true],
    ['10.0.0.2', '10.0.0.2', '10.0.0.2', true],
    ['10.0.0.2', '10.0.0.2', '1.10.0.0.2', false],
    ['[::1]', '', '[::1]', true],
    // Other alphabets.
    ['bücher.test', '', 'xn--bcher-kva.test', true],
    ['www.bücher.test', 'xn--bcher-kva.test', 'bücher.test', true],
  ])('set by %s for "%s": to %s %s', (from, domain, to, isSent) => {
    const setCookie = domain === '' ? 'a=1' : `a=1; Domain=${domain}`
    expect(sent([setCookie], { host: from }, { host: to })).toBe(isSent ? 'a=1' : undefined)
  })

  test.each([
    ['www.bank.test', 'other.test'],
    ['www.bank.test', 'a.www.bank.test'],
    ['bank.test', 'nk.test'],
    ['10.0.0.2', '0.0.2'],
    ['10.0.0.2', '10.0.0.9'],
    ['www.bank.test', '..bank.test'],
    ['www.bank.test', 'bank.test.'],
    // 5.7 step 8: only what is written in ASCII.
    ['www.bücher.test', 'bücher.test'],
    // 5.7 step 9: strangers share a name of one label.
    ['www.bank.test', 'test'],
    ['10.0.0.2', '2'],
  ])('%s may not set one for %s', (host, domain) => {
    expect(refused(`a=1; Domain=${domain}`, { host })).toBe('for another host')
  })

  test('5.7 step 9: localhost may, for itself alone', () => {
    expect(sent(['a=1; Domain=localhost'], { host: 'localhost' })).toBe('a=1')
    expect(sent(['a=1; Domain=localhost'], { host: 'localhost' }, { host: 'a.localhost' })).toBeUndefined()
  })
})

describe('5.1.4: paths', () => {
  test.each([
    ['/x', '/x', true],
    ['/x', '/x/y', true],
    ['/x', '/x/', true],
    ['/x', '/x?query', true],
    ['/x', '/xy', false],
    ['/x', '/X', false],
    ['/x', '/', false],
    ['/x/', '/x/y', true],
    ['/x/', '/x', false],
    ['/', '/x', true],
    ['/%78', '/x', false],
  ])('one for %s: to %s %s', (cookiePath, path, isSent) => {
    expect(sent([`a=1; Path=${cookiePath}`], {}, { path })).toBe(isSent ? 'a=1' : undefined)
  })

  test.each([
    ['/bank/sign-in', '/bank'],
    ['/bank/', '/bank'],
    ['/bank', '/'],
    ['/', '/'],
    ['', '/'],
    ['bank/sign-in', '/'],
    ['/bank/sign-in?to=/a/b', '/bank'],
    ['//x', '/'],
  ])('without Path, from %s: for %s', (path, expected) => {
    const taken = new CookieJar().take({ ...plain, path }, 'a=1', NOW)
    expect(taken).toMatchObject({ path: expected })
    // What is no path counts as none (5.6.4), and of several the last counts.
    expect(new CookieJar().take({ ...plain, path }, 'a=1; Path=/q; Path=q', NOW)).toEqual(taken)
  })
})

describe('5.6: what a Set-Cookie says', () => {
  test.each([
    ['a=1', 'a=1'],
    ['a%20b=c%20d', 'a%20b=c%20d'],
    ['a="1"', 'a="1"'],
    [' \ta \t=\t 1 2 \t; Path=/', 'a=1 2'],
    ['a=b=c', 'a=b=c'],
    ['a=', 'a='],
    ['a="x;y"', 'a="x'],
    // 5.8.3: one without a name is sent as its value, and is a cookie of its own.
    ['1', '1'],
    ['=1', '1'],
    ['==1', '=1'],
    ['a=1;;; =; Secured; Path =\t/ ', 'a=1'],
  ])('%j', (setCookie, expected) => {
    expect(sent([setCookie])).toBe(expected)
  })

  test.each(['', '=', ' = ; Path=/', ';a=1'])('%j has neither name nor value', (setCookie) => {
    expect(refused(setCookie)).toBe('it has neither name nor value')
  })

  test.each(['a=1\n', 'a\0=1', 'a=\x7f', 'a=1; Path=/\r', 'a=1; X=\x1f'])(
    'control characters: %j',
    (setCookie) => {
      expect(refused(setCookie)).toBe('it has control characters')
    },
  )

  test('name and value together have 4096 bytes, whatever the attributes', () => {
    expect(refused(`ab=${'x'.repeat(4094)}; Path=/${'x'.repeat(1000)}`)).toBeNull()
    expect(refused(`ab=${'x'.repeat(4095)}`)).toBe('longer than 4096 bytes')
    expect(refused('x'.repeat(4097))).toBe('longer than 4096 bytes')
    // As Node reads a header a character is a byte; elsewhere it may be four.
    expect(refused(`a=${'\u00ff'.repeat(4095)}`)).toBeNull()
    expect(refused(`a=${'🍪'.repeat(1024)}`)).toBe('longer than 4096 bytes')
  })

  test('an attribute of more than 1024 bytes is passed over', () => {
    const path = (length: number) => `/${'x'.repeat(length - 1)}`
    const pathOf = (setCookie: string) => new CookieJar().take(plain, setCookie, NOW)
    expect(pathOf(`a=1; Path=/q; Path=${path(1024)}`)).toMatchObject({ path: path(1024) })
    expect(pathOf(`a=1; Path=/q; Path=${path(1025)}`)).toMatchObject({ path: '/q' })
    expect(refused(`a=1; Domain=${'x'.repeat(1025)}`)).toBeNull()
  })

  test('names of attributes have no case, and the last of each counts', () => {
    const taken = new CookieJar().take(
      secure,
      'a=1; DOMAIN=other.test; domain=Bank.Test; pAtH=/x; path=/y; SECURE; HTTPONLY; samesite=LAX; SameSite=strict',
      NOW,
    )
    expect(taken).toMatchObject({ domain: 'bank.test', hostOnly: false, path: '/y' })
    expect(taken).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Strict' })
  })
})

describe('5.5, 5.6.1, 5.6.2: how long', () => {
  const EXPIRED = 'Expires=Thu, 01 Jan 1970 00:00:00 GMT'
  test.each([
    ['a=1', null],
    ['a=1; Max-Age=60', 60_000],
    ['a=1; Max-Age=060', 60_000],
    ['a=1; Expires=Thu, 01-Jan-26 00:01:00', 60_000],
    // Max-Age counts for more than Expires, whichever comes first.
    [`a=1; ${EXPIRED}; Max-Age=60`, 60_000],
    [`a=1; Max-Age=60; ${EXPIRED}`, 60_000],
    ['a=1; Max-Age=5; Max-Age=60', 60_000],
    // What is no number or no date is passed over.
    ['a=1; Max-Age=60; Max-Age=soon', 60_000],
    ['a=1; Max-Age=+60', null],
    ['a=1; Max-Age=6.0', null],
    ['a=1; Max-Age="60"', null],
    ['a=1; Max-Age=-', null],
    ['a=1; Max-Age=', null],
    ['a=1; Expires=soon', null],
    // Nothing is kept for more than 400 days.
    ['a=1; Max-Age=34560001', 400 * DAY_MS],
    [`a=1; Max-Age=${'9'.repeat(40)}`, 400 * DAY_MS],
    ['a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT', 400 * DAY_MS],
  ])('%s', (setCookie, afterMs) => {
    const taken = new CookieJar().take(plain, setCookie, NOW)
    expect(taken).toMatchObject({ expiresAtMs: afterMs === null ? null : NOW + afterMs })
  })

  test.each(['Max-Age=0', 'Max-Age=-1', EXPIRED, 'Expires=Mon, 01 Jan 1601 00:00:00 GMT'])(
    'what is over takes away what there was: %s',
    (attribute) => {
      expect(sent(['a=1', 'b=1', `a=; ${attribute}`])).toBe('b=1')
    },
  )

  test('is sent until then', () => {
    expect(sent(['a=1; Max-Age=60'], {}, {}, 59_999)).toBe('a=1')
    expect(sent(['a=1; Max-Age=60'], {}, {}, 60_000)).toBeUndefined()
  })

  test('what has no date goes when the browser is closed', () => {
    const jar = new CookieJar()
    jar.take(plain, 'session=1', NOW)
    jar.take(plain, 'language=en; Max-Age=600', NOW)
    jar.closeBrowser()
    expect(cookieHeader(jar.for(plain, NOW))).toBe('language=en')
  })
})

describe('5.7: what is kept', () => {
  test('step 13: Secure comes over TLS only, and goes over TLS only', () => {
    expect(sent(['a=1; Secure'], secure)).toBe('a=1')
    expect(sent(['a=1; Secure'], secure, plain)).toBeUndefined()
    expect(refused('a=1; Secure')).toBe('Secure, and it came without TLS')
  })

  const SECURE_ONE = 'a=1; Path=/x; Secure; Domain=bank.test'
  test.each([
    ['a=2; Path=/x; Domain=bank.test', 'refused'],
    ['a=2; Path=/x', 'refused'],
    ['a=2; Path=/x/y', 'refused'],
    ['a=; Path=/x; Max-Age=0', 'refused'],
    // It would not be covered by these.
    ['a=2; Path=/', 'taken'],
    ['a=2; Path=/xy', 'taken'],
    ['A=2; Path=/x', 'taken'],
  ])(`step 16: without TLS, after ${SECURE_ONE}: %s is %s`, (setCookie, outcome) => {
    const because = 'there is a Secure one of this name, and it came without TLS'
    expect(refused(setCookie, {}, [SECURE_ONE])).toBe(outcome === 'refused' ? because : null)
    expect(refused(setCookie, secure, [SECURE_ONE])).toBeNull()
  })

  test('step 16 holds up and down the domain', () => {
    const because = 'there is a Secure one of this name, and it came without TLS'
    expect(refused('a=2; Domain=bank.test', {}, ['a=1; Secure'])).toBe(because)
    expect(refused('a=2', { host: 'other.bank.test' }, ['a=1; Secure; Domain=bank.test'])).toBe(because)
    expect(refused('a=2', { host: 'other.bank.test' }, ['a=1; Secure'])).toBeNull()
  })

  test('steps 14, 15 and 23.2: scripts neither see nor set nor replace what is HttpOnly', () => {
    const script = { by: 'script' } as const
    expect(refused('a=1; HttpOnly', script)).toBe('HttpOnly, and a script set it')
    expect(refused('a=2', script, ['a=1; HttpOnly'])).toBe('scripts replace no HttpOnly one')
    expect(refused('a=; Max-Age=0', script, ['a=1; HttpOnly'])).toBe('scripts replace no HttpOnly one')
    expect(refused('a=2; Path=/x', script, ['a=1; HttpOnly'])).toBeNull()
    expect(sent(['a=1; HttpOnly', 'b=1'], {}, script)).toBe('b=1')
    expect(sent(['a=1; HttpOnly', 'b=1'])).toBe('a=1; b=1')
    expect(sent(['a=1'], script, {})).toBe('a=1')
  })

  test('steps 17 to 19: SameSite', () => {
    for (const [attribute, expected] of [
      ['', 'Default'],
      ['; SameSite=sideways', 'Default'],
      ['; SameSite=constructor', 'Default'],
      ['; SameSite', 'Default'],
      ['; SameSite=Lax; SameSite=', 'Default'],
      ['; SameSite=lax', 'Lax'],
      ['; SameSite=NONE', 'None'],
    ]) {
      const taken = new CookieJar().take(secure, `a=1${attribute}; Secure`, NOW)
      expect([attribute, taken]).toMatchObject([attribute, { sameSite: expected }])
    }
    expect(refused('a=1; SameSite=None')).toBe('SameSite=None without Secure')
    expect(refused('a=1; SameSite=None', secure)).toBe('SameSite=None without Secure')
    // A page of another site has it set in passing; one that is gone to sets what it likes.
    const passing = { ...secure, causedBy: 'cross-site' } as const
    expect(refused('a=1; Secure', passing)).toBe('from another site, without SameSite=None')
    expect(refused('a=1; SameSite=None; Secure', passing)).toBeNull()
    for (const causedBy of ['cross-site-navigation', 'cross-site-unsafe-navigation'] as const) {
      expect(refused('a=1; SameSite=Strict', { causedBy })).toBeNull()
      expect(refused('a=1', { causedBy, by: 'script' })).toBe('from another site, without SameSite=None')
    }
  })

  test.each([
    ['__Secure-a=1', false],
    ['__SECURE-a=1; Path=/', false],
    ['__secure-a=1; Secure; Domain=bank.test', true],
    ['__Host-a=1; Path=/', false],
    ['__Host-a=1; Secure', false],
    ['__hOsT-a=1; Secure; Path=/x', false],
    ['__host-a=1; Secure; Path=', false],
    ['__Host-a=1; Secure; Path=/; Domain=www.bank.test', false],
    ['__HOST-a=1; Secure; Path=/', true],
    ['__Host-a=1; Secure; Path=/; Domain=', true],
    ['__Hosta=1', true],
    // Without a name the value would be taken for one.
    ['__Secure-a', false],
    ['=__host-a=1; Secure; Path=/', false],
    ['=_Host-a', true],
  ])('steps 20 to 22: %s is taken over TLS: %s', (setCookie, isTaken) => {
    expect(refused(setCookie, secure) === null).toBe(isTaken)
  })

  test('step 21: an address as Domain is a Domain', () => {
    const from = { ...secure, host: '10.0.0.2' }
    expect(refused('__Host-a=1; Secure; Path=/; Domain=10.0.0.2', from)).toMatch(/with Domain/)
  })

  test('step 23: one of the same name, domain, host-only-flag and path is replaced, and keeps its age', () => {
    expect(sent(['a=1', 'b=1', 'a=2'])).toBe('a=2; b=1')
    expect(sent(['a=1', 'a=2; Path=/x'], {}, { path: '/x' })).toBe('a=2; a=1')
    expect(sent(['a=1', 'a=2; Domain=www.bank.test'])).toBe('a=1; a=2')
    const jar = new CookieJar()
    jar.take(plain, 'a=1', NOW)
    expect(jar.take(plain, 'a=2', NOW + 5)).toMatchObject({ createdAtMs: NOW, usedAtMs: NOW + 5 })
    // What was over is another one.
    jar.take(plain, 'a=; Max-Age=0', NOW + 6)
    expect(jar.take(plain, 'a=3', NOW + 7)).toMatchObject({ createdAtMs: NOW + 7 })
  })

  test('each domain has room for 50: the longest unused goes, what is not Secure first', () => {
    const jar = new CookieJar()
    const names = (from: Target) => jar.for(from, NOW + 900).map(({ name }) => name)
    const fill = (from: Target, prefix: string, attributes: string) => {
      for (let index = 0; index < 50; index += 1) {
        jar.take(from, `${prefix}${index}=1; Path=/${prefix}${index}; ${attributes}`, NOW)
      }
    }
    const other = { ...secure, host: 'other.test' }
    jar.take(other, 'other=1', NOW)
    fill(secure, 's', 'Secure')
    expect(names(other)).toEqual(['other'])
    jar.take(secure, 'plain=1', NOW + 1)
    expect(names(secure)).toEqual([])
    jar.for({ ...secure, path: '/s0' }, NOW + 2)
    jar.take(secure, 'late=1; Secure', NOW + 3)
    expect(names({ ...secure, path: '/s0' })).toEqual(['s0', 'late'])
    expect(names({ ...secure, path: '/s1' })).toEqual(['late'])
    expect(names({ ...secure, path: '/s2' })).toEqual(['s2', 'late'])
  })

  test('and all of them for 3000', () => {
    const jar = new CookieJar()
    for (let host = 0; host < 61; host += 1) {
      for (let index = 0; index < 50; index += 1) {
        jar.take({ ...plain, host: `h${host}.test` }, `c${index}=1`, NOW + host)
      }
    }
    const kept = Array.from({ length: 61 }, (_, host) =>
      jar.for({ ...plain, host: `h${host}.test` }, NOW + 99),
    )
    expect(kept.map(({ length }) => length)).toEqual([0, ...Array(60).fill(50)])
  })
})

describe('5.8.3: what is sent', () => {
  test('longer paths first, then the older', () => {
    const said = ['a=1; Path=/', 'b=1; Path=/x', 'c=1; Path=/', 'd=1; Path=/x', 'e=1; Path=/x/y']
    expect(sent(said, {}, { path: '/x/y' })).toBe('e=1; b=1; d=1; a=1; c=1')
  })

  const ALL = ['s=1; SameSite=Strict', 'l=1; SameSite=Lax', 'd=1', 'n=1; SameSite=None; Secure']
  test.each([
    [undefined, undefined, 's=1; l=1; d=1; n=1'],
    ['same-site', 'script', 's=1; l=1; d=1; n=1'],
    ['cross-site', undefined, 'n=1'],
    ['cross-site', 'script', 'n=1'],
    ['cross-site-navigation', undefined, 'l=1; d=1; n=1'],
    ['cross-site-unsafe-navigation', undefined, 'n=1'],
  ] as const)('%s, %s: %s', (causedBy, by, expected) => {
    const to = { ...secure, ...(causedBy && { causedBy }), ...(by && { by }) }
    expect(sent(ALL, secure, to)).toBe(expected)
  })

  test('nothing where there is nothing', () => {
    expect(sent([])).toBeUndefined()
  })
})
