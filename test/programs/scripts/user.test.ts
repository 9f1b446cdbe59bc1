import * as http from 'node:http'
import type * as net from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { UserAsk } from '../../../src/programs/scripts/user/requests.ts'
import { scriptUsers } from '../../../src/programs/scripts/user/script.ts'
import { collectEvents } from '../../support/events.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A site that gives everybody a cookie and says which one came, over which connection. */
async function open(listener?: http.RequestListener) {
  const server = http.createServer(
    listener ??
      ((request, response) => {
        if (request.url === '/sign-in') response.setHeader('Set-Cookie', 'session=s3cret; Path=/; HttpOnly')
        response.end(`${request.headers.cookie ?? 'nobody'} ${request.socket.remotePort}`)
      }),
  )
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port))
  })
  const { emit, ...seen } = collectEvents()
  const users = scriptUsers({ address: '127.0.0.1', emitterOf: () => emit })
  closers.push(() => users.close())
  const ask = async (user: string, path: string, how: Partial<UserAsk> = {}) => {
    const answer = await users.answer.userAsk({
      mechanism: 'web',
      user,
      address: '127.0.0.1',
      port,
      method: 'GET',
      path,
      answerWithinMs: 2000,
      ...how,
    })
    if ('code' in answer) throw new Error(answer.code)
    const [cookie = '', from = ''] = answer.body.split(' ')
    return { ...answer, cookie, from }
  }
  return { port, users, seen, ask }
}

test('a user has a jar, and nobody else has it', async () => {
  const { ask, seen } = await open()
  const signedIn = await ask('alice', '/sign-in')
  expect(signedIn.setCookies).toEqual(['session=s3cret; Path=/; HttpOnly'])
  expect((await ask('alice', '/')).cookie).toBe('session=s3cret')
  expect((await ask('bob', '/')).cookie).toBe('nobody')
  expect((await ask('mallory', '/', { cookie: 'session=s3cret' })).cookie).toBe('session=s3cret')
  expect((await ask('alice', '/', { cookie: '' })).cookie).toBe('nobody')
  const { data } = await seen.until('http:cookie_received')
  expect(data).toMatchObject({ user: 'alice', attributes: ['Path=/', 'HttpOnly'], isPersistent: false })
  // What a cookie says is in no event.
  expect(JSON.stringify(seen.events.filter(({ name }) => name !== 'http:response_received'))).not.toContain(
    's3cret',
  )
})

test('a connection of its own for each request, or a named one for several, of several users', async () => {
  const { ask, users, seen } = await open()
  const own = [await ask('alice', '/'), await ask('alice', '/')]
  expect(new Set(own.map(({ from }) => from)).size).toBe(2)
  const shared = [
    await ask('alice', '/', { connection: 'one' }),
    await ask('bob', '/', { connection: 'one' }),
  ]
  expect(new Set(shared.map(({ from }) => from)).size).toBe(1)
  expect(shared[0]?.groupId).toBe(`web:${shared[0]?.from}`)
  expect(seen.events.filter(({ name }) => name === 'tcp:connected')).toHaveLength(3)
  await users.answer.userHangsUp({ mechanism: 'web', connection: 'one' })
  expect((await ask('alice', '/', { connection: 'one' })).from).not.toBe(shared[0]?.from)
})

test('a closed browser has lost its "session cookie" and its connections', async () => {
  const { ask, users } = await open()
  const { from } = await ask('alice', '/sign-in', { connection: 'one' })
  await users.answer.userClosesBrowser({ user: 'alice' })
  const after = await ask('alice', '/', { connection: 'one' })
  expect(after.cookie).toBe('nobody')
  expect(after.from).not.toBe(from)
})

test('who gets no answer gives up, and hangs up', async () => {
  let over = () => {}
  const closed = new Promise<void>((resolve) => {
    over = resolve
  })
  const { ask, seen } = await open((request) => void request.socket.once('close', over))
  await expect(ask('alice', '/', { answerWithinMs: 100 })).rejects.toThrow('NO_ANSWER')
  await closed
  expect((await seen.until('http:request_failed')).data).toMatchObject({ user: 'alice', code: 'NO_ANSWER' })
})
