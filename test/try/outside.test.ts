/** The proxy of `--allow-outside`, spoken to byte by byte. */
import { once } from 'node:events'
import * as net from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openWayOut } from '../../src/try/outside.ts'
import { temporaryFolder } from '../support/cli.ts'

const WITHIN_MS = 3000

/** A server of this machine that does what it is told with each connection. */
async function origin(onConnection: (socket: net.Socket) => void) {
  let connections = 0
  const server = net.createServer((socket) => {
    connections += 1
    socket.on('error', () => {})
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as net.AddressInfo).port, connections: () => connections }
}

/** Sends this through the proxy. @returns what came, and that it came to an end */
async function ask(text: string, allowLoopback: boolean): Promise<{ answer: string; isOver: boolean }> {
  const path = join(temporaryFolder(), 'way-out')
  const wayOut = await openWayOut(path, { allowLoopback })
  const socket = net.connect(path)
  onTestFinished(() => {
    socket.destroy()
    wayOut.close()
  })
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk
  })
  socket.on('error', () => {})
  socket.write(text)
  const isOver = await Promise.race([
    once(socket, 'close').then(() => true),
    new Promise<false>((resolve) => setTimeout(() => resolve(false), WITHIN_MS)),
  ])
  return { answer, isOver }
}

test('headers for one connection are dropped, both ways', async () => {
  let asked = ''
  const { port } = await origin((socket) => {
    socket.on('data', (chunk) => {
      asked += String(chunk)
      socket.end(
        'HTTP/1.1 200 OK\r\nConnection: close, X-Theirs\r\nX-Theirs: 1\r\nKeep-Alive: timeout=5\r\n' +
          'Upgrade: h2c\r\nProxy-Authenticate: Basic\r\nX-Kept: yes\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n' +
          'Content-Length: 5\r\n\r\nhello',
      )
    })
  })
  const { answer } = await ask(
    `GET http://127.0.0.1:${port}/path?q HTTP/1.1\r\nHost: elsewhere\r\nConnection: close, X-Ours\r\nX-Ours: 1\r\n` +
      'Keep-Alive: 1\r\nProxy-Connection: close\r\nTE: trailers\r\nUpgrade: websocket\r\n' +
      'Proxy-Authorization: Basic secret\r\nX-Kept: yes\r\nVia: 1.1 other\r\n\r\n',
    true,
  )
  expect(asked.split('\r\n')[0]).toBe('GET /path?q HTTP/1.1')
  expect(asked).toContain(`Host: 127.0.0.1:${port}\r\n`)
  expect(asked.toLowerCase()).toContain('x-kept: yes\r\n')
  expect(asked.toLowerCase()).toMatch(/via: 1.1 other(, |\r\nvia: )1.1 way-out\r\n/)
  for (const name of ['x-ours', 'keep-alive:', 'proxy-', '\r\nte:', 'upgrade', 'elsewhere']) {
    expect(asked.toLowerCase()).not.toContain(name)
  }
  expect(answer).toContain('HTTP/1.1 200 OK\r\n')
  expect(answer.toLowerCase()).toContain('x-kept: yes\r\n')
  expect(answer.toLowerCase().match(/set-cookie: [ab]=[12]/g)).toHaveLength(2)
  expect(answer).toContain('\r\n\r\nhello')
  for (const name of ['x-theirs', 'timeout=5', 'upgrade', 'proxy-']) {
    expect(answer.toLowerCase()).not.toContain(name)
  }
})

test('a body without a length arrives whole', async () => {
  let asked = ''
  const { port } = await origin((socket) => {
    socket.on('data', (chunk) => {
      asked += String(chunk)
      if (asked.endsWith('0\r\n\r\n')) socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n')
    })
  })
  const { answer } = await ask(
    `DELETE http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n`,
    true,
  )
  expect(asked).toContain('\r\n4\r\nbody\r\n0\r\n\r\n')
  expect(answer).toContain('HTTP/1.1 204')
})

test('in an open tunnel nobody hears of a 502', async () => {
  const { port } = await origin((socket) => {
    socket.write('hello', () => setTimeout(() => socket.resetAndDestroy(), 100))
  })
  const { answer, isOver } = await ask(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\n\r\n`, true)
  expect(answer).toBe('HTTP/1.1 200 Connection Established\r\n\r\nhello')
  expect(isOver).toBe(true)
})

test('a tunnel to where nobody listens is a 502', async () => {
  const { answer } = await ask('CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n', true)
  expect(answer).toBe('HTTP/1.1 502 Bad Gateway\r\n\r\n')
})

test('who has said all may still listen, through a tunnel', async () => {
  let heard = ''
  const { port } = await origin((socket) => {
    socket.end('their last word')
    socket.on('data', (chunk) => {
      heard += String(chunk)
    })
  })
  const path = join(temporaryFolder(), 'way-out')
  const wayOut = await openWayOut(path, { allowLoopback: true })
  const socket = net.connect({ path, allowHalfOpen: true })
  onTestFinished(() => {
    socket.destroy()
    wayOut.close()
  })
  socket.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\n\r\n`)
  socket.resume()
  await once(socket, 'end')
  socket.end('our last word')
  await once(socket, 'close')
  await expect.poll(() => heard, { timeout: WITHIN_MS }).toBe('our last word')
})

test.each(['Content-Length: 100', 'Transfer-Encoding: chunked'])(
  'an answer that breaks off (%s) is over, and not whole',
  async (length) => {
    const { port } = await origin((socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\n${length}\r\n\r\n5\r\nhello\r\n`, () =>
          setTimeout(() => socket.resetAndDestroy(), 100),
        )
      })
    })
    const { answer, isOver } = await ask(
      `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      true,
    )
    expect(answer).toContain('hello')
    expect(answer).not.toContain('\r\n0\r\n\r\n')
    expect(isOver).toBe(true)
  },
)

test.each([
  '127.0.0.1',
  '127.9.8.7',
  '127.1',
  '2130706433',
  '0x7f000001',
  'localhost',
  '0.0.0.0',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:0:0:1]',
])('the loopback of this machine is not outside, as %s', async (host) => {
  const { port, connections } = await origin((socket) => socket.destroy())
  const connect = await ask(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: x\r\n\r\n`, false)
  expect(connect.answer).toBe('HTTP/1.1 403 Forbidden\r\n\r\n')
  const get = await ask(`GET http://${host}:${port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, false)
  expect(get.answer).toMatch(/^HTTP\/1.1 403 /)
  expect(connections()).toBe(0)
})
