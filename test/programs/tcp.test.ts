import * as net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Program } from '../../src/programs/parts/program.ts'
import { startTcpClient, type TcpClientOptions } from '../../src/programs/tcp-client.ts'
import { startTcpServer, type TcpServerOptions } from '../../src/programs/tcp-server.ts'
import { collectEvents } from '../support/events.ts'

const at = { mechanism: 'tcp', host: '127.0.0.1' }
const timing = { intervalMs: 100, suspectAfterMs: 250, downAfterMs: 450 }

const running: Program[] = []
const rawSockets: net.Socket[] = []
afterEach(async () => {
  for (const socket of rawSockets.splice(0)) socket.destroy()
  await Promise.all(running.splice(0).map((program) => program.close()))
})

/** A server and a client that both believe `up`. */
async function startPair(
  serverOptions: Partial<TcpServerOptions> = {},
  clientOptions: Partial<TcpClientOptions> = {},
) {
  const atServer = collectEvents()
  const atClient = collectEvents()
  const server = await startTcpServer({ ...at, port: 0, ...serverOptions }, atServer.emit)
  running.push(server)
  const client = await startTcpClient({ ...at, port: server.port, ...clientOptions }, atClient.emit)
  running.push(client)
  await atClient.until('belief:updated', (belief) => belief.new === 'up')
  await atServer.until('belief:updated', (belief) => belief.new === 'up')
  return { server, client, atServer, atClient }
}

/** A peer made by hand, byte for byte. */
function connectRaw(port: number): Promise<net.Socket> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port, noDelay: true }, () => resolve(socket))
    socket.on('error', () => {})
    rawSockets.push(socket)
  })
}

describe('a TCP connection', () => {
  test('has the same group at both ends, named by the port that the client tells', async () => {
    const { client, atServer, atClient } = await startPair()
    const group = `tcp:${client.port}`
    expect((await atClient.until('tcp:connected')).groupId).toBe(group)
    expect((await atServer.until('tcp:accepted')).groupId).toBe(group)
    expect(atClient.events.every((event) => event.groupId === group)).toBe(true)
  })

  test('that the server closes is down by FIN, definite, at the client', async () => {
    const { server, atServer, atClient } = await startPair()
    await server.close()
    const { data } = await atClient.until('belief:updated', (belief) => belief.new === 'down')
    expect(data).toEqual({ old: 'up', new: 'down', trigger: 'fin', certainty: 'definite' })
    await atClient.until('tcp:end_received')
    const own = await atServer.until('belief:updated', (belief) => belief.new === 'down')
    expect(own.data.trigger).toBe('user_closed')
  })

  test('that the client closes is down by FIN at the server', async () => {
    const { client, atServer } = await startPair()
    await client.close()
    const { data } = await atServer.until('belief:updated', (belief) => belief.new === 'down')
    expect(data.trigger).toBe('fin')
  })

  test.each(['server', 'client'] as const)(
    'that the %s resets is ECONNRESET at the other end',
    async (who) => {
      const pair = await startPair()
      const [own, other] = who === 'server' ? [pair.atServer, pair.atClient] : [pair.atClient, pair.atServer]
      pair[who].reset()
      const { data } = await other.until('belief:updated', (belief) => belief.new === 'down')
      expect(data).toMatchObject({ trigger: 'econnreset', certainty: 'definite' })
      expect((await other.until('tcp:error_received')).data.code).toBe('ECONNRESET')
      const mine = await own.until('belief:updated', (belief) => belief.new === 'down')
      expect(mine.data.trigger).toBe('user_closed')
    },
  )

  test('carries a line that write() wrote, either way', async () => {
    const { server, client, atServer, atClient } = await startPair()
    client.write()
    server.write()
    const sent = await atClient.until('tcp:written')
    expect((await atServer.until('tcp:received')).data).toEqual(sent.data)
    await atClient.until('tcp:received')
  })

  test('with writeEveryMs is written to again and again, and no more after FIN', async () => {
    const { server, atServer, atClient } = await startPair({}, { writeEveryMs: 10 })
    await atServer.until('tcp:received')
    await server.close()
    await atClient.until('tcp:closed')
    const count = atClient.events.length
    expect(count).toBeGreaterThan(0)
    running[1]?.write()
    expect(atClient.events.length).toBe(count)
  })

  test('observe() tells the options in force', async () => {
    const keepalive = { idleMs: 2000, intervalMs: 1000, probes: 3 }
    const { client, atClient } = await startPair({}, { keepalive })
    client.observe()
    if (process.platform !== 'linux') {
      expect(atClient.events.some((event) => event.name === 'kernel:options_read')).toBe(false)
      return
    }
    expect((await atClient.until('kernel:options_read')).data).toMatchObject({
      keepalive: true,
      keepaliveIdleMs: 2000,
      keepaliveIntervalMs: 1000,
      keepaliveProbes: 3,
    })
  })

  test('to a port where nobody listens is refused: an event, no rejection', async () => {
    const { emit, until } = collectEvents()
    const gone = await startTcpServer({ ...at, port: 0 }, collectEvents().emit)
    await gone.close()
    const client = await startTcpClient({ ...at, port: gone.port }, emit)
    running.push(client)
    const { data, groupId } = await until('belief:updated', (belief) => belief.new === 'down')
    expect(data).toEqual({ old: 'connecting', new: 'down', trigger: 'econnrefused', certainty: 'definite' })
    expect(groupId).toBe(`tcp:${client.port}`)
  })

  test('close() gives up on a peer that never answers FIN', async () => {
    const atServer = collectEvents()
    const server = await startTcpServer({ ...at, port: 0 }, atServer.emit)
    const deaf = net.connect({ host: '127.0.0.1', port: server.port, allowHalfOpen: true })
    rawSockets.push(deaf)
    await atServer.until('tcp:accepted')
    await server.close()
    expect(atServer.events.at(-1)?.name).toBe('tcp:closed')
  })
})

