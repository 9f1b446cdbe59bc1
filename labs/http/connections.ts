/** The cases about connections: how many carry a session, how many sessions one carries, and what keeps them. */
import type { Pair } from '../../src/hosts/host.ts'
import type { Rig } from '../../src/lab/rig.ts'
import type { SocketAddress } from '../../src/lab/sockets.ts'
import type { HttpSettings } from './conditions.ts'
import { Customer, type How } from './customer.ts'

/** What is waited for comes within milliseconds, where the machine has nothing else to do. */
const SOON = { withinMs: 30_000 }
const USERS = ['alice', 'bob', 'carol'] as const

/** One session: over a connection for each request, over one that is kept, and over several at the same time. */
export async function manyConnections(rig: Rig, { a, b }: Pair, settings: HttpSettings): Promise<void> {
  const { requests, sockets } = settings
  const open = async (mechanism: string, how: How) => {
    const at = await rig.sockets(b).bank(mechanism)
    return new Customer({ sockets: rig.sockets(a), mechanism, at }, 'alice', how, `alice ${mechanism}`)
  }

  const alice = await open('per-request', {})
  await alice.signIn()
  for (let request = 0; request < requests; request++) await alice.visit()

  const keeper = await open('kept', { connection: 'one' })
  await keeper.signIn()
  for (let request = 0; request < requests; request++) await keeper.visit()

  const busy = await open('parallel', { connection: '0' })
  await busy.signIn()
  const all = Array.from({ length: sockets }, (_, index) => ({ connection: String(index) }))
  await Promise.all(all.map((how) => busy.visit(how)))
  await Promise.all(all.map((how) => busy.visit(how)))
}

/** Many sessions: from one program that has several users, and through a balancer. */
export async function oneConnection(rig: Rig, { a, b }: Pair): Promise<void> {
  const sockets = rig.sockets(a)
  const shared = { sockets, mechanism: 'one-client', at: await rig.sockets(b).bank('one-client') }
  const neighbours = USERS.map(
    (name) => new Customer(shared, name, { connection: 'one' }, `${name} one-client`),
  )
  for (const user of neighbours) await user.signIn()
  for (const user of neighbours) await user.visit()
  for (const user of neighbours) await user.visit()

  const bank = await rig.sockets(b).bank('proxied')
  const at = await sockets.balancer('proxied', [bank], { policy: 'round-robin', connectionsMax: 1 })
  const clients = USERS.map(
    (name) =>
      new Customer({ sockets, mechanism: 'proxied', at }, name, { connection: name }, `${name} proxied`),
  )
  await Promise.all(clients.map((user) => user.signIn()))
  await Promise.all(clients.map((user) => user.visit()))
  await Promise.all(clients.map((user) => user.visit()))
}

/**
 * Four things that are called "keep alive", each on a connection of its own after one request. Raw sockets: an HTTP
 * client adds headers and probes of its own.
 */
export async function keepAlive(rig: Rig, { a, b }: Pair, settings: HttpSettings): Promise<void> {
  const { quietMs, idleMs, probes, heartbeatEveryMs } = settings
  const tcp = rig.sockets(a).tcp

  const open = async (mechanism: string) => {
    const at = await rig.sockets(b).bank(mechanism, { sessions: { idleMs } })
    const alice = new Customer({ sockets: rig.sockets(a), mechanism, at }, 'alice', {}, `alice ${mechanism}`)
    await alice.signIn()
    return { at, cookie: await alice.cookie() }
  }
  const ask = (cookie: string, version: '1.0' | '1.1', connection?: 'keep-alive') =>
    [
      `GET /account HTTP/${version}`,
      'Host: bank',
      'Accept: application/json',
      `Cookie: ${cookie}`,
      ...(connection === undefined ? [] : [`Connection: ${connection}`]),
      '\r\n',
    ].join('\r\n')
  const speak = async (
    mechanism: string,
    at: SocketAddress,
    text: string,
    conduct: Parameters<typeof tcp.connect>[2] = {},
  ) => {
    const client = await tcp.connect(mechanism, at, conduct)
    await client.connected()
    await client.write(text)
    await rig.untilEvent(a, 'tcp:received', { groupId: client.groupId, ...SOON })
    return client
  }

  const answered = (groupId: string, occurrence: number) =>
    rig.untilEvent(b, 'http:response_sent', { groupId, occurrence, ...SOON })
  /** One request, a long silence, and another one. */
  const silent = async (mechanism: string, text: (cookie: string) => string, conduct = {}) => {
    const { at, cookie } = await open(mechanism)
    const client = await speak(mechanism, at, text(cookie), conduct)
    await client.observe()
    await rig.sleep(quietMs)
    await client.write(text(cookie))
    await answered(client.groupId, 2)
  }
  const header = async () => {
    const { at, cookie } = await open('header')
    // Before HTTP/1.1 a connection was for one request, where nobody asked for more.
    const old = await speak('header', at, ask(cookie, '1.0'))
    await rig.untilEvent(a, 'tcp:end_received', { groupId: old.groupId, ...SOON })
    const client = await speak('header', at, ask(cookie, '1.0', 'keep-alive'))
    await rig.sleep(quietMs)
    await client.write(ask(cookie, '1.0', 'keep-alive'))
    await answered(client.groupId, 2)
  }
  const heartbeat = async () => {
    const { at, cookie } = await open('heartbeat')
    const client = await speak('heartbeat', at, ask(cookie, '1.1'))
    const beats = Math.floor(quietMs / heartbeatEveryMs)
    for (let beat = 1; beat <= beats; beat++) {
      await rig.sleep(heartbeatEveryMs)
      await client.write(ask(cookie, '1.1'))
      await answered(client.groupId, 1 + beat)
    }
  }
  await Promise.all([
    silent('persistent', (cookie) => ask(cookie, '1.1')),
    header(),
    silent('probes', (cookie) => ask(cookie, '1.1'), { keepalive: probes }),
    heartbeat(),
  ])
}

/** HTTPS: what the cookie is then, and the session inside TLS, which is another one. */
export async function tls(rig: Rig, { a, b }: Pair): Promise<void> {
  const sockets = rig.sockets(a)
  const overTls = async (mechanism: string) => {
    const at = await rig.sockets(b).bank(mechanism, { secure: true })
    const secure: How = { tls: { ca: at.certificate ?? '', ticket: false } }
    const alice = new Customer({ sockets, mechanism, at }, 'alice', secure, `alice ${mechanism}`)
    return { at, alice, secure, resumed: { tls: { ca: at.certificate ?? '', ticket: true } } satisfies How }
  }

  const host = await overTls('host-cookie')
  await host.alice.signIn({ connection: 'one' })
  await host.alice.visit({ connection: 'one' })
  // The same host by its other door, which is not locked.
  const plain = await rig.sockets(b).bank('host-cookie')
  const careless = new Customer(
    { sockets, mechanism: 'host-cookie', at: plain },
    'alice',
    {},
    'alice host-cookie',
  )
  await careless.visit()

  const { alice, resumed } = await overTls('ticket')
  await alice.signIn({ connection: 'first' })
  await alice.browser.hangUp('ticket', 'first')
  await alice.visit({ connection: 'second', ...resumed })
  await alice.browser.hangUp('ticket', 'second')
  // The cookie without being resumed; and resumed, but without the cookie.
  await alice.visit({ connection: 'third' })
  await alice.visit({ connection: 'fourth', ...resumed, cookie: '' })
}
