import * as dgram from 'node:dgram'
import { afterEach, describe, expect, test } from 'vitest'
import type { Program } from '../../src/programs/program.ts'
import { startUdpClient } from '../../src/programs/udp-client.ts'
import { startUdpHeartbeat } from '../../src/programs/udp-heartbeat.ts'
import { startUdpServer } from '../../src/programs/udp-server.ts'
import { bindUdp, connectUdp } from '../../src/programs/udp-socket.ts'
import { collectEvents } from '../support/events.ts'

const at = { mechanism: 'udp', host: '127.0.0.1' }
const timing = { intervalMs: 100, suspectAfterMs: 250, downAfterMs: 450 }

const running: Program[] = []
const rawSockets: dgram.Socket[] = []
afterEach(async () => {
  for (const socket of rawSockets.splice(0)) socket.close()
  await Promise.all(running.splice(0).map((program) => program.close()))
})

async function started(starting: Promise<Program>): Promise<Program> {
  const program = await starting
  running.push(program)
  return program
}

async function connectRaw(port: number): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4')
  rawSockets.push(socket)
  await connectUdp(socket, { host: '127.0.0.1', port })
  return socket
}

/** A port where nobody listens: one was there a moment ago. */
async function closedPort(): Promise<number> {
  const gone = await startUdpServer({ ...at, port: 0 }, collectEvents().emit)
  await gone.close()
  return gone.port
}

describe('startUdpClient', () => {
  test('sends to a server whose belief becomes up, and whose death of the sender changes nothing', async () => {
    const atServer = collectEvents()
    const atClient = collectEvents()
    const server = await started(startUdpServer({ ...at, port: 0 }, atServer.emit))
    const client = await startUdpClient({ ...at, port: server.port, intervalMs: 20 }, atClient.emit)
    const { groupId, data } = await atServer.until('belief:updated')
    expect(groupId).toBe(`udp:${client.port}`)
    expect(data).toEqual({ old: 'unknown', new: 'up', trigger: 'heard', certainty: 'definite' })
    await atClient.until('udp:datagram_sent')
    await client.close()
    const other = await connectRaw(server.port)
    other.send('from somebody else')
    await atServer.until('belief:updated', (_, group) => group === `udp:${other.address().port}`)
    const ofClient = atServer.events.filter(
      (event) => event.name === 'belief:updated' && event.groupId === groupId,
    )
    expect(ofClient).toHaveLength(1)
  })

  test('hears of a closed port, believes down as of then, and goes on sending', async () => {
    const { emit, until, events } = collectEvents()
    await started(startUdpClient({ ...at, port: await closedPort(), intervalMs: 20 }, emit))
    const { data } = await until('belief:updated')
    expect(data).toEqual({ old: 'unknown', new: 'down', trigger: 'econnrefused', certainty: 'definite' })
    expect(events.some((event) => event.name === 'udp:error_received')).toBe(true)
    const sentBefore = events.filter((event) => event.name === 'udp:datagram_sent').length
    await until('udp:datagram_sent', () => {
      return events.filter((event) => event.name === 'udp:datagram_sent').length > sentBefore
    })
  })
})

