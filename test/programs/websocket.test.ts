import * as net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Program } from '../../src/programs/parts/program.ts'
import { startWebSocketClient } from '../../src/programs/websocket-client.ts'
import { startWebSocketServer } from '../../src/programs/websocket-server.ts'
import { acceptFor } from '../../src/protocols/websocket/handshake.ts'
import { collectEvents } from '../support/events.ts'

const at = { mechanism: 'websocket', host: '127.0.0.1' }
const timing = { intervalMs: 100, suspectAfterMs: 250, downAfterMs: 450 }

const running: Program[] = []
const raw: { destroy(): unknown }[] = []
afterEach(async () => {
  for (const socket of raw.splice(0)) socket.destroy()
  await Promise.all(running.splice(0).map((program) => program.close()))
})

async function startPair() {
  const atServer = collectEvents()
  const atClient = collectEvents()
  const server = await startWebSocketServer({ ...at, port: 0, timing }, atServer.emit)
  running.push(server)
  const client = await startWebSocketClient({ ...at, port: server.port, timing }, atClient.emit)
  running.push(client)
  await atClient.until('websocket:opened')
  await atServer.until('websocket:opened')
  return { server, client, atServer, atClient }
}

/** A TCP connection that became a WebSocket by hand, so that we own each byte and the FIN. */
async function upgradeRaw(port: number): Promise<net.Socket> {
  const socket = net.connect({ host: '127.0.0.1', port })
  raw.push(socket)
  socket.on('error', () => {})
  socket.write(
    'GET / HTTP/1.1\r\nHost: lab\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await new Promise((resolve) => socket.once('data', resolve))
  return socket
}

describe('a WebSocket', () => {
  test('has one group at both ends, and pings both ways', async () => {
    const { client, atServer, atClient } = await startPair()
    for (const end of [atServer, atClient]) {
      const pong = await end.until('heartbeat:pong_received', ({ number }) => number === 3)
      expect(pong.groupId).toBe(`websocket:${client.port}`)
      expect(pong.data.roundTripMs).toBeGreaterThan(0)
      expect((await end.until('belief:updated', (belief) => belief.new === 'up')).groupId).toBe(pong.groupId)
      expect(end.events.some((event) => event.name === 'heartbeat:line_refused')).toBe(false)
      expect(end.events.some((event) => event.name === 'belief:updated' && 'silentMs' in event.data)).toBe(
        false,
      )
    }
  })

  test.each([
    ['server', 1001],
    ['client', 1000],
  ] as const)('that the %s closes says goodbye with %d', async (who, code) => {
    const pair = await startPair()
    const other = who === 'server' ? pair.atClient : pair.atServer
    await pair[who].close()
    const { data } = await other.until('belief:updated', (belief) => belief.new === 'down')
    expect(data).toMatchObject({ trigger: 'close_frame', certainty: 'definite' })
    expect((await other.until('websocket:close_received')).data.code).toBe(code)
    await other.until('tcp:closed')
  })

  test.each(['server', 'client'] as const)('that the %s resets is 1006 and ECONNRESET', async (who) => {
    const pair = await startPair()
    const other = who === 'server' ? pair.atClient : pair.atServer
    pair[who].reset()
    const { data } = await other.until('belief:updated', (belief) => belief.new === 'down')
    expect(data).toMatchObject({ trigger: 'econnreset', certainty: 'definite' })
    expect((await other.until('websocket:close_received')).data.code).toBe(1006)
  })

  test('that ends by a bare FIN is 1006 and fin', async () => {
    const { server, atServer } = await startPair()
    const bare = await upgradeRaw(server.port)
    const group = `websocket:${bare.localPort}`
    bare.end()
    const { data } = await atServer.until(
      'belief:updated',
      (belief, groupId) => belief.new === 'down' && groupId === group,
    )
    expect(data.trigger).toBe('fin')
    const { code } = (await atServer.until('websocket:close_received', (_, groupId) => groupId === group))
      .data
    expect(code).toBe(1006)
  })

  test('carries a message that write() wrote, either way', async () => {
    const { server, client, atServer, atClient } = await startPair()
    client.write()
    expect((await atServer.until('tcp:received')).data.bytes).toBe(11)
    server.write()
    expect((await atClient.until('tcp:received')).data.bytes).toBe(11)
  })

  test('whose peer is silent is suspected, taken for down, forgiven, and never closed', async () => {
    const atServer = collectEvents()
    const server = await startWebSocketServer({ ...at, port: 0, timing }, atServer.emit)
    running.push(server)
    const silent = new WebSocket(`ws://127.0.0.1:${server.port}/`, { autoPong: false })
    raw.push({ destroy: () => silent.terminate() })
    await atServer.until('belief:updated', (belief) => belief.new === 'suspect')
    const { data } = await atServer.until('belief:updated', (belief) => belief.new === 'down')
    expect(data).toMatchObject({ trigger: 'heartbeat_missed', certainty: 'unknown' })
    silent.send('still here')
    const late = await atServer.until('belief:updated', (belief) => belief.old === 'down')
    expect(late.data).toMatchObject({ new: 'up', trigger: 'heartbeat_late' })
    expect(atServer.events.some((event) => event.name === 'tcp:closed')).toBe(false)
  })

  test('whose peer breaks the protocol is refused by name, and disturbs no other', async () => {
    const { server, client, atServer } = await startPair()
    const rude = await upgradeRaw(server.port)
    const group = `websocket:${rude.localPort}`
    rude.write(Buffer.from('ffffffffffff', 'hex'))
    const { data, groupId } = await atServer.until('heartbeat:line_refused')
    expect(groupId).toBe(group)
    expect(data.problem).toMatch(/^WS_ERR_/)
    await atServer.until('tcp:closed', (_, closed) => closed === group)
    const { number } = (await atServer.until('heartbeat:ping_received')).data
    await atServer.until(
      'heartbeat:ping_received',
      (ping, pinged) => ping.number > number && pinged === `websocket:${client.port}`,
    )
  })

  test('whose ping carries no number is refused as BAD_NUMBER', async () => {
    const { server, atServer } = await startPair()
    const rude = await upgradeRaw(server.port)
    // A ping frame of 2 bytes, "x1", masked with zeros as a client must mask.
    rude.write(Buffer.from('8982000000007831', 'hex'))
    expect((await atServer.until('heartbeat:line_refused')).data).toEqual({
      problem: 'BAD_NUMBER',
      excerpt: 'x1',
    })
  })
})

describe('startWebSocketClient', () => {
  test('to a port where nobody listens is refused: an event, no rejection', async () => {
    const gone = await startWebSocketServer({ ...at, port: 0 }, collectEvents().emit)
    await gone.close()
    const { emit, until } = collectEvents()
    running.push(await startWebSocketClient({ ...at, port: gone.port }, emit))
    const { data } = await until('belief:updated', (belief) => belief.new === 'down')
    expect(data).toMatchObject({ old: 'connecting', trigger: 'econnrefused', certainty: 'definite' })
  })

  test('takes no other answer than the one to its own key', async () => {
    const wrong = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () =>
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
            `Sec-WebSocket-Accept: ${acceptFor('dGhlIHNhbXBsZSBub25jZQ==')}\r\n\r\n`,
        ),
      )
    })
    raw.push({ destroy: () => wrong.close() })
    await new Promise<void>((resolve) => wrong.listen(0, '127.0.0.1', resolve))
    const { emit, until, events } = collectEvents()
    const { port } = wrong.address() as net.AddressInfo
    running.push(await startWebSocketClient({ ...at, port }, emit))
    await until('websocket:upgrade_answered')
    await until('tcp:closed')
    expect(events.some((event) => event.name === 'websocket:opened')).toBe(false)
  })

  test('to a server that speaks no WebSocket is down, and lives', async () => {
    const plain = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
    })
    raw.push({ destroy: () => plain.close() })
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    const { emit, until, events } = collectEvents()
    const { port } = plain.address() as net.AddressInfo
    running.push(await startWebSocketClient({ ...at, port }, emit))
    await until('belief:updated', (belief) => belief.new === 'down')
    expect(events.some((event) => event.name === 'websocket:opened')).toBe(false)
  })
})

