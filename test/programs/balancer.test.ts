import * as http from 'node:http'
import * as net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { BALANCER_COOKIE, endToEnd, type Policy, startBalancer } from '../../src/programs/balancer.ts'
import type { Program } from '../../src/programs/parts/program.ts'
import { collectEvents } from '../support/events.ts'

const running: Program[] = []
const servers: http.Server[] = []
const agents: http.Agent[] = []
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy()
  await Promise.all(running.splice(0).map((program) => program.close()))
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

interface Served {
  port: number
  server: http.Server
  requests: { method: string; headers: http.IncomingHttpHeaders; body: string; from: number }[]
}

/** A server that says its name, and remembers what it was asked. */
async function serve(name: string, answer?: http.RequestListener): Promise<Served> {
  const requests: Served['requests'] = []
  const server = http.createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { method = '', headers, socket } = request
    requests.push({ method, headers, body, from: socket.remotePort ?? 0 })
    if (answer === undefined) response.end(name)
    else answer(request, response)
  })
  servers.push(server)
  return { port: await listenOn(server), server, requests }
}

function listenOn(server: net.Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port))
  })
}

async function nobodysPort(): Promise<number> {
  const server = net.createServer()
  const port = await listenOn(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function balance(ports: number[], policy: Policy = 'round-robin', connectionsMax?: number) {
  const { emit, ...seen } = collectEvents()
  const backends = ports.map((port) => ({ host: '127.0.0.1', port }))
  const limit = connectionsMax === undefined ? {} : { connectionsMax }
  const balancer = await startBalancer(
    { mechanism: 'http', host: '127.0.0.1', port: 0, backends, policy, ...limit },
    emit,
  )
  running.push(balancer)
  return { port: balancer.port, seen }
}

interface Answered {
  status: number
  body: string
  headers: http.IncomingHttpHeaders
}

function ask(
  port: number,
  { body = '', agent = false, ...options }: http.RequestOptions & { body?: string } = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, agent, ...options }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      response.once('error', reject)
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }),
      )
    })
    request.once('error', reject)
    request.end(body)
  })
}

function kept(): http.Agent {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  agents.push(agent)
  return agent
}

describe('connections', () => {
  test('many clients travel over one connection to the server', async () => {
    const server = await serve('one')
    const { port, seen } = await balance([server.port], 'round-robin', 1)
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(port, { agent: kept() })))
    expect(answers.map(({ body }) => body)).toEqual(Array(5).fill('one'))
    expect(new Set(server.requests.map(({ from }) => from)).size).toBe(1)
    const forwarded = seen.events.filter(({ name }) => name === 'balancer:forwarded')
    expect(forwarded.map(({ data }) => (data as { reused: boolean }).reused)).toEqual([
      false,
      true,
      true,
      true,
      true,
    ])
    expect(new Set(forwarded.map(({ groupId }) => groupId)).size).toBe(5)
  })

  test('are one for all requests that come one after the other', async () => {
    const server = await serve('one')
    const { port } = await balance([server.port])
    for (let request = 0; request < 4; request++) await ask(port)
    expect(new Set(server.requests.map(({ from }) => from)).size).toBe(1)
  })
})

describe('who is asked', () => {
  test('round-robin takes turns', async () => {
    const [one, two] = [await serve('one'), await serve('two')]
    const { port } = await balance([one.port, two.port])
    const bodies: string[] = []
    for (let request = 0; request < 4; request++) bodies.push((await ask(port)).body)
    expect(bodies).toEqual(['one', 'two', 'one', 'two'])
  })

  test('sticky keeps who brings its cookie, and believes no made-up one', async () => {
    const [one, two] = [await serve('one'), await serve('two')]
    const { port } = await balance([one.port, two.port], 'sticky')
    const first = await ask(port)
    const [cookie = ''] = first.headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^balancer=[0-9a-f]{8}; Path=\/; HttpOnly; SameSite=Lax$/)
    const headers = { cookie: cookie.split(';')[0] }
    for (let request = 0; request < 3; request++) {
      const next = await ask(port, { headers })
      expect(next.body).toBe(first.body)
      expect(next.headers['set-cookie']).toBeUndefined()
    }
    const stranger = await ask(port, { headers: { cookie: `${BALANCER_COOKIE}=../../etc` } })
    expect(stranger.status).toBe(200)
    expect(stranger.headers['set-cookie']).toHaveLength(1)
  })
})

