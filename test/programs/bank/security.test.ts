/** What a bank owes its customers, one property a test (numbers are of OWASP ASVS 5.0). */
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { makeCertificate } from '../../../src/programs/bank/certificate.ts'
import { PasswordCheck } from '../../../src/programs/bank/passwords.ts'
import { USERS } from '../../../src/programs/bank/users.ts'
import { csrfTokenOf } from '../../../src/protocols/http-session/forgery.ts'
import { sessionKeyOf } from '../../../src/protocols/http-session/session.ts'
import { passwordOf } from '../../support/bank-user.ts'
import { openBank, spiedStore } from './support.ts'

const idOf = (user: { cookies: Map<string, string> }) => user.cookies.get('session') ?? ''
const KEY = '0f8fad5b-d9cb-469f-a165-70867728950e'
const transfer = (csrf: string, key = KEY) => ({ to: 'bob', amount: '10', key, csrf })

afterEach(() => {
  vi.useRealTimers()
})

describe('who you are (7.2)', () => {
  test('a password lets in, another one does not, and nobody learns who exists', async () => {
    const bank = await openBank()
    const alice = bank.visitor()
    const wrong = await alice.signIn('alice', 'not her password')
    const unknown = await alice.signIn('mallory', 'not her password')
    expect([wrong.status, unknown.status]).toEqual([401, 401])
    expect(unknown.json).toEqual(wrong.json)
    expect(alice.cookies.has('session')).toBe(false)
    expect((await alice.signIn('alice')).status).toBe(200)
    expect((await alice.account()).json.user).toBe('alice')
  })

  test('an id is random, and has 128 bits', async () => {
    const bank = await openBank()
    const ids = await Promise.all(Array.from({ length: 5 }, async () => idOf(await bank.user('alice'))))
    expect(new Set(ids).size).toBe(5)
    for (const id of ids) expect(id).toMatch(/^[\da-f]{32}$/)
  })

  test('a fixed id is not taken over: who planted it has no session (7.2.4)', async () => {
    const bank = await openBank()
    const victim = bank.visitor()
    const planted = 'f'.repeat(32)
    victim.cookies.set('session', planted)
    expect((await victim.account()).status).toBe(401)
    victim.cookies.set('session', planted)
    expect((await victim.signIn('alice')).status).toBe(200)
    expect(idOf(victim)).not.toBe(planted)
    const attacker = bank.visitor()
    attacker.cookies.set('session', planted)
    expect((await attacker.account()).status).toBe(401)
    expect(attacker.cookies.has('session')).toBe(false)
  })

  test('to sign in again renews the id, and the one before is over (7.2.4)', async () => {
    const bank = await openBank()
    const alice = await bank.user('alice')
    const before = idOf(alice)
    // The front door shows the account now: the form is one she opened earlier.
    const form = bank.visitor()
    const csrf = await form.signInToken()
    alice.cookies.set('sign-in', form.cookies.get('sign-in') ?? '')
    const { name: user, password } = USERS[0] ?? { name: '', password: '' }
    expect((await alice.ask('POST', '/sign-in', { form: { user, password, csrf } })).status).toBe(200)
    expect(idOf(alice)).not.toBe(before)
    const copy = bank.visitor()
    copy.cookies.set('session', before)
    expect((await copy.account()).status).toBe(401)
    const renewed = bank.log.events.find(({ name }) => name === 'http-session:renewed')
    expect(renewed?.data).toMatchObject({ user: 'alice', before: sessionKeyOf(before).slice(0, 8) })
  })

  test('the store has no id and no password, nor does the log', async () => {
    const { store, copy } = spiedStore()
    const bank = await openBank({ store })
    const alice = bank.visitor()
    const answer = await alice.signIn('alice')
    const csrf = String(answer.json.csrf)
    await alice.ask('POST', '/transfer', { form: transfer(csrf) })
    const id = idOf(alice)
    expect(copy()).toContain(sessionKeyOf(id))
    const log = JSON.stringify(bank.log.events)
    expect(log).toContain(sessionKeyOf(id).slice(0, 8))
    for (const secret of [id, csrf, USERS[0]?.password ?? '']) {
      expect(copy()).not.toContain(secret)
      expect(log).not.toContain(secret)
    }
    expect(log).not.toContain(sessionKeyOf(id))
  })

  test('a forged cookie, two cookies, and what is no cookie at all are nobody', async () => {
    const bank = await openBank()
    const alice = await bank.user('alice')
    const id = idOf(alice)
    const nearly = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`
    for (const cookie of [
      `session=${nearly}`,
      `session=${sessionKeyOf(id)}`,
      `session=${id.toUpperCase()}x`,
      `session=${id}; session=${nearly}`,
      `session=${id}; session=${id}`,
      'session=__proto__',
      'session',
      `__Host-session=${id}`,
    ]) {
      const answer = await bank.visitor().ask('GET', '/account', { headers: { cookie } })
      expect([cookie, answer.status]).toEqual([cookie, 401])
    }
    expect((await alice.account()).status).toBe(200)
  })
})

describe('how long (7.3, 7.4)', () => {
  test('idle, a session ends; used, it goes on, and still ends (7.3.1, 7.3.2)', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const beganAtMs = Date.now()
    const bank = await openBank({ sessions: { idleMs: 60_000, absoluteMs: 200_000 } })
    const [idle, busy] = [await bank.user('alice'), await bank.user('alice')]
    const expired = () =>
      bank.log.events.flatMap(({ name, data }) => (name === 'http-session:expired' ? [data] : []))
    for (const passedMs of [50_000, 100_000, 150_000, 199_999]) {
      vi.setSystemTime(beganAtMs + passedMs)
      expect((await busy.account()).status).toBe(200)
      if (passedMs === 100_000)
        expect([(await idle.account()).status, idle.cookies.has('session')]).toEqual([401, false])
    }
    expect(expired()).toMatchObject([{ because: 'idle' }])
    vi.setSystemTime(beganAtMs + 200_000)
    expect((await busy.account()).status).toBe(401)
    expect(expired()).toMatchObject([{ because: 'idle' }, { because: 'absolute' }])
  })

  test('the old cookie is of no use after signing out (7.4.1)', async () => {
    const bank = await openBank()
    const alice = await bank.user('alice')
    const copy = bank.visitor()
    copy.cookies.set('session', idOf(alice))
    const token = await copy.token()
    // Whoever has the cookie is alice, from wherever they come.
    expect((await copy.account()).json.user).toBe('alice')
    const out = await alice.ask('POST', '/sign-out', { form: { csrf: await alice.token() } })
    expect([out.status, alice.cookies.size]).toEqual([200, 0])
    const thief = copy.cookies.get('session') ?? ''
    expect((await copy.account()).status).toBe(401)
    copy.cookies.set('session', thief)
    expect((await copy.ask('POST', '/transfer', { form: transfer(token) })).status).toBe(401)
    expect((await (await bank.user('bob')).account()).json.balance).toBe('1000.00')
  })

  test("to sign out everywhere ends every session of hers, and nobody else's (7.4.3)", async () => {
    const bank = await openBank()
    const [here, there, bob] = [await bank.user('alice'), await bank.user('alice'), await bank.user('bob')]
    const csrf = await here.token()
    // A cookie alone, which may be a thief's, ends nobody's sessions (7.5.2).
    expect((await here.ask('POST', '/sign-out-everywhere', { form: { csrf } })).status).toBe(403)
    const form = { csrf, password: passwordOf('alice') }
    expect((await here.ask('POST', '/sign-out-everywhere', { form })).json).toEqual({ ended: 2 })
    expect((await there.account()).status).toBe(401)
    expect((await bob.account()).status).toBe(200)
  })

  test('a user has so many sessions and no more: the oldest ends (7.1.2)', async () => {
    const bank = await openBank({ sessions: { perUserMax: 2 } })
    const users = [await bank.user('alice'), await bank.user('alice'), await bank.user('alice')]
    const statuses = await Promise.all(users.map(async (user) => (await user.account()).status))
    expect(statuses).toEqual([401, 200, 200])
  })

  test('those that died of idleness take no room: the one in use stays (7.1.2)', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const beganAtMs = Date.now()
    const bank = await openBank({ sessions: { idleMs: 60_000, perUserMax: 2 } })
    const inUse = await bank.user('alice')
    await bank.user('alice')
    vi.setSystemTime(beganAtMs + 50_000)
    expect((await inUse.account()).status).toBe(200)
    vi.setSystemTime(beganAtMs + 70_000)
    const third = await bank.user('alice')
    expect([(await inUse.account()).status, (await third.account()).status]).toEqual([200, 200])
    const list = (await inUse.ask('GET', '/sessions')).json.sessions as object[]
    expect(list).toHaveLength(2)
    // Who ends all is told of the live ones.
    vi.setSystemTime(beganAtMs + 125_000)
    expect((await third.account()).status).toBe(200)
    const form = { csrf: await third.token(), password: passwordOf('alice') }
    vi.setSystemTime(beganAtMs + 135_000)
    expect((await third.ask('POST', '/sign-out-everywhere', { form })).json).toEqual({ ended: 1 })
  })
})

describe('a cookie is not enough (7.5)', () => {
  const wanted = (bank: Awaited<ReturnType<typeof openBank>>) =>
    bank.log.events.flatMap(({ name, data }) => (name === 'bank:password_wanted' ? [data] : []))

  test('sessions are listed, and ended one by one, with the password (7.5.2)', async () => {
    const bank = await openBank()
    const [here, there, bob] = [await bank.user('alice'), await bank.user('alice'), await bank.user('bob')]
    const list = async (user: typeof here) => {
      const { sessions } = (await user.ask('GET', '/sessions')).json
      return sessions as { session: string; isThis: boolean; signedInAtMs: number; usedAtMs: number }[]
    }
    const digestOf = (user: typeof here) => sessionKeyOf(idOf(user)).slice(0, 8)
    expect(await list(here)).toMatchObject([
      { session: digestOf(here), isThis: true },
      { session: digestOf(there), isThis: false },
    ])
    const csrf = await here.token()
    const end = async (session: string, password?: string, token = csrf) => {
      const form = { session, csrf: token, ...(password === undefined ? {} : { password }) }
      return await here.ask('POST', '/sessions/end', { form })
    }
    expect((await end(digestOf(there), passwordOf('alice'), csrfTokenOf(idOf(bob)))).status).toBe(403)
    expect(wanted(bank)).toEqual([])
    const missing = await end(digestOf(there))
    expect([missing.status, missing.json.title]).toEqual([403, 'Your password again'])
    expect((await end(digestOf(there), passwordOf('bob'))).status).toBe(403)
    expect((await there.account()).status).toBe(200)
    expect(wanted(bank)).toEqual([
      { for: 'end_session', because: 'missing' },
      { for: 'end_session', because: 'wrong' },
    ])
    expect((await end(digestOf(there), passwordOf('alice'))).json).toEqual({ ended: 1 })
    expect([(await here.account()).status, (await there.account()).status]).toEqual([200, 401])
    // Over already; and another's, which is none of hers.
    for (const session of [digestOf(there), digestOf(bob), '', '__proto__']) {
      expect((await end(session, passwordOf('alice'))).status).toBe(422)
    }
    expect((await bob.account()).status).toBe(200)
    expect((await bank.visitor().ask('GET', '/sessions')).status).toBe(401)
    expect((await end(digestOf(here), passwordOf('alice'))).json).toEqual({ ended: 1 })
    expect((await here.account()).status).toBe(401)
  })

  test('who has no live session is told so, and not asked for a password', async () => {
    const bank = await openBank()
    const [here, there] = [await bank.user('alice'), await bank.user('alice')]
    const form = { session: 'ffffffff', csrf: await there.token() }
    const all = { csrf: await here.token(), password: passwordOf('alice') }
    await here.ask('POST', '/sign-out-everywhere', { form: all })
    const id = idOf(there)
    for (const path of ['/sessions/end', '/sign-out-everywhere', '/transfer']) {
      there.cookies.set('session', id)
      const answer = await there.ask('POST', path, { form: { ...transfer(form.csrf), ...form } })
      expect([path, answer.status]).toEqual([path, 401])
    }
  })

  test('the password is wanted after 500.00 in a session, in one transfer or in many (7.5.3)', async () => {
    const bank = await openBank()
    const alice = await bank.user('alice')
    const csrf = await alice.token()
    const send = async (amount: string, key: string, password?: string) => {
      const form = { to: 'bob', amount, key, csrf, ...(password === undefined ? {} : { password }) }
      return await alice.ask('POST', '/transfer', { form })
    }
    expect((await send('500.01', 'a-large-one')).status).toBe(403)
    expect((await send('300', 'a-first-one')).status).toBe(200)
    expect((await send('200.01', 'a-second-one')).status).toBe(403)
    expect((await send('200', 'a-third-one')).status).toBe(200)
    const refused = await send('0.01', 'a-tiny-one')
    expect([refused.status, refused.json.title]).toEqual([403, 'Your password again'])
    expect((await send('0.01', 'a-tiny-one', 'not hers')).status).toBe(403)
    expect((await alice.account()).json.balance).toBe('500.00')
    // What was done is told again to whoever asks again.
    expect((await send('300', 'a-first-one')).headers['idempotent-replayed']).toBe('true')
    // With the password it is done; and the count begins anew.
    expect((await send('0.01', 'a-tiny-one', passwordOf('alice'))).json.balance).toBe('499.99')
    expect((await send('400', 'a-fourth-one')).status).toBe(200)
    expect((await send('99.99', 'a-last-one')).json.balance).toBe('0.00')
    expect((await bank.visitor().ask('GET', '/account')).status).toBe(401)
    expect(wanted(bank)).toMatchObject(
      ['missing', 'missing', 'missing', 'wrong'].map((because) => ({ for: 'transfer', because })),
    )
  })

  test('the page that asks for it repeats what was asked, as text', async () => {
    const bank = await openBank()
    const alice = await bank.user('alice')
    const html = { accept: 'text/html' }
    const form = { to: 'bob', amount: '700', key: KEY, csrf: await alice.token(), session: '"><script>' }
    const page = await alice.ask('POST', '/transfer', { form, headers: html })
    expect(page.status).toBe(403)
    expect(page.text).toContain('You ask for 700 to go to bob.')
    expect(page.text).toContain('<form method="post" action="/transfer">')
    expect(page.text).not.toContain('<script')
    const said = Object.fromEntries(
      [...page.text.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [
        name,
        value,
      ]),
    )
    expect(said).toMatchObject({ to: 'bob', amount: '700', key: KEY, csrf: form.csrf })
    const again = { ...said, password: passwordOf('alice') }
    const done = await alice.ask('POST', '/transfer', { form: again, headers: html })
    expect([done.status, done.headers.location]).toEqual([303, '/account?transfer=alice-1'])
  })

  test('it cannot be tried for long with a stolen cookie; another session has tries of its own', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const check = vi.spyOn(PasswordCheck.prototype, 'isRight').mockResolvedValue(false)
    onTestFinished(() => check.mockRestore())
    const bank = await openBank()
    const [thief, alice] = [await bank.user('alice'), await bank.user('alice')]
    const ask = async (user: typeof thief) => {
      const form = { csrf: await user.token(), password: 'guess', session: '' }
      return (await user.ask('POST', '/sessions/end', { form })).status
    }
    const statuses: number[] = []
    for (let index = 0; index < 22; index += 1) statuses.push(await ask(thief))
    expect([statuses.slice(0, 20), statuses.at(-1)]).toEqual([Array(20).fill(403), 429])
    expect(await ask(alice)).toBe(403)
    expect(check.mock.calls.length).toBeLessThan(23)
  })
})

describe('whether you want it (3.5)', () => {
  test('a change without the token, with a wrong one, or with that of another session is refused', async () => {
    const bank = await openBank()
    const [alice, bob] = [await bank.user('alice'), await bank.user('bob')]
    for (const csrf of ['', 'wrong', csrfTokenOf(idOf(bob))]) {
      for (const path of ['/transfer', '/sign-out', '/sign-out-everywhere', '/sessions/end']) {
        expect((await alice.ask('POST', path, { form: transfer(csrf) })).status).toBe(403)
      }
    }
    const { csrf: _, ...without } = transfer('')
    expect((await alice.ask('POST', '/transfer', { form: without })).status).toBe(403)
    expect((await alice.account()).json.balance).toBe('1000.00')
  })

  test('a request from another origin is refused, even with the token', async () => {
    const bank = await openBank()
    const alice = await bank.user('alice')
    const csrf = await alice.token()
    for (const headers of [
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${bank.port + 1}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      expect((await alice.ask('POST', '/transfer', { form: transfer(csrf), headers })).status).toBe(403)
    }
    const headers = { origin: new URL(bank.url).origin, 'sec-fetch-site': 'same-origin' }
    expect((await alice.ask('POST', '/transfer', { form: transfer(csrf), headers })).status).toBe(200)
  })

  test('a request without the cookie takes no cookie away: another site cannot sign anybody out', async () => {
    const bank = await openBank()
    for (const path of ['/transfer', '/sign-out', '/account']) {
      const method = path === '/account' ? 'GET' : 'POST'
      const answer = await bank.visitor().ask(method, path, { headers: { accept: 'text/html' } })
      expect(answer.status).toBe(401)
      expect(answer.headers['set-cookie']?.filter((line) => line.startsWith('session='))).toEqual([])
    }
  })

  test('nobody can be made to sign in as somebody else', async () => {
    const bank = await openBank()
    const [victim, attacker] = [bank.visitor(), bank.visitor()]
    const csrf = await attacker.signInToken()
    await victim.signInToken()
    const form = { user: 'bob', password: USERS[1]?.password ?? '', csrf }
    expect((await victim.ask('POST', '/sign-in', { form })).status).toBe(403)
    expect((await bank.visitor().ask('POST', '/sign-in', { form })).status).toBe(403)
    expect(
      (await attacker.ask('POST', '/sign-in', { form, headers: { origin: 'https://evil.test' } })).status,
    ).toBe(403)
  })

  test('GET changes nothing (3.5.3)', async () => {
    const bank = await openBank()
    const alice = await bank.user('alice')
    const csrf = await alice.token()
    for (const path of ['/sign-in', '/transfer', '/sign-out', '/sign-out-everywhere', '/sessions/end']) {
      const answer = await alice.ask('GET', `${path}?${new URLSearchParams(transfer(csrf))}`)
      expect([answer.status, answer.headers.allow]).toEqual([405, 'POST'])
    }
    expect((await alice.account()).json.balance).toBe('1000.00')
  })
})

describe('what a browser is told (3.3, 3.4)', () => {
  test('every answer has the headers, and none may be stored', async () => {
    const bank = await openBank()
    const alice = await bank.user('alice')
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/account'],
      ['GET', '/style.css'],
      ['GET', '/nothing'],
      ['POST', '/transfer'],
      ['DELETE', '/account'],
    ] as const) {
      const { headers } = await alice.ask(method, path, { headers: { accept: 'text/html' } })
      expect(headers['cache-control']).toBe('no-store')
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['referrer-policy']).toBe('same-origin')
      const policy = headers['content-security-policy']
      for (const part of [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
      ]) {
        expect(policy).toContain(part)
      }
      expect(policy).not.toMatch(/unsafe|script-src|\*/)
      expect(headers['x-powered-by']).toBeUndefined()
    }
  })

  test('over TLS the cookie is for TLS and this host alone', async () => {
    const certificate = await makeCertificate([])
    const bank = await openBank({ certificate })
    const alice = bank.visitor()
    const answer = await alice.signIn('alice')
    const session = answer.headers['set-cookie']?.find((line) => line.startsWith('__Host-session='))
    expect(session?.split('; ').slice(1).sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure'])
    expect((await alice.account()).json.user).toBe('alice')
    // Its unprotected name, which anybody could have set, counts for nothing.
    const planted = { cookie: `session=${alice.cookies.get('__Host-session')}` }
    expect((await bank.visitor().ask('GET', '/account', { headers: planted })).status).toBe(401)
  })

  test('text stays text', async () => {
    const bank = await openBank()
    const alice = await bank.user('alice')
    const page = await alice.ask('GET', '/account?transfer=%3Cscript%3E', {
      headers: { accept: 'text/html' },
    })
    expect(page.text).toContain('<h1>Account of alice</h1>')
    expect(page.text).not.toContain('<script')
    const form = { ...transfer(await alice.token()), to: '<script>alert(1)</script>' }
    const refused = await alice.ask('POST', '/transfer', { form, headers: { accept: 'text/html' } })
    expect(refused.status).toBe(422)
    expect(refused.text).not.toContain('<script')
  })

  test('an address has one way to be written', async () => {
    const alice = await (await openBank()).user('alice')
    const statusOf = async (path: string) => (await alice.ask('GET', path)).status
    expect(await Promise.all(['/account', '/Account', '/account/', '/HEALTH'].map(statusOf))).toEqual([
      200, 404, 404, 404,
    ])
  })

  test('X-Forwarded headers are believed from the balancer alone', async () => {
    const forwarded = { 'x-forwarded-proto': 'https', accept: 'application/json' }
    const cookieFrom = async (proxy?: string) => {
      const bank = await openBank(proxy === undefined ? {} : { proxy })
      return (await bank.visitor().ask('GET', '/', { headers: forwarded })).headers['set-cookie']?.[0]
    }
    expect(await cookieFrom()).toMatch(/^sign-in=/)
    expect(await cookieFrom('10.1.2.3')).toMatch(/^sign-in=/)
    expect(await cookieFrom('127.0.0.1')).toMatch(/^__Host-sign-in=.*Secure/)
  })
})

describe('how much', () => {
  test('an oversized cookie, header or body is refused, and so are too many headers', async () => {
    const bank = await openBank()
    const alice = await bank.user('alice')
    const status = async (asking: Parameters<typeof alice.ask>[2]) =>
      (await alice.ask('POST', '/transfer', asking)).status
    const csrf = await alice.token()
    expect(await status({ headers: { cookie: `session=${'a'.repeat(4100)}` } })).toBe(431)
    expect(await status({ headers: { 'x-long': 'a'.repeat(8200) } })).toBe(431)
    const many = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`x-${index}`, '1']))
    expect(await status({ headers: many })).toBe(431)
    expect(await status({ form: { ...transfer(csrf), more: 'a'.repeat(3000) } })).toBe(413)
    const fields = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`f${index}`, '']))
    expect(await status({ form: fields })).toBe(413)
    expect(await status({ body: '{"csrf":', headers: { 'content-type': 'application/json' } })).toBe(400)
    expect(await status({ form: transfer(csrf) })).toBe(200)
  })

  // By a clock that stands still nothing comes back, however slow the machine is.
  const stopRates = () => vi.useFakeTimers({ toFake: ['performance'] })

  test('who asks too often waits, is told how long, and is told once in the log', async () => {
    stopRates()
    const bank = await openBank()
    const alice = await bank.user('alice')
    const answers = await Promise.all(Array.from({ length: 400 }, () => alice.ask('GET', '/style.css')))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(200)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(200)
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0)
    const told = bank.log.events.filter(({ name }) => name === 'bank:rate_refused')
    expect(told.length).toBeLessThan(refused.length)
  })

  test('passwords cannot be tried for long, neither from one address nor on one user', async () => {
    stopRates()
    // The limit comes before the work.
    const check = vi.spyOn(PasswordCheck.prototype, 'isRight').mockResolvedValue(false)
    onTestFinished(() => check.mockRestore())
    const bank = await openBank({ proxy: '127.0.0.1' })
    const tries = async (guess: (index: number) => { from: string; user: string }) => {
      const visitor = bank.visitor()
      const csrf = await visitor.signInToken()
      const statuses: number[] = []
      for (let index = 0; index < 22; index += 1) {
        const { from, user } = guess(index)
        const form = { user, password: 'guess', csrf }
        statuses.push(
          (await visitor.ask('POST', '/sign-in', { form, headers: { 'x-forwarded-for': from } })).status,
        )
      }
      return [statuses.slice(0, 20), statuses.at(-1)]
    }
    const limited = [Array(20).fill(401), 429]
    expect(await tries((index) => ({ from: `10.0.0.${index}`, user: 'alice' }))).toEqual(limited)
    expect(await tries((index) => ({ from: '10.0.1.1', user: `user-${index}` }))).toEqual(limited)
    expect(check.mock.calls.length).toBeLessThan(44)
  })

  test('five thousand addresses and names leave the count of a user as it is', async () => {
    stopRates()
    const check = vi.spyOn(PasswordCheck.prototype, 'isRight').mockResolvedValue(false)
    onTestFinished(() => check.mockRestore())
    const bank = await openBank({ proxy: '127.0.0.1' })
    const visitor = bank.visitor()
    const csrf = await visitor.signInToken()
    const cookie = `sign-in=${visitor.cookies.get('sign-in')}`
    const guess = async (index: number, user: string) => {
      const from = { 'x-forwarded-for': `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` }
      const headers = { cookie, accept: 'application/json', ...from }
      const body = new URLSearchParams({ user, password: 'guess', csrf })
      const answer = await fetch(`${bank.url}sign-in`, { method: 'POST', headers, body })
      await answer.text()
      return answer.status
    }
    for (let index = 0; index < 20; index += 1) expect(await guess(index, 'alice')).toBe(401)
    for (let index = 100; index < 5100; index += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, more) => guess(index + more, `name-${index + more}`)))
    }
    expect(await guess(6000, 'alice')).toBe(429)
  }, 60_000)

  test('strangers who try passwords do not keep the owner out of their own browser', async () => {
    stopRates()
    const check = vi
      .spyOn(PasswordCheck.prototype, 'isRight')
      .mockImplementation(async (password) => password === passwordOf('alice'))
    onTestFinished(() => check.mockRestore())
    const bank = await openBank({ proxy: '127.0.0.1' })
    const [alice, stranger] = [bank.visitor(), bank.visitor()]
    let address = 0
    const signIn = async (user: typeof alice, password: string, name = 'alice') => {
      address += 1
      const headers = { 'x-forwarded-for': `10.0.0.${address}` }
      const csrf = await user.signInToken()
      return await user.ask('POST', '/sign-in', { form: { user: name, password, csrf }, headers })
    }
    const first = await signIn(alice, passwordOf('alice'))
    const device = first.headers['set-cookie']?.find((line) => line.startsWith('device='))
    expect(device).toMatch(/^device=[\da-f]{32}; Max-Age=\d+; Path=\/sign-in; HttpOnly; SameSite=Strict$/)
    alice.cookies.delete('session')

    for (let index = 0; index < 25; index += 1) await signIn(stranger, 'guess')
    expect((await signIn(stranger, passwordOf('alice'))).status).toBe(429)
    const again = await signIn(alice, passwordOf('alice'))
    expect(again.status).toBe(200)
    alice.cookies.delete('session')
    // A made-up device is a stranger's, and so is alice's for another user.
    stranger.cookies.set('device', 'f'.repeat(32))
    expect((await signIn(stranger, passwordOf('alice'))).status).toBe(429)
    // Nor is it a way in: its own tries come to an end.
    const statuses: number[] = []
    for (let index = 0; index < 21; index += 1) statuses.push((await signIn(alice, 'guess')).status)
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429])
  })

  test('few passwords are checked at once, few wait, others are sent away', async () => {
    const check = new PasswordCheck()
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => check.isRight('guess', undefined)),
    )
    const refused = results.filter((each) => each.status === 'rejected')
    expect(refused).toHaveLength(2)
    expect(results.filter((each) => each.status === 'fulfilled' && each.value === false)).toHaveLength(18)
    expect(await check.isRight(USERS[0]?.password ?? '', USERS[0]?.hash)).toBe(true)
  }, 40_000)

  test('to check a user who does not exist takes as long as one who does', async () => {
    const check = new PasswordCheck()
    const medianMs = async (hash: Parameters<PasswordCheck['isRight']>[1]) => {
      const times: number[] = []
      for (let round = 0; round < 5; round += 1) {
        const beganAtMs = performance.now()
        await check.isRight('guess', hash)
        times.push(performance.now() - beganAtMs)
      }
      return times.sort((a, b) => a - b)[2] ?? 0
    }
    const [exists, not] = [await medianMs(USERS[0]?.hash), await medianMs(undefined)]
    // Without the work for nobody this ratio would be in the hundreds.
    expect(Math.max(exists, not) / Math.min(exists, not)).toBeLessThan(5)
  }, 40_000)
})

test('the passwords on the sign-in page are the right ones', async () => {
  const check = new PasswordCheck()
  const right = await Promise.all(USERS.map(({ password, hash }) => check.isRight(password, hash)))
  expect(right).toEqual([true, true, true, true])
})
