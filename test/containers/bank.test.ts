/**
 * Two banks behind a balancer, which share sessions and accounts in Redis: one of them is killed while somebody
 * banks there, then Redis. Whoever asks again with the same key has transferred once.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, BankUser } from '../support/bank-user.ts'
import { describeNeeding } from '../support/needs.ts'
import { compose, composeSays, containerOf, docker, hasEngine } from './engine.ts'

const SERVICES = ['redis', 'bank-1', 'bank-2', 'balancer'] as const
const BACK_MS = 20_000

const profile = (...args: string[]) => compose('--profile', 'bank', ...args)

async function untilHealthy(service: string): Promise<void> {
  const giveUpAtMs = performance.now() + BACK_MS
  for (;;) {
    const { stdout } = await docker('inspect', '-f', '{{.State.Health.Status}}', await containerOf(service))
    if (stdout.trim() === 'healthy') return
    if (performance.now() > giveUpAtMs) throw new Error(`${service} is ${stdout.trim()} after ${BACK_MS} ms`)
    await delay(200)
  }
}

/** Asks until somebody answers who could reach the books, as a person does who presses the button again. */
async function transfer(user: BankUser, csrf: string, amount: string): Promise<Answer> {
  const form = { to: 'bob', amount, key: randomUUID(), csrf }
  const giveUpAtMs = performance.now() + BACK_MS
  for (;;) {
    const answer = await user.ask('POST', '/transfer', { form, withinMs: 10_000 })
    if (answer.status < 500 || performance.now() > giveUpAtMs) return answer
    await delay(200)
  }
}

describeNeeding('a Docker engine', hasEngine)('docker compose --profile bank up balancer', () => {
  const down = () => composeSays('--profile', 'bank', 'down', '--volumes', '--remove-orphans')
  beforeAll(async () => {
    await down()
    await profile('build', 'balancer')
    await profile('up', '-d', 'balancer')
    await untilHealthy('balancer')
  })
  afterAll(async () => {
    await down()
    expect((await docker('ps', '-aq', '--filter', 'ancestor=stillhere')).stdout).toBe('')
  })

  test('starts the bank and nothing else, with no more rights than it needs, on loopback', async () => {
    const running = (await profile('ps', '--services', '--filter', 'status=running'))
      .trim()
      .split('\n')
      .sort()
    expect(running).toEqual([...SERVICES].sort())
    for (const service of SERVICES) {
      const format =
        '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.CapAdd}} {{.Config.User}}'
      const { stdout } = await docker('inspect', '-f', format, await containerOf(service))
      expect([service, stdout.trim()]).toEqual([service, 'true [ALL] [] node'])
      const ports = (await docker('port', await containerOf(service))).stdout.trim()
      expect(ports).toBe(service === 'balancer' ? '8080/tcp -> 127.0.0.1:8090' : '')
    }
  })

  test('the store has no network, and a socket that the banks alone share', async () => {
    const of = async (service: string, format: string) =>
      (await docker('inspect', '-f', format, await containerOf(service))).stdout.trim()
    const destinations = '{{range .Mounts}}{{.Destination}} {{end}}'
    for (const service of SERVICES) {
      expect([service, (await of(service, destinations)).includes('/run/redis')]).toEqual([
        service,
        service !== 'balancer',
      ])
      const limits = await of(service, '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}')
      expect(limits).toBe(`${512 * 2 ** 20} 128`)
    }
    expect(await of('redis', '{{.HostConfig.NetworkMode}}')).toBe('none')
    const socket = await docker(
      'exec',
      await containerOf('redis'),
      'stat',
      '-c',
      '%a %U',
      '/run/redis/redis.sock',
    )
    expect(socket.stdout.trim()).toBe('600 node')
  })

  test('a session goes on, and money is moved once, whoever dies', async () => {
    const alice = new BankUser('http://127.0.0.1:8090/')
    const csrf = String((await alice.signIn('alice')).json.csrf)
    const first = await transfer(alice, csrf, '1')
    const served = String(first.headers['x-served-by'])
    expect([first.status, ['bank-1', 'bank-2'].includes(served)]).toEqual([200, true])
    // Sticky: the same bank again.
    expect((await alice.account()).headers['x-served-by']).toBe(served)

    await docker('kill', await containerOf(served))
    const second = await transfer(alice, csrf, '2')
    expect([second.status, second.json.balance]).toEqual([200, '997.00'])
    expect(second.headers['x-served-by']).not.toBe(served)

    await docker('kill', await containerOf('redis'))
    const form = { to: 'bob', amount: '4', key: 'asked-while-it-is-away', csrf }
    expect((await alice.ask('POST', '/transfer', { form, withinMs: 10_000 })).status).toBe(503)
    await docker('start', await containerOf('redis'))
    const third = await transfer(alice, csrf, '8')
    expect([third.status, third.json.balance]).toEqual([200, '989.00'])
    expect((await alice.ask('POST', '/transfer', { form })).json.balance).toBe('985.00')

    await alice.ask('POST', '/sign-out', { form: { csrf } })
    const bob = new BankUser(alice.url)
    await bob.signIn('bob')
    expect((await bob.account()).json.balance).toBe('1015.00')
  })
})
