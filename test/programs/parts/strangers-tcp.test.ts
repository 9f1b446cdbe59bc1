/** Who connects to a server and says nothing, or not enough: it ends, and keeps nobody else out. Every server, on real sockets. */
import * as net from 'node:net'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import type { Emitter } from '../../../src/events/emit.ts'
import { startBalancer } from '../../../src/programs/balancer.ts'
import { startBank } from '../../../src/programs/bank/server.ts'
import { startHttpServer } from '../../../src/programs/http-server.ts'
import { startRelay } from '../../../src/programs/relay/relay.ts'
import { startSessionServer } from '../../../src/programs/session-server.ts'
import { startTcpServer } from '../../../src/programs/tcp-server.ts'
import { startWebSocketServer } from '../../../src/programs/websocket-server.ts'
import { memoryStore } from '../../../src/store/memory.ts'
import { collectEvents } from '../../support/events.ts'

const HOST = '127.0.0.1'
const at = { mechanism: 'tcp', host: HOST, port: 0 }
type Served = { port: number; close(): Promise<void> }

const servers: Record<string, (emit: Emitter) => Promise<Served>> = {
  'tcp-server': (emit) => startTcpServer(at, emit),
  'tcp-server with a heartbeat': (emit) => startTcpServer({ ...at, heartbeat: true }, emit),
  'http-server': (emit) => startHttpServer(at, emit),
  'websocket-server': (emit) => startWebSocketServer(at, emit),
  'session-server': (emit) => startSessionServer({ ...at, carrier: 'tcp' }, emit),
  balancer: (emit) =>
    startBalancer({ ...at, policy: 'round-robin', backends: [{ host: HOST, port: 9 }] }, emit),
  bank: (emit) => startBank({ ...at, name: 'bank', store: memoryStore() }, emit),
  relay: (emit) =>
    startRelay(
      {
        mechanism: 'relay',
        protocol: 'tcp',
        listen: { host: HOST, port: 0 },
        to: { host: HOST, port: sink },
      },
      emit,
    ),
}

/** For the relay: somebody who takes every connection. */
const sinkServer = net.createServer((socket) => socket.on('error', () => {}))
await new Promise<void>((listening) => sinkServer.listen(0, HOST, listening))
afterAll(() => sinkServer.close())
const { port: sink } = sinkServer.address() as net.AddressInfo

type Finish = (done: () => void | Promise<void>) => void

async function serve(name: string, finish: Finish = onTestFinished) {
  const seen = collectEvents()
  const server = await servers[name]?.(seen.emit)
  if (server === undefined) throw new Error(name)
  finish(() => server.close())
  return { port: server.port, seen }
}

/** An open connection from an address of this machine; `ended` resolves with what came when it is over. */
async function connect(port: number, from: string, says = '', finish: Finish = onTestFinished) {
  const socket = net.connect({ port, host: HOST, localAddress: from })
  finish(() => void socket.destroy())
  let heard = ''
  socket.setEncoding('latin1').on('data', (text) => {
    heard += text
  })
  socket.on('error', () => {})
  const openedAtMs = performance.now()
  const ended = new Promise<{ heard: string; afterMs: number }>((resolve) =>
    socket.once('close', () => resolve({ heard, afterMs: performance.now() - openedAtMs })),
  )
  await new Promise<void>((open) => socket.once('connect', open))
  if (says !== '') socket.write(says)
  return { socket, ended }
}

test.each(Object.keys(servers))('%s: a thousand silent strangers make room for each other', async (name) => {
  const { port } = await serve(name)
  const strangers: net.Socket[] = []
  let over = 0
  for (let count = 0; count < 1000; count++) {
    const { socket, ended } = await connect(port, '127.0.0.2')
    strangers.push(socket)
    void ended.then(() => {
      over += 1
    })
  }
  const { socket, ended } = await connect(port, '127.0.0.3', 'GET / HTTP/1.1\r\n')
  // It is served: what it says is read by somebody, and it is still there.
  const isOver = await Promise.race([
    ended.then(() => true),
    new Promise<false>((soon) => setTimeout(() => soon(false), 200)),
  ])
  expect([isOver, socket.destroyed]).toEqual([false, false])
  // At most 200 places for one address: the oldest went first.
  expect(over).toBeGreaterThanOrEqual(800)
  expect(strangers.at(-1)?.destroyed).toBe(false)
  expect(strangers[0]?.destroyed).toBe(true)
})

test.concurrent.for([
  ['tcp-server with a heartbeat', '', 10_000],
  ['tcp-server with a heartbeat', 'GET / HTTP/1.1\r\n\r\n', 10_000],
  ['http-server', '', 5000],
  ['http-server', 'GET /visits HTTP/1.1\r\nHost: x\r\nA: ', 5000],
  ['http-server', 'POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx', 10_000],
  ['websocket-server', '', 5000],
  ['websocket-server', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 0],
  ['websocket-server', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n', 0],
  ['session-server', '', 3000],
  ['balancer', '', 5000],
  ['balancer', 'GET / HTTP/1.1\r\nHost: x\r\nA: ', 5000],
  ['balancer', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx', 10_000],
  ['bank', '', 5000],
] as const)(
  '%s: who says %j is sent away after %d ms',
  { timeout: 20_000 },
  async ([name, says, wantedMs], { onTestFinished: finish, expect: expected }) => {
    const { port } = await serve(name, finish)
    const { ended } = await connect(port, '127.0.0.2', says, finish)
    const { afterMs } = await ended
    expected(afterMs).toBeGreaterThanOrEqual(wantedMs - 50)
    // Looked after once a second, and closed in order within another.
    expected(afterMs).toBeLessThan(wantedMs + 4000)
  },
)

test('tcp-server with a heartbeat: who has spoken once stays, however long it is silent after that', async () => {
  const { port, seen } = await serve('tcp-server with a heartbeat')
  const { socket } = await connect(port, '127.0.0.2', 'PING 1\n')
  const { ended } = await connect(port, '127.0.0.2')
  await ended
  expect(socket.destroyed).toBe(false)
  for (let count = 0; count < 300; count++) await connect(port, '127.0.0.2')
  expect(socket.destroyed).toBe(false)
  expect(seen.events.some(({ name }) => name === 'heartbeat:pong_sent')).toBe(true)
}, 20_000)