describe('a server that is gone', () => {
  test('is passed over and taken out, also for a POST, which cannot have reached it', async () => {
    const two = await serve('two')
    const { port, seen } = await balance([await nobodysPort(), two.port])
    expect(await ask(port, { method: 'POST', body: 'a' })).toMatchObject({ status: 200, body: 'two' })
    expect((await seen.until('balancer:backend_updated')).data).toMatchObject({
      new: 'out',
      because: 'ECONNREFUSED',
    })
    for (let request = 0; request < 3; request++) expect((await ask(port)).body).toBe('two')
    expect(seen.events.filter(({ name }) => name === 'balancer:backend_updated')).toHaveLength(1)
    expect(two.requests[0]).toMatchObject({ method: 'POST', body: 'a' })
  })

  test('502 when there is no other', async () => {
    const { port } = await balance([await nobodysPort()])
    expect((await ask(port)).status).toBe(502)
  })

  test.each([
    ['GET', 200, 1],
    ['POST', 502, 0],
  ])(
    '%s that was sent before it died: %i, and the other is asked %i times',
    async (method, status, asked) => {
      const dying = await serve('dying', (request) => request.socket.destroy())
      const other = await serve('other')
      const { port } = await balance([dying.port, other.port])
      expect((await ask(port, { method, body: method === 'POST' ? 'pay' : '' })).status).toBe(status)
      expect(dying.requests).toHaveLength(1)
      expect(other.requests).toHaveLength(asked)
    },
  )

  test('sends those who were bound to it elsewhere, with another cookie', async () => {
    const [one, two] = [await serve('one'), await serve('two')]
    const { port } = await balance([one.port, two.port], 'sticky')
    const first = await ask(port)
    const cookie = first.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    one.server.closeAllConnections()
    await new Promise((resolve) => one.server.close(resolve))
    const next = await ask(port, { headers: { cookie } })
    expect(next.body).toBe('two')
    expect(next.headers['set-cookie']?.[0]).not.toContain(cookie)
  })

  test('an answer that breaks off is broken off for the client too', async () => {
    const breaking = await serve('', (_, response) => {
      response.writeHead(200, { 'Content-Length': 100 })
      response.write('half', () => response.destroy())
    })
    const { port } = await balance([breaking.port])
    await expect(ask(port)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
})

describe('headers', () => {
  test('for one hop are not passed on, and who asks is told anew', async () => {
    const server = await serve('one')
    const { port } = await balance([server.port])
    await ask(port, {
      headers: {
        Connection: 'keep-alive, X-Secret',
        'X-Secret': 'for this hop',
        'Keep-Alive': 'timeout=1',
        TE: 'trailers',
        'X-Forwarded-For': '192.0.2.1',
        'X-Forwarded-Proto': 'https',
        Forwarded: 'for=192.0.2.1',
        Host: 'bank.example',
        Cookie: 'session=1',
      },
    })
    const headers: http.IncomingHttpHeaders = server.requests[0]?.headers ?? {}
    expect(headers).toMatchObject({
      host: 'bank.example',
      cookie: 'session=1',
      via: '1.1 balancer',
      forwarded: 'for=127.0.0.1;host="bank.example";proto=http',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
    })
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['x-secret']))
    expect(headers['keep-alive']).toBeUndefined()
    expect(headers.te).toBeUndefined()
  })

  test('of an answer: each Set-Cookie stays one of its own', async () => {
    const server = await serve('', (_, response) => {
      response.writeHead(200, [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['Connection', 'close, X-Hop'],
        ['X-Hop', '1'],
      ] as never)
      response.end()
    })
    const { port } = await balance([server.port])
    const { headers } = await ask(port)
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(headers['x-hop']).toBeUndefined()
  })

  test('endToEnd() leaves a list without what Connection names', () => {
    expect(endToEnd({ connection: ['close, A', ' b '], a: ['1'], b: ['2'], c: ['3', '4'] })).toEqual({
      c: ['3', '4'],
    })
  })
})

describe('limits', () => {
  test('a body that is too large is refused with 413, and no server hears of it', async () => {
    const server = await serve('one')
    const { port } = await balance([server.port])
    const { status } = await ask(port, { method: 'POST', body: 'x'.repeat(70_000) }).catch(
      ({ code }: NodeJS.ErrnoException) => ({ status: code }),
    )
    // It says so and closes; who is still sending may be told by RST first (RFC 9112 section 9.6).
    expect([413, 'ECONNRESET', 'EPIPE']).toContain(status)
    expect(server.requests).toEqual([])
    expect((await ask(port)).status).toBe(200)
  })

  test('headers that are too large are refused with 431', async () => {
    const server = await serve('one')
    const { port } = await balance([server.port])
    expect((await ask(port, { headers: { cookie: 'x'.repeat(17_000) } })).status).toBe(431)
    expect(server.requests).toEqual([])
  })

  test('more requests than it holds are refused with 503', async () => {
    const waiting: http.ServerResponse[] = []
    const slow = await serve('', (_, response) => waiting.push(response))
    const { port } = await balance([slow.port], 'round-robin', 1)
    // From two addresses: one alone may not have as many connections.
    const all = Array.from({ length: 201 }, (_, each) =>
      ask(port, { localAddress: each % 2 === 0 ? '127.0.0.2' : '127.0.0.3' }),
    )
    const first = await Promise.race(all)
    expect(first.status).toBe(503)
    slow.server.closeAllConnections()
    slow.server.close()
    const rest = await Promise.all(all)
    expect(rest.filter(({ status }) => status === 503)).toHaveLength(1)
  })

  test('a client that goes away takes its request along', async () => {
    let gone = () => {}
    const told = new Promise<void>((resolve) => {
      gone = resolve
    })
    const slow = await serve('', (request) => void request.socket.once('close', gone))
    const { port } = await balance([slow.port])
    const client = net.connect(port, '127.0.0.1', () => client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))
    client.on('error', () => {})
    await expect.poll(() => slow.requests.length).toBe(1)
    client.resetAndDestroy()
    await told
    expect(slow.requests).toHaveLength(1)
  })
})

