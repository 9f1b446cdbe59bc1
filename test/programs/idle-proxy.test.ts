/** A TCP proxy that forgets what is idle: real sockets at both ends of it. */
import { once } from 'node:events'
import * as net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { type Farewell, type IdleLimit, startIdleProxy } from '../../src/programs/relay/idle-proxy.ts'
import { collectEvents } from '../support/events.ts'

const host = '127.0.0.1'
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Both ends of one connection through a proxy, what each was told, and the proxy. */
async function through(limit?: IdleLimit) {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, host)
  await once(server, 'listening')
  cleanUps.push(() => server.close())
  const to = { host, port: (server.address() as net.AddressInfo).port }
  const events = collectEvents()
  const options = { mechanism: 'proxy', host, port: 0, to, ...(limit === undefined ? {} : { limit }) }
  const proxy = await startIdleProxy(options, events.emit)
  cleanUps.push(() => proxy.close())
  const accepted = once(server, 'connection') as Promise<[net.Socket]>
  const client = net.connect({ host, port: proxy.port, noDelay: true })
  const [atServer] = await accepted
  cleanUps.push(
    () => client.destroy(),
    () => atServer.destroy(),
  )
  return { events, proxy, client, atServer, told: { client: toldTo(client), server: toldTo(atServer) } }
}

/** FIN, or the code of an error, in the order in which they came. */
function toldTo(socket: net.Socket): string[] {
  const told: string[] = []
  socket.on('end', () => told.push('FIN'))
  socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => told.push(code))
  socket.resume()
  return told
}

const [FIN, RST] = [['FIN'], ['ECONNRESET']]

describe('a proxy that forgets', () => {
  test.each<[Farewell, string[], string[]]>([
    ['close', FIN, FIN],
    ['close-client', FIN, []],
    ['close-server', [], FIN],
    ['reset', RST, RST],
    ['reset-client', RST, []],
    ['reset-server', [], RST],
  ])('%s: the client hears %j, the server %j', async (farewell, ofClient, ofServer) => {
    const { proxy, told, client, atServer, events } = await through()
    const { localPort: port } = client
    expect(proxy.limit({ idleMs: 0, farewell })).toMatchObject([{ client: { theirs: port } }])
    await delay(100)
    expect(told).toEqual({ client: ofClient, server: ofServer })
    const forgot = await events.until('relay:forgot')
    expect(forgot.groupId).toBe(`proxy:${port}`)
    // Who was not told can write, and is acknowledged; nobody reads it.
    let reached = 0
    for (const end of [client, atServer]) end.on('data', ({ length }) => (reached += length))
    for (const [end, words] of [[client, ofClient] as const, [atServer, ofServer] as const]) {
      if (words.length > 0) continue
      end.write('anybody there?')
      await delay(50)
      expect(end.writableLength).toBe(0)
      expect(end.readyState).toBe('open')
    }
    expect(reached).toBe(0)
  })

  test('only what is idle for so long, either way', async () => {
    const { proxy, told, client, atServer } = await through({ idleMs: 300, farewell: 'close' })
    const began = performance.now()
    // Longer than the limit, by turns.
    for (const end of [client, atServer, client, atServer]) {
      await delay(150)
      end.write('x')
    }
    expect(told).toEqual({ client: [], server: [] })
    await Promise.all([once(client, 'end'), once(atServer, 'end')])
    expect(performance.now() - began).toBeGreaterThan(850)
    expect(proxy.idleMs()).toBeNull()
  })

  test('told once to forget all, it serves whoever comes later', async () => {
    const { proxy, client } = await through()
    expect(proxy.idleMs()).toBeGreaterThanOrEqual(0)
    proxy.limit({ idleMs: 0, farewell: 'close' })
    await once(client, 'end')
    const later = net.connect({ host, port: proxy.port })
    cleanUps.push(() => later.destroy())
    const told = toldTo(later)
    await delay(100)
    expect(told).toEqual([])
    expect(proxy.idleMs()).toBeGreaterThan(0)
  })

  test('until then FIN goes through one way, and RST', async () => {
    const { client, atServer, told, events } = await through()
    client.end('bye')
    await once(atServer, 'end')
    expect(told.client).toEqual([])
    atServer.resetAndDestroy()
    await new Promise((resolve) => client.once('close', resolve))
    expect(told.client).toEqual(RST)
    expect((await events.until('relay:closed')).data.because).toBe("ECONNRESET from the server's side")
  })
})