describe('a connection led step by step', () => {
  const quiet = { ...at, timing: null, isObserved: true }

  async function startQuietPair(closeTimeoutMs?: number) {
    const atServer = collectEvents()
    const atClient = collectEvents()
    const server = await startWebSocketServer({ ...quiet, port: 0 }, atServer.emit)
    const to = { ...quiet, port: server.port, path: '/here', closeTimeoutMs }
    const client = await startWebSocketClient(to, atClient.emit)
    running.push(server, client)
    const end = await client.opened
    const { groupId = '', data } = await atServer.until('websocket:opened')
    expect(data).toEqual({ path: '/here' })
    return { server, client, end, groupId, atServer, atClient }
  }

  test('is as silent as it is told, and shows its frames', async () => {
    const { end, server, groupId, atServer, atClient } = await startQuietPair()
    expect(end.send('hello')).toBe('taken')
    expect((await atServer.until('websocket:message_received')).data).toEqual({ text: 'hello' })
    expect((await atServer.until('websocket:frame_received')).data).toEqual({
      opcode: 'text',
      isFinal: true,
      isMasked: true,
      payloadBytes: 5,
      frameBytes: 11,
    })
    server.connection(groupId)?.send('to you')
    expect((await atClient.until('websocket:frame_received')).data).toMatchObject({
      isMasked: false,
      frameBytes: 8,
    })
    expect(atServer.events.some(({ name }) => name.startsWith('heartbeat:'))).toBe(false)
  })

  test('both ends saw the same key, and the answer to it', async () => {
    const { atServer, atClient } = await startQuietPair()
    const [here, there] = await Promise.all(
      [atClient, atServer].map((end) => end.until('websocket:upgrade_asked')),
    )
    expect(here?.data).toMatchObject({ key: there?.data.key, version: '13', path: '/here' })
    const answers = await Promise.all(
      [atClient, atServer].map((end) => end.until('websocket:upgrade_answered')),
    )
    for (const { data } of answers) expect(data.accept).toBe(acceptFor(there?.data.key ?? ''))
  })

  test('close() waits for a peer that does not answer as long as it was told, terminate() for nobody', async () => {
    const { end, atClient, server, groupId } = await startQuietPair(300)
    server.connection(groupId)?.endBy('close')
    await atClient.until('websocket:close_received', ({ code }) => code === 1000)
    expect(end.read().readyState).toBe('closed')

    const silent = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', (request) => {
        const key = /Sec-WebSocket-Key: (\S+)/i.exec(request.toString())?.[1] ?? ''
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
            `Sec-WebSocket-Accept: ${acceptFor(key)}\r\n\r\n`,
        )
      })
    })
    raw.push({ destroy: () => silent.close() })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as net.AddressInfo
    const tookMs = async (call: 'close' | 'terminate') => {
      const { emit, until } = collectEvents()
      const client = await startWebSocketClient({ ...quiet, port, closeTimeoutMs: 300 }, emit)
      running.push(client)
      const one = await client.opened
      const calledAtMs = performance.now()
      one.endBy(call)
      if (call === 'close') expect(one.read().readyState).toBe('closing')
      expect((await until('websocket:close_received')).data.code).toBe(1006)
      return performance.now() - calledAtMs
    }
    expect(await tookMs('close')).toBeGreaterThan(290)
    expect(await tookMs('terminate')).toBeLessThan(290)
  })
})

describe('startWebSocketServer', () => {
  test('rejects with EADDRINUSE when the port is taken', async () => {
    const { server } = await startPair()
    await expect(
      startWebSocketServer({ ...at, port: server.port }, collectEvents().emit),
    ).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })

  test('tells a plain HTTP request to upgrade', async () => {
    const { server } = await startPair()
    expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(426)
  })
})
