import { describe, expect, test } from 'vitest'
import { CookieJar, cookieHeader, type Target } from '../../../src/protocols/cookies/jar.ts'

const NOW = Date.UTC(2026, 0, 1)
const plain: Target = { host: '10.0.0.2', path: '/', isSecure: false }
const secure: Target = { ...plain, isSecure: true }

/** What goes back to `to` after `from` has said these. */
function sent(
  setCookies: string[],
  from: Target = plain,
  to: Target = from,
  laterMs = 0,
): string | undefined {
  const jar = new CookieJar()
  for (const one of setCookies) jar.take(from, one, NOW)
  return cookieHeader(jar.for(to, NOW + laterMs))
}

function refused(setCookie: string, from: Target = plain): string | null {
  const taken = new CookieJar().take(from, setCookie, NOW)
  return 'refused' in taken ? taken.refused : null
}

describe('a jar', () => {
  test('sends back what it got, as it came', () => {
    expect(sent(['session=a%20b; Path=/; HttpOnly; SameSite=Lax'])).toBe('session=a%20b')
  })

  test('sends nothing to another host', () => {
    expect(sent(['session=1; Path=/'], plain, { ...plain, host: '10.0.0.3' })).toBeUndefined()
  })

  test('replaces a cookie of the same name and path, and keeps another path apart', () => {
    expect(sent(['a=1; Path=/', 'a=2; Path=/'])).toBe('a=2')
    expect(sent(['a=1; Path=/', 'a=2; Path=/x'], plain, { ...plain, path: '/x/y' })).toBe('a=2; a=1')
  })

  test.each([
    ['/x', '/x', true],
    ['/x', '/x/y', true],
    ['/x', '/xy', false],
    ['/x/', '/x/y', true],
    ['/x', '/', false],
  ])('for path %s: %s %s', (cookiePath, path, isSent) => {
    expect(sent([`a=1; Path=${cookiePath}`], plain, { ...plain, path })).toBe(isSent ? 'a=1' : undefined)
  })

  test('without Path: for the folder it came from', () => {
    expect(sent(['a=1'], { ...plain, path: '/bank/sign-in' }, { ...plain, path: '/bank/balance' })).toBe(
      'a=1',
    )
    expect(sent(['a=1'], { ...plain, path: '/bank/sign-in' }, plain)).toBeUndefined()
  })

  test('forgets what is over: Max-Age counts for more than Expires', () => {
    expect(sent(['a=1; Path=/; Max-Age=60'], plain, plain, 59_000)).toBe('a=1')
    expect(sent(['a=1; Path=/; Max-Age=60'], plain, plain, 60_000)).toBeUndefined()
    expect(sent(['a=1; Path=/', 'a=; Path=/; Max-Age=0'])).toBeUndefined()
    expect(sent(['a=1; Path=/', 'a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'])).toBeUndefined()
    expect(sent(['a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60'])).toBe('a=1')
  })

  test('forgets what has no date when the browser is closed', () => {
    const jar = new CookieJar()
    jar.take(plain, 'session=1; Path=/', NOW)
    jar.take(plain, 'language=en; Path=/; Max-Age=600', NOW)
    jar.closeBrowser()
    expect(cookieHeader(jar.for(plain, NOW))).toBe('language=en')
  })

  test('sends what is Secure over TLS only, and takes it from nowhere else', () => {
    expect(sent(['a=1; Path=/; Secure'], secure, secure)).toBe('a=1')
    expect(sent(['a=1; Path=/; Secure'], secure, plain)).toBeUndefined()
    expect(refused('a=1; Path=/; Secure')).toBe('Secure, and it came without TLS')
  })

  test('holds __Host- and __Secure- to what they promise', () => {
    expect(sent(['__Host-a=1; Path=/; Secure'], secure)).toBe('__Host-a=1')
    expect(refused('__Host-a=1; Path=/')).toMatch(/__Host-/)
    expect(refused('__Host-a=1; Path=/x; Secure', secure)).toMatch(/__Host-/)
    expect(refused('__Host-a=1; Path=/; Secure; Domain=10.0.0.2', secure)).toMatch(/__Host-/)
    expect(refused('__Secure-a=1; Path=/')).toMatch(/__Secure-/)
  })

  test('takes nothing for another host, nothing without a name, nothing too long', () => {
    expect(refused('a=1; Domain=10.0.0.9')).toBe('for another host')
    expect(refused('=1')).toBe('it has no name')
    expect(refused(`a=${'x'.repeat(4095)}`)).toBe('longer than 4096 bytes')
  })

  test('does not grow without end', () => {
    const many = Array.from({ length: 60 }, (_, index) => `c${index}=1; Path=/`)
    expect(sent(many)?.split('; ')).toHaveLength(50)
  })
})