describe('startUdpServer', () => {
  test('rejects with EADDRINUSE when the port is taken', async () => {
    const server = await started(startUdpServer({ ...at, port: 0 }, collectEvents().emit))
    await expect(startUdpServer({ ...at, port: server.port }, collectEvents().emit)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })
})

describe('startUdpHeartbeat', () => {
  const listening = { ...at, role: 'listen', port: 0, timing } as const
  const connected = { ...at, role: 'connect', timing } as const

  test('lets both ends believe up, in one group named by the client port', async () => {
    const atServer = collectEvents()
    const atClient = collectEvents()
    const server = await started(startUdpHeartbeat(listening, atServer.emit))
    const client = await started(startUdpHeartbeat({ ...connected, port: server.port }, atClient.emit))
    for (const end of [atServer, atClient]) {
      const { data, groupId } = await end.until('belief:updated')
      expect(data).toMatchObject({ old: 'unknown', new: 'up', trigger: 'heard' })
      expect(groupId).toBe(`udp:${client.port}`)
      await end.until('heartbeat:pong_received', ({ number }) => number === 3)
      expect(end.events.filter((event) => event.name === 'belief:updated')).toHaveLength(1)
    }
  })

  test('at the listening end suspects a client that went without a word, then takes it for down', async () => {
    const atServer = collectEvents()
    const atClient = collectEvents()
    const server = await started(startUdpHeartbeat(listening, atServer.emit))
    const client = await startUdpHeartbeat({ ...connected, port: server.port }, atClient.emit)
    await atClient.until('heartbeat:pong_received')
    await client.close()
    await atServer.until('belief:updated', (belief) => belief.new === 'suspect')
    const { data } = await atServer.until('belief:updated', (belief) => belief.new === 'down')
    expect(data).toMatchObject({ trigger: 'heartbeat_missed', certainty: 'unknown' })
  })

  test('at the connected end believes a refusal, goes on, and is up again when somebody answers', async () => {
    const atClient = collectEvents()
    const port = await closedPort()
    await started(startUdpHeartbeat({ ...connected, port }, atClient.emit))
    const refused = await atClient.until('belief:updated', (belief) => belief.new === 'down')
    expect(refused.data).toMatchObject({ trigger: 'econnrefused', certainty: 'definite' })
    await started(startUdpHeartbeat({ ...listening, port }, collectEvents().emit))
    const again = await atClient.until('belief:updated', (belief) => belief.old === 'down')
    expect(again.data).toMatchObject({ new: 'up', trigger: 'heard' })
  })

  test('learns no peer from rubbish, and says which rule it broke', async () => {
    const { emit, until, events } = collectEvents()
    const server = await started(startUdpHeartbeat(listening, emit))
    const rude = await connectRaw(server.port)
    rude.send(Buffer.from('PING 01\nHELLO\n'))
    expect((await until('heartbeat:line_refused')).data).toEqual({
      problem: 'BAD_NUMBER',
      excerpt: 'PING 01\\x0aHELLO\\x0a',
    })
    expect(events.some((event) => event.name === 'belief:updated')).toBe(false)
    rude.send(Buffer.from('HELLO\nPING 1'))
    await until('heartbeat:ping_received')
    expect((await until('belief:updated')).data.new).toBe('up')
  })

  test('has room for 64 peers, and tells the next', async () => {
    const { emit, until, events } = collectEvents()
    // Nobody is down yet when the last one comes: nobody gives up his place.
    const slow = { intervalMs: 1000, suspectAfterMs: 60_000, downAfterMs: 90_000 }
    const server = await started(startUdpHeartbeat({ ...listening, timing: slow }, emit))
    for (let count = 0; count < 64; count++) {
      const peer = await connectRaw(server.port)
      const group = `udp:${peer.address().port}`
      peer.send('PING 0')
      await until('belief:updated', (_, groupId) => groupId === group)
    }
    const late = await connectRaw(server.port)
    late.send('PING 0')
    const refused = await until('heartbeat:line_refused', ({ problem }) => problem === 'TOO_MANY_PEERS')
    expect(refused.groupId).toBe(`udp:${late.address().port}`)
    expect(events.filter((event) => event.name === 'belief:updated')).toHaveLength(64)
  })

  test('gives the place of a peer that is down to a new one', async () => {
    const { emit, until } = collectEvents()
    const server = await started(startUdpHeartbeat(listening, emit))
    for (let count = 0; count < 64; count++) (await connectRaw(server.port)).send('PING 0')
    await until('belief:updated', (belief) => belief.new === 'down')
    const late = await connectRaw(server.port)
    late.send('PING 7')
    const { groupId } = await until('heartbeat:ping_received', ({ number }) => number === 7)
    expect(groupId).toBe(`udp:${late.address().port}`)
  })
})

test('bindUdp tells the port it got', async () => {
  const socket = dgram.createSocket('udp4')
  rawSockets.push(socket)
  expect(await bindUdp(socket, { host: '127.0.0.1', port: 0 })).toBe(socket.address().port)
})
