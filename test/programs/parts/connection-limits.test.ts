/** Limits of connections against those who take all places and stay: over real TCP. */
import { once } from 'node:events'
import * as http from 'node:http'
import * as net from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import {
  type Admission,
  admission,
  endWith,
  HTTP_TIME_LIMITS,
} from '../../../src/programs/parts/connection-limits.ts'

/** A server that greets whom it admits, and keeps who says so. */
async function openServer(limits: Parameters<typeof admission>[0]) {
  const places: Admission = admission(limits)
  let isOpen = 0
  const server = net.createServer((socket) => {
    if (!places.admits(socket)) return
    isOpen += 1
    socket.once('close', () => {
      isOpen -= 1
    })
    socket.on('error', () => {})
    socket.on('data', (said) => {
      if (String(said) === 'token') places.keep(socket)
      socket.write('heard')
    })
    socket.write('welcome')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as net.AddressInfo).port, count: () => isOpen }
}

/** A client that stays until it is thrown out. */
function join(port: number, localAddress = '127.0.0.1') {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress })
  onTestFinished(() => void socket.destroy())
  const gone = once(socket, 'close').then(() => 'gone' as const)
  socket.on('error', () => {})
  const greeted = Promise.race([once(socket, 'data').then(() => 'welcome' as const), gone])
  const say = async (text: string) => {
    socket.write(text)
    await once(socket, 'data')
  }
  return { socket, greeted, gone, say }
}

test('the oldest stranger of an address makes room, and nobody of another address', async () => {
  const { port, count } = await openServer({ connectionsMax: 10, perAddressMax: 2 })
  const other = join(port, '127.0.0.2')
  const first = join(port)
  expect(await other.greeted).toBe('welcome')
  expect(await first.greeted).toBe('welcome')
  const second = join(port)
  expect(await second.greeted).toBe('welcome')
  const third = join(port)
  expect(await third.greeted).toBe('welcome')
  expect(await first.gone).toBe('gone')
  expect(count()).toBe(3)
  await other.say('x')
  await second.say('x')
})

test('addresses beyond count, that one machine has plenty of, make room for each other', async () => {
  const { port, count } = await openServer({ connectionsMax: 3, perAddressMax: 2 })
  const guests = []
  for (let number = 2; number < 12; number++) {
    const guest = join(port, `127.0.0.${number}`)
    expect(await guest.greeted).toBe('welcome')
    guests.push(guest)
  }
  await Promise.all(guests.slice(0, -3).map(({ gone }) => gone))
  expect(count()).toBe(3)
})

test('who is kept stays; when all are, whoever comes is turned away', async () => {
  const { port } = await openServer({ connectionsMax: 10, perAddressMax: 2 })
  const known = join(port)
  await known.greeted
  await known.say('token')
  const stranger = join(port)
  await stranger.greeted
  const next = join(port)
  expect(await next.greeted).toBe('welcome')
  expect(await stranger.gone).toBe('gone')
  await next.say('token')
  expect(await join(port).greeted).toBe('gone')
  await known.say('x')
  // A place that becomes free is one.
  next.socket.destroy()
  await next.gone
  await known.say('x')
  expect(await join(port).greeted).toBe('welcome')
})

test('a refused upgrade is answered and gone, though the other end never closes', async () => {
  const server = http.createServer(HTTP_TIME_LIMITS)
  server.on('upgrade', (_request, socket) => endWith(socket, 'HTTP/1.1 403 Refused\r\n\r\n'))
  const accepted = once(server, 'connection') as Promise<[net.Socket]>
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as net.AddressInfo
  const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void client.destroy())
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  const [socket] = await accepted
  const [answer] = (await once(client, 'data')) as [Buffer]
  expect(String(answer)).toBe('HTTP/1.1 403 Refused\r\n\r\n')
  if (!socket.closed) await once(socket, 'close')
  expect(client.writable).toBe(true)
})

test('who sends nothing, or half a request, is gone in time', async () => {
  const server = http.createServer({
    ...HTTP_TIME_LIMITS,
    headersTimeout: 200,
    requestTimeout: 400,
    connectionsCheckingInterval: 50,
  })
  server.on('request', (request, response) => {
    request.resume().on('error', () => {})
    request.on('end', () => response.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as net.AddressInfo
  for (const text of ['', 'GET / HT', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n123']) {
    const client = net.connect(port, '127.0.0.1')
    if (text !== '') client.write(text)
    let answer = ''
    client.on('data', (more) => {
      answer += more
    })
    await once(client, 'close')
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
  }
})