describe('strangers', () => {
  /** Sends bytes as they are. @returns what comes back until the connection ends */
  function raw(port: number, bytes: string, from = '127.0.0.1'): Promise<string> {
    return new Promise((resolve) => {
      let answer = ''
      const socket = net.connect({ port, host: '127.0.0.1', localAddress: from }, () => socket.write(bytes))
      socket.setEncoding('latin1').on('data', (text) => {
        answer += text
      })
      socket.on('error', () => {})
      socket.once('close', () => resolve(answer))
    })
  }

  test.each([
    ['gzip, chunked', 501],
    ['identity, chunked', 501],
    ['gzip', 501],
    ['chunked, chunked', 400],
  ])('a request with the transfer coding "%s" is refused, and reaches no server', async (coding, status) => {
    const server = await serve('one')
    const { port } = await balance([server.port])
    const answer = await raw(
      port,
      `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ${coding}\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
    )
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(server.requests).toHaveLength(0)
  })

  test('two Host lines are refused, the same or not, and reach no server', async () => {
    const server = await serve('one')
    const { port } = await balance([server.port])
    for (const other of ['x', 'y']) {
      const answer = await raw(
        port,
        `GET / HTTP/1.1\r\nHost: x\r\nHost: ${other}\r\nConnection: close\r\n\r\n`,
      )
      expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    }
    expect(server.requests).toHaveLength(0)
  })

  test('an answer with a transfer coding that is not undone is no answer', async () => {
    const odd = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () =>
        socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n'),
      )
    })
    const { port } = await balance([await listenOn(odd)])
    expect(await ask(port)).toMatchObject({ status: 502 })
    odd.close()
  })

  test('chunks are undone, as before', async () => {
    const server = await serve('one')
    const { port } = await balance([server.port])
    await raw(
      port,
      'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    )
    expect(server.requests).toMatchObject([{ body: 'x', headers: { 'content-length': '1' } }])
  })

  test('a body that is too large, and never ends, is refused, and its connection ends', async () => {
    const server = await serve('one')
    const { port } = await balance([server.port])
    const begun = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n${'x'.repeat(66_000)}`
    expect(await raw(port, begun)).toMatch(/^HTTP\/1\.1 413 /)
    expect(await ask(port)).toMatchObject({ status: 200 })
    expect(server.requests).toMatchObject([{ method: 'GET' }])
  })

  test('bodies that never end keep nobody out', async () => {
    const server = await serve('one')
    const { port, seen } = await balance([server.port])
    const unfinished = [2, 3].flatMap((last) =>
      Array.from({ length: 150 }, () =>
        raw(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx', `127.0.0.${last}`),
      ),
    )
    await seen.until('http:request_received', () => {
      return seen.events.filter(({ name }) => name === 'http:request_received').length === 300
    })
    expect(await ask(port)).toMatchObject({ status: 200, body: 'one' })
    // And they end.
    for (const answer of await Promise.all(unfinished)) expect(answer).toMatch(/^(HTTP\/1\.1 408 |$)/)
  }, 20_000)
})