describe('startTcpServer', () => {
  test('rejects with EADDRINUSE when the port is taken', async () => {
    const { server } = await startPair()
    await expect(startTcpServer({ ...at, port: server.port }, collectEvents().emit)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })
})

describe('a TCP connection with heartbeat', () => {
  test('is spoken on by both ends, with round-trip times', async () => {
    const { atServer, atClient } = await startPair({ heartbeat: true, timing }, { heartbeat: true, timing })
    for (const end of [atServer, atClient]) {
      await end.until('heartbeat:ping_received', ({ number }) => number === 2)
      const { data } = await end.until('heartbeat:pong_received', ({ number }) => number === 2)
      expect(data.roundTripMs).toBeGreaterThan(0)
      expect(end.events.some((event) => event.name === 'heartbeat:line_refused')).toBe(false)
    }
  })

  test('answers what a person types into nc', async () => {
    const atServer = collectEvents()
    const server = await startTcpServer({ ...at, port: 0, heartbeat: true }, atServer.emit)
    running.push(server)
    const person = await connectRaw(server.port)
    let heard = ''
    const answered = new Promise<void>((resolve) => {
      person.on('data', (chunk) => {
        heard += chunk
        if (heard.includes('PONG')) resolve()
      })
    })
    person.write('PING 17\r\n')
    await answered
    expect(heard).toBe('PING 0\nPONG 17\n')
  })

  test('suspects a silent peer, takes it for down, and forgives: all unknown, nothing closed', async () => {
    const atServer = collectEvents()
    const server = await startTcpServer({ ...at, port: 0, heartbeat: true, timing }, atServer.emit)
    running.push(server)
    const silent = await connectRaw(server.port)
    const suspect = await atServer.until('belief:updated', (belief) => belief.new === 'suspect')
    expect(suspect.data).toMatchObject({ trigger: 'heartbeat_missed', certainty: 'unknown' })
    expect(suspect.data.silentMs).toBeGreaterThanOrEqual(250)
    const down = await atServer.until('belief:updated', (belief) => belief.new === 'down')
    expect(down.data).toMatchObject({ old: 'suspect', trigger: 'heartbeat_missed', certainty: 'unknown' })
    silent.write('PING 1\n')
    const late = await atServer.until('belief:updated', (belief) => belief.old === 'down')
    expect(late.data).toMatchObject({ new: 'up', trigger: 'heartbeat_late' })
    expect(atServer.events.some((event) => event.name === 'tcp:closed')).toBe(false)
  })

  test('refuses malformed lines by name, does not count them as heard, and goes on', async () => {
    const atServer = collectEvents()
    const server = await startTcpServer({ ...at, port: 0, heartbeat: true, timing }, atServer.emit)
    running.push(server)
    const honest = await startTcpClient(
      { ...at, port: server.port, heartbeat: true, timing },
      collectEvents().emit,
    )
    running.push(honest)
    const rude = await connectRaw(server.port)
    const group = `tcp:${rude.localPort}`
    rude.write(Buffer.concat([Buffer.from(`HELLO\nPING x\n\xff\n${'x'.repeat(70_000)}\n`, 'latin1')]))
    for (const expected of ['UNKNOWN_WORD', 'BAD_NUMBER', 'NOT_ASCII', 'LINE_TOO_LONG']) {
      const { groupId } = await atServer.until(
        'heartbeat:line_refused',
        ({ problem }) => problem === expected,
      )
      expect(groupId).toBe(group)
    }
    await atServer.until('belief:updated', (belief, groupId) => belief.new === 'suspect' && groupId === group)
    rude.end('PING 5\nPIN')
    await atServer.until(
      'heartbeat:ping_received',
      ({ number }, groupId) => number === 5 && groupId === group,
    )
    await atServer.until('heartbeat:line_refused', ({ problem }) => problem === 'EOF_INSIDE_LINE')
    // The honest one next to it was neither doubted nor disturbed.
    const beliefs = atServer.events.filter(
      (event) => event.name === 'belief:updated' && event.groupId === `tcp:${honest.port}`,
    )
    expect(beliefs).toHaveLength(1)
  })

  test('a person at nc who types something else is told what is wrong, and is not told again of an ERROR', async () => {
    const atServer = collectEvents()
    const server = await startTcpServer({ ...at, port: 0, heartbeat: true }, atServer.emit)
    running.push(server)
    const person = await connectRaw(server.port)
    let heard = ''
    person.setEncoding('latin1').on('data', (text) => {
      heard += text
    })
    person.write('hello\n')
    await expect.poll(() => heard).toContain('ERROR UNKNOWN_WORD: a line is PING or PONG and a number\n')
    person.write('PING seventeen\nERROR UNKNOWN_WORD: as another server says\nPING 17\n')
    await expect.poll(() => heard).toContain('PONG 17\n')
    expect(heard.match(/^ERROR \w+/gm)).toEqual(['ERROR UNKNOWN_WORD', 'ERROR BAD_NUMBER'])
    person.destroy()
  })

  test('answers a flood up to its limit and tells of the rest once', async () => {
    const atServer = collectEvents()
    const server = await startTcpServer({ ...at, port: 0, heartbeat: true }, atServer.emit)
    running.push(server)
    const flooder = await connectRaw(server.port)
    flooder.end('PING 1\n'.repeat(20_000))
    await atServer.until('tcp:end_received')
    const named = (name: string) => atServer.events.filter((event) => event.name === name)
    expect(named('heartbeat:ping_received').length).toBeLessThanOrEqual(300)
    expect(named('heartbeat:line_refused').length).toBeGreaterThanOrEqual(1)
    expect(named('heartbeat:line_refused').length).toBeLessThanOrEqual(2)
  })
})
