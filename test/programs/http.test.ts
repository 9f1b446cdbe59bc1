import * as http from 'node:http'
import * as net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { startHttpClient } from '../../src/programs/http-client.ts'
import { startHttpServer } from '../../src/programs/http-server.ts'
import type { Program } from '../../src/programs/parts/program.ts'
import { collectEvents } from '../support/events.ts'

const at = { mechanism: 'http', host: '127.0.0.1' }
const timing = { intervalMs: 50, answerWithinMs: 150 }

const running: Program[] = []
const rawServers: net.Server[] = []
afterEach(async () => {
  for (const server of rawServers.splice(0)) server.close()
  await Promise.all(running.splice(0).map((program) => program.close()))
})

/** A client that has a session and has visited at least once. */
async function startPair() {
  const atServer = collectEvents()
  const atClient = collectEvents()
  const server = await startHttpServer({ ...at, port: 0 }, atServer.emit)
  running.push(server)
  const client = await startHttpClient({ ...at, port: server.port, timing }, atClient.emit)
  running.push(client)
  const { data, groupId } = await atClient.until('http-session:continued')
  return { server, client, atServer, atClient, session: data.session, group: groupId }
}

/** A server made by hand: `answer` gets each connection. */
function listenRaw(answer: (socket: net.Socket) => void): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    answer(socket)
  })
  rawServers.push(server)
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port))
  })
}

function request(port: number, options: http.RequestOptions, body = ''): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    http
      .request({ host: '127.0.0.1', port, agent: false, ...options }, (response) => {
        response.resume()
        resolve(response)
      })
      .once('error', reject)
      .end(body)
  })
}

test('an answer that came while this process did not run is no silence', async () => {
  const answer = 'HTTP/1.1 200 OK\r\nSet-Cookie: session=one; Path=/\r\nContent-Length: 2\r\n\r\n{}'
  const port = await listenRaw((socket) => {
    socket.once('data', () => {
      socket.write(answer)
      const until = performance.now() + 2 * timing.answerWithinMs
      while (performance.now() < until) {
        // Neither end runs, and the answer waits in the client's socket.
      }
    })
  })
  const { emit, events, until } = collectEvents()
  running.push(await startHttpClient({ ...at, port, timing }, emit))
  await until('http:response_received')
  expect(events.filter(({ data }) => 'new' in data && data.new === 'suspect')).toEqual([])
})

describe('an HTTP session', () => {
  test('is one at both ends, and counts over one connection', async () => {
    const { client, atServer, atClient, session, group } = await startPair()
    expect(session).toMatch(/^[0-9a-f]{8}$/)
    expect((await atServer.until('http-session:started')).data.session).toBe(session)
    expect(group).toBe(`http:${client.port}`)
    for (const end of [atServer, atClient]) {
      const third = await end.until('http-session:continued', ({ requests }) => requests === 3)
      expect(third.data.session).toBe(session)
      expect(third.groupId).toBe(group)
    }
    expect(atServer.events.filter((event) => event.name === 'tcp:accepted')).toHaveLength(1)
  })

  test.each(['server', 'client'] as const)(
    'goes on over a new connection after the %s reset the old one',
    async (who) => {
      const pair = await startPair()
      const { atServer, atClient, session, group } = pair
      pair[who].reset()
      const down = await atClient.until('belief:updated', (belief) => belief.new === 'down')
      expect(down.groupId).toBe(group)
      expect(down.data.trigger).toBe(who === 'server' ? 'econnreset' : 'user_closed')
      const connected = await atClient.until('tcp:connected', (_, groupId) => groupId !== group)
      const up = await atClient.until('belief:updated', (belief) => belief.old === 'down')
      expect(up.data).toMatchObject({ new: 'up', trigger: 'heard' })
      expect(up.groupId).toBe(connected.groupId)
      for (const end of [atServer, atClient]) {
        const next = await end.until('http-session:continued', (_, groupId) => groupId === connected.groupId)
        expect(next.data.session).toBe(session)
        expect(next.data.requests).toBeGreaterThan(1)
      }
    },
  )

  test('is refused by a fresh server on the same port, again and again', async () => {
    const { server, atClient, session } = await startPair()
    await server.close()
    const { data } = await atClient.until('belief:updated', (belief) => belief.new === 'down')
    expect(data).toMatchObject({ trigger: 'fin', certainty: 'definite' })
    const fresh = collectEvents()
    running.push(await startHttpServer({ ...at, port: server.port }, fresh.emit))
    const refused = await atClient.until('http-session:denied')
    expect(refused.data).toEqual({ session, status: 401 })
    expect((await fresh.until('http-session:denied')).data.session).toBe(session)
    // The connection is well all the same: it is the session that is gone.
    await atClient.until('belief:updated', (belief) => belief.old === 'down' && belief.new === 'up')
    const { number } = (await atClient.until('http:response_received', ({ status }) => status === 401)).data
    await atClient.until(
      'http:response_received',
      (answer) => answer.number > number && answer.status === 401,
    )
  })

  test('of a client whose server is away is asked for again until it is back', async () => {
    const { server, atClient } = await startPair()
    await server.close()
    const { data } = await atClient.until('http:request_failed')
    expect(data.code).toBe('ECONNREFUSED')
    running.push(await startHttpServer({ ...at, port: server.port }, collectEvents().emit))
    await atClient.until('http-session:denied')
  })
})

