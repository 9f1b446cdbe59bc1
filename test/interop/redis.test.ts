/** The contract of the stores, kept by a real Redis; and what becomes of it when Redis is away. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { redisStore } from '../../src/store/redis.ts'
import { type Store, StoreUnavailableError } from '../../src/store/store.ts'
import { openBank } from '../programs/bank/support.ts'
import { testContract } from '../store/contract.ts'
import { BankUser } from '../support/bank-user.ts'
import { describeNeeding } from '../support/needs.ts'
import { freePort, hasRedis, startRedis } from '../support/redis.ts'

async function openStore(url: string, prefix = 'test:'): Promise<Store> {
  const store = await redisStore(url, prefix)
  onTestFinished(() => store.close())
  return store
}
const setTo = (store: Store, value: number) =>
  store.update(['a'], () => ({ write: new Map([['a', { value }]]), result: value }))

describeNeeding('redis-server', hasRedis)('a store in Redis', () => {
  testContract(async () => {
    const { url } = await startRedis()
    return [await openStore(url), await openStore(url)]
  })

  test('leaves alone what has another prefix', async () => {
    const { url } = await startRedis()
    const [one, other] = [await openStore(url, 'one:'), await openStore(url, 'other:')]
    await setTo(one, 1)
    expect(await other.get('a')).toBeUndefined()
  })

  test('fails at once while Redis is away, and works when it is back', async () => {
    const redis = await startRedis()
    const store = await openStore(redis.url)
    await setTo(store, 1)
    redis.signal('SIGKILL')
    await redis.ended
    await expect(store.get('a')).rejects.toThrow(StoreUnavailableError)
    const beganAtMs = performance.now()
    const failures = await Promise.allSettled(Array.from({ length: 100 }, () => setTo(store, 2)))
    expect(failures.every(({ status }) => status === 'rejected')).toBe(true)
    expect(performance.now() - beganAtMs).toBeLessThan(1500)

    await startRedis(Number(new URL(redis.url).port))
    for (let tries = 0; ; tries += 1) {
      const back = await store.get('a').catch((error) => error)
      if (!(back instanceof Error)) break
      expect(tries).toBeLessThan(100)
      await delay(50)
    }
    // None of the hundred came after all.
    expect(await store.get('a')).toBeUndefined()
    expect(await setTo(store, 3)).toBe(3)
  })

  test('does not wait for ever for one that is frozen', async () => {
    const redis = await startRedis()
    const store = await openStore(redis.url)
    redis.signal('SIGSTOP')
    const beganAtMs = performance.now()
    await expect(store.get('a')).rejects.toThrow('no answer within 2000 ms')
    expect(performance.now() - beganAtMs).toBeGreaterThan(1990)
    // Those who wait for their turn do not wait one after another.
    const failures = await Promise.allSettled(Array.from({ length: 20 }, () => setTo(store, 2)))
    expect(failures.every(({ status }) => status === 'rejected')).toBe(true)
    expect(performance.now() - beganAtMs).toBeLessThan(8000)
    redis.signal('SIGCONT')
    expect(await setTo(store, 4)).toBe(4)
  })

  test('a bank says so while it is away, and nothing is lost or done twice', async () => {
    const redis = await startRedis()
    const bank = await openBank({ store: await openStore(redis.url) })
    const alice = await bank.user('alice')
    const form = { to: 'bob', amount: '10', key: 'a-key-for-this-test', csrf: await alice.token() }
    redis.signal('SIGSTOP')
    const answer = await alice.ask('POST', '/transfer', { form })
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
    expect((await alice.ask('GET', '/health')).status).toBe(503)
    redis.signal('SIGCONT')
    expect((await alice.ask('POST', '/transfer', { form })).status).toBe(200)
    expect((await alice.account()).json.balance).toBe('990.00')
    expect((await alice.ask('GET', '/health')).status).toBe(200)
  })

  test('two banks share sessions and accounts through it', async () => {
    const { url } = await startRedis()
    const [one, two] = [
      await openBank({ store: await openStore(url) }),
      await openBank({ store: await openStore(url) }),
    ]
    const alice = await one.user('alice')
    const csrf = await alice.token()
    const send = (at: string, key: string) => {
      const user = new BankUser(at)
      for (const [name, value] of alice.cookies) user.cookies.set(name, value)
      return user.ask('POST', '/transfer', { form: { to: 'bob', amount: '1', key, csrf } })
    }
    // The same twenty transfers, asked of both at once: each is done by one of them.
    const keys = Array.from({ length: 20 }, (_, index) => `transfer-${index}`)
    const answers = await Promise.all(keys.flatMap((key) => [send(one.url, key), send(two.url, key)]))
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200))
    expect((await alice.account()).json.balance).toBe('980.00')
    await alice.ask('POST', '/sign-out', { form: { csrf } })
    expect((await send(two.url, 'one-more-transfer')).status).toBe(401)
  })

  test('says where it looked when nobody is there, and never the password', async () => {
    const port = await freePort()
    const failing = redisStore(`redis://user:secret@127.0.0.1:${port}`, 'test:')
    const error = await failing.catch((each: Error) => each)
    expect(error).toBeInstanceOf(StoreUnavailableError)
    expect(String(error)).toContain(`127.0.0.1:${port}`)
    expect(String(error)).toContain('ECONNREFUSED')
    expect(String(error)).not.toContain('secret')
  })

  test('keeps by a Unix socket what is read by a port, and says where it looked', async () => {
    const { url, socketUrl } = await startRedis()
    const [local, byPort] = [await openStore(socketUrl, 'test:'), await openStore(url, 'test:')]
    await local.update([], () => ({ write: new Map([['k', { value: 1 }]]), result: null }))
    expect(await byPort.get('k')).toBe(1)
    const nobody = await openStore(`${socketUrl}.not`, 'test:').catch((each: Error) => each)
    expect(nobody).toBeInstanceOf(StoreUnavailableError)
    expect(String(nobody)).toContain(`${new URL(socketUrl).pathname}.not`)
  })
})
