/** Money: exact, moved once, and nowhere else. */
import { describe, expect, test } from 'vitest'
import { amountOf, centsOf } from '../../../src/programs/bank/transfer.ts'
import { passwordOf } from '../../support/bank-user.ts'
import { openBank } from './support.ts'

const KEY = 'a-key-for-this-test'

describe('an amount', () => {
  test.each([
    ['12', 1200],
    ['12.5', 1250],
    ['12.05', 1205],
    ['0.01', 1],
    ['9999999.99', 999_999_999],
  ])('%s is %i cents', (text, cents) => {
    expect(centsOf(text)).toBe(cents)
  })
  test.each([
    '',
    '0',
    '0.00',
    '-1',
    '+1',
    '1e3',
    '1.',
    '.5',
    '1.234',
    '1,5',
    ' 1',
    '1 ',
    '٣',
    'NaN',
    '12345678',
    '0x10',
  ])('%j is none', (text) => expect(centsOf(text)).toBeNull())
  test('is written with its cents', () => {
    expect([1, 10, 100_000, 123_456].map(amountOf)).toEqual(['0.01', '0.10', '1000.00', '1234.56'])
  })
})

describe('a transfer', () => {
  async function signedIn() {
    const bank = await openBank()
    const [alice, bob] = [await bank.user('alice'), await bank.user('bob')]
    const csrf = await alice.token()
    const send = (amount: string, key = KEY, to = 'bob', headers = {}) =>
      alice.ask('POST', '/transfer', { form: { to, amount, key, csrf }, headers })
    const balances = async () => [(await alice.account()).json.balance, (await bob.account()).json.balance]
    return { bank, alice, bob, csrf, send, balances }
  }

  test('takes here and gives there', async () => {
    const { send, balances, bob } = await signedIn()
    const answer = await send('12.34')
    expect(answer.json).toEqual({ transfer: 'alice-1', to: 'bob', amount: '12.34', balance: '987.66' })
    expect(await balances()).toEqual(['987.66', '1012.34'])
    expect((await bob.account()).json.recent).toMatchObject([
      { transfer: 'alice-1', with: 'alice', cents: 1234 },
    ])
  })

  test('asked for again with its key gets the same answer, and is done once, also all at once', async () => {
    const { send, balances, bank } = await signedIn()
    const answers = await Promise.all(Array.from({ length: 10 }, () => send('10')))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(answers.filter(({ headers }) => headers['idempotent-replayed'] === 'true')).toHaveLength(9)
    expect(await balances()).toEqual(['990.00', '1010.00'])
    expect(bank.log.events.filter(({ name }) => name === 'bank:transfer_done')).toHaveLength(1)
    expect(bank.log.events.filter(({ name }) => name === 'bank:transfer_repeated')).toHaveLength(9)
  })

  test('with another key is another transfer', async () => {
    const { send, balances } = await signedIn()
    await send('10', 'first-key')
    expect((await send('10', 'second-key')).json.transfer).toBe('alice-2')
    expect(await balances()).toEqual(['980.00', '1020.00'])
  })

  test('with the key of another is refused', async () => {
    const { send, balances } = await signedIn()
    await send('10')
    expect((await send('11')).status).toBe(422)
    expect((await send('10', KEY, 'carol')).status).toBe(422)
    expect(await balances()).toEqual(['990.00', '1010.00'])
  })

  test('may have its key in the header, with quotes or without', async () => {
    const { send, balances } = await signedIn()
    await send('10', '', 'bob', { 'idempotency-key': `"${KEY}"` })
    await send('10', '', 'bob', { 'idempotency-key': KEY })
    expect(await balances()).toEqual(['990.00', '1010.00'])
  })

  test("has a key of its sender's, whoever else has the same", async () => {
    const { send, balances, bob } = await signedIn()
    await send('10')
    const form = { to: 'alice', amount: '10', key: KEY, csrf: await bob.token() }
    expect((await bob.ask('POST', '/transfer', { form })).json.transfer).toBe('bob-1')
    expect(await balances()).toEqual(['1000.00', '1000.00'])
  })

  test('of more than there is moves nothing, and stays refused under its key', async () => {
    const { alice, csrf, balances, bob } = await signedIn()
    const password = passwordOf('alice')
    const send = (key = KEY) =>
      alice.ask('POST', '/transfer', { form: { to: 'bob', amount: '1000.01', key, csrf, password } })
    expect((await send()).status).toBe(409)
    const form = { to: 'alice', amount: '10', key: KEY, csrf: await bob.token() }
    await bob.ask('POST', '/transfer', { form })
    expect((await send()).status).toBe(409)
    expect(await balances()).toEqual(['1010.00', '990.00'])
    expect((await send('another-key')).status).toBe(200)
  })

  test.each([
    ['no amount', { amount: '' }, 422],
    ['less than nothing', { amount: '-5' }, 422],
    ['nobody', { to: 'mallory' }, 422],
    ['a name from the prototype', { to: '__proto__' }, 422],
    ['herself', { to: 'alice' }, 422],
    ['no key', { key: '' }, 400],
    ['a key that is none', { key: 'a:b' }, 400],
  ])('with %s is refused with a sentence', async (_, wrong, status) => {
    const { alice, csrf, balances } = await signedIn()
    const form = { to: 'bob', amount: '10', key: KEY, csrf, ...wrong }
    const answer = await alice.ask('POST', '/transfer', { form })
    expect(answer.status).toBe(status)
    expect(String(answer.json.detail)).toMatch(/^[A-Z].{10,}\.$/)
    expect(await balances()).toEqual(['1000.00', '1000.00'])
  })

  test('as JSON takes text and nothing else', async () => {
    const { alice, csrf, balances } = await signedIn()
    const headers = { 'content-type': 'application/json' }
    for (const amount of [10, ['10'], { toString: '10' }, null]) {
      const body = JSON.stringify({ to: 'bob', amount, key: KEY, csrf })
      expect((await alice.ask('POST', '/transfer', { body, headers })).status).toBe(422)
    }
    const body = JSON.stringify({ to: 'bob', amount: '10', key: KEY, csrf })
    expect((await alice.ask('POST', '/transfer', { body, headers })).status).toBe(200)
    expect(await balances()).toEqual(['990.00', '1010.00'])
  })

  test('from a form leads back to the account, which may be loaded again', async () => {
    const { alice, csrf, balances } = await signedIn()
    const headers = { accept: 'text/html' }
    const form = { to: 'bob', amount: '10', key: KEY, csrf }
    const { status, headers: answered } = await alice.ask('POST', '/transfer', { form, headers })
    expect([status, answered.location]).toEqual([303, '/account?transfer=alice-1'])
    const page = await alice.ask('GET', '/account?transfer=alice-1', { headers })
    expect(page.text).toContain('Transfer alice-1 is done: 10.00 to bob.')
    expect(await balances()).toEqual(['990.00', '1010.00'])
  })
})