describe('startHttpClient', () => {
  test('doubts when an answer is missing, asks nothing more, and forgives a late one', async () => {
    let late = () => {}
    let asked = 0
    const port = await listenRaw((socket) => {
      socket.on('data', () => {
        asked += 1
        late = () => socket.write('HTTP/1.1 204 No Content\r\n\r\n')
      })
    })
    const { emit, until, events } = collectEvents()
    running.push(await startHttpClient({ ...at, port, timing }, emit))
    const { data } = await until('belief:updated', (belief) => belief.new === 'suspect')
    expect(data).toMatchObject({ trigger: 'answer_missed', certainty: 'unknown' })
    expect(data.silentMs).toBeGreaterThanOrEqual(149)
    expect(asked).toBe(1)
    expect(events.filter((event) => event.name === 'http:request_sent')).toHaveLength(1)
    late()
    const forgiven = await until('belief:updated', (belief) => belief.old === 'suspect')
    expect(forgiven.data).toMatchObject({ new: 'up', trigger: 'answer_late' })
  })

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['an answer without end', `HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n${'x'.repeat(5000)}`],
  ])('reports %s as a failed request, and lives', async (_, answer) => {
    const port = await listenRaw((socket) => socket.on('data', () => socket.write(answer)))
    const { emit, until } = collectEvents()
    running.push(await startHttpClient({ ...at, port, timing }, emit))
    await until('http:request_failed')
    expect((await until('belief:updated', (belief) => belief.new === 'down')).data.old).toBe('connecting')
    await until('http:request_failed', ({ number }) => number === 2)
  })

  test('tells FIN from RST while an answer is awaited', async () => {
    const port = await listenRaw((socket) => socket.once('data', () => socket.end()))
    const { emit, until } = collectEvents()
    running.push(await startHttpClient({ ...at, port, timing }, emit))
    expect((await until('http:request_failed')).data.code).toBe('UND_ERR_SOCKET')
    expect((await until('belief:updated', (belief) => belief.new === 'down')).data.trigger).toBe('fin')
  })

  // The agent of node:http tells neither since Node 24: it closes such a connection itself.
  test.each([
    ['FIN', (socket: net.Socket) => socket.end(), 'fin'],
    ['RST', (socket: net.Socket) => socket.resetAndDestroy(), 'econnreset'],
  ])('is told %s while it waits to ask again', async (_, finish, trigger) => {
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
    let server: net.Socket | undefined
    const port = await listenRaw((socket) => {
      server = socket
      socket.once('data', () => socket.write(answer))
    })
    const { emit, until } = collectEvents()
    running.push(await startHttpClient({ ...at, port, timing: { ...timing, intervalMs: 5000 } }, emit))
    await until('http:response_received')
    if (server) finish(server)
    expect((await until('belief:updated', (belief) => belief.new === 'down')).data.trigger).toBe(trigger)
  })
})

describe('startHttpServer', () => {
  test('gives a cookie that scripts and other sites cannot use, and does not say what it runs on', async () => {
    const server = await startHttpServer({ ...at, port: 0 }, collectEvents().emit)
    running.push(server)
    const { headers } = await request(server.port, { method: 'POST', path: '/sign-in' })
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^session=[0-9a-f]{32}; Path=\/; HttpOnly; SameSite=Lax$/),
    ])
    expect(headers).not.toHaveProperty('x-powered-by')
  })

  test.each([
    ['no cookie', {}, 401],
    ['an unknown session', { cookie: 'session=0123' }, 401],
    ['a hostile cookie', { cookie: 'session=__proto__; =;;; session' }, 401],
  ])('answers %s with 401', async (_, headers, status) => {
    const { emit, until } = collectEvents()
    const server = await startHttpServer({ ...at, port: 0 }, emit)
    running.push(server)
    const response = await request(server.port, { path: '/visits', headers })
    expect(response.statusCode).toBe(status)
    expect((await until('http-session:denied')).data.status).toBe(401)
  })

  test('knows one way to write an address', async () => {
    const server = await startHttpServer({ ...at, port: 0 }, collectEvents().emit)
    running.push(server)
    const statusOf = async (path: string) =>
      (await fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'POST' })).status
    expect(await statusOf('/sign-in')).toBe(204)
    expect(await statusOf('/sign-in/')).toBe(404)
    expect(await statusOf('/Sign-In')).toBe(404)
  })

  test('refuses a body that is too large with 413', async () => {
    const server = await startHttpServer({ ...at, port: 0 }, collectEvents().emit)
    running.push(server)
    const response = await request(server.port, { method: 'POST', path: '/sign-in' }, 'x'.repeat(1000))
    expect(response.statusCode).toBe(413)
  })

  test('rejects with EADDRINUSE when the port is taken', async () => {
    const server = await startHttpServer({ ...at, port: 0 }, collectEvents().emit)
    running.push(server)
    await expect(startHttpServer({ ...at, port: server.port }, collectEvents().emit)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })
})
