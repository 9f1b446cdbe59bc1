import * as dgram from 'node:dgram'
import { once } from 'node:events'
import * as net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { RunningRelay } from '../../src/programs/relay/lane.ts'
import { LANE_BYTES_MAX } from '../../src/programs/relay/lane.ts'
import { obeyLine, startRelay } from '../../src/programs/relay/relay.ts'
import { collectEvents } from '../support/events.ts'
import { runTypeScript } from '../support/process.ts'

const host = '127.0.0.1'
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A TCP server that sends everything back, its connections, and a relay before it. */
async function startTcp() {
  const connections: net.Socket[] = []
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    connections.push(socket.pipe(socket))
  })
  server.listen(0, host)
  await once(server, 'listening')
  cleanUps.push(() => {
    for (const connection of connections) connection.destroy()
    server.close()
  })
  const to = { host, port: (server.address() as net.AddressInfo).port }
  const events = collectEvents()
  const relay = await startRelay(
    { mechanism: 'relay', protocol: 'tcp', listen: { host, port: 0 }, to },
    events.emit,
  )
  cleanUps.push(() => relay.close())
  return { relay, server, connections, events }
}

async function connectTo({ port }: RunningRelay, onData: (text: string) => void = () => {}) {
  const socket = net.connect({ host, port, noDelay: true })
  cleanUps.push(() => socket.destroy())
  socket.on('error', () => {})
  socket.on('data', (chunk) => onData(String(chunk)))
  await once(socket, 'connect')
  return socket
}

/** What a connection ends with. */
function errorCode(socket: net.Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    socket.on('close', () => resolve(undefined))
  })
}

describe('a TCP relay', () => {
  test('says first of all that it stands between two live kernels', async () => {
    const { events, relay } = await startTcp()
    expect(events.events[0]?.name).toBe('relay:started')
    const { data } = await events.until('relay:started')
    expect(data.warning).toMatch(/between two live kernels.*cannot cut/)
    expect(data.listen).toBe(`${host}:${relay.port}`)
  })

  test('passes bytes and FIN both ways, and names the connection by the port of the client', async () => {
    const { events, relay } = await startTcp()
    let heard = ''
    const client = await connectTo(relay, (text) => {
      heard += text
    })
    const port = client.localPort
    client.end('hello')
    await once(client, 'close')
    expect(heard).toBe('hello')
    const closed = await events.until('relay:closed')
    expect(closed).toMatchObject({ groupId: `relay:${port}`, data: { because: 'both ends said goodbye' } })
  })

  test('late, it passes everything on that much later and in order, FIN too', async () => {
    const { relay, events } = await startTcp()
    const client = await connectTo(relay)
    await events.until('relay:opened')
    relay.setMode('to-client', { mode: 'late', delayMs: 150 })
    const began = performance.now()
    client.end('one')
    const [first] = await once(client, 'data')
    expect(String(first)).toBe('one')
    expect(performance.now() - began).toBeGreaterThanOrEqual(150)
    await once(client, 'end')
    const passed = events.events.filter(
      ({ name, data }) => name === 'relay:forwarded' && 'direction' in data && data.direction === 'to-client',
    )
    expect(passed.map(({ data }) => 'bytes' in data && data.bytes)).toEqual([3, 0])
  })

  test('holding, it acknowledges what nobody gets until it lets go; in between nothing is lost', async () => {
    const { relay, events } = await startTcp()
    let heard = ''
    const client = await connectTo(relay, (text) => {
      heard += text
    })
    relay.setMode('to-server', { mode: 'hold' })
    for (const text of ['one ', 'two ', 'three']) await new Promise((done) => client.write(text, done))
    await delay(100)
    expect(heard).toBe('')
    relay.setMode('to-server', { mode: 'pass' })
    await expect.poll(() => heard).toBe('one two three')
    expect((await events.until('relay:forwarded')).data.heldMs).toBeGreaterThan(50)
  })

  test('holds back no more than its limit: then the sender has to wait', async () => {
    const { relay } = await startTcp()
    let heardBytes = 0
    const client = await connectTo(relay, (text) => {
      heardBytes += text.length
    })
    relay.setMode('to-server', { mode: 'hold' })
    // More than the relay and all four kernel buffers on the way take.
    const bytes = LANE_BYTES_MAX + 32 * 1024 * 1024
    client.write(Buffer.alloc(bytes))
    // Nothing to wait for: all buffers are full within a fraction of this.
    await delay(500)
    expect(client.writableNeedDrain).toBe(true)
    relay.setMode('to-server', { mode: 'pass' })
    await expect.poll(() => heardBytes, { timeout: 8000 }).toBe(bytes)
  })

  test('dropping, it swallows: the sender believes that all is well', async () => {
    const { relay, events } = await startTcp()
    const client = await connectTo(relay)
    relay.setMode('to-server', { mode: 'drop' })
    await new Promise<void>((done) => client.write('lost', () => done()))
    expect((await events.until('relay:dropped')).data).toMatchObject({ direction: 'to-server', bytes: 4 })
    expect(client.destroyed).toBe(false)
  })

  test('resets both ends', async () => {
    const { relay, connections, events } = await startTcp()
    const client = await connectTo(relay)
    await events.until('relay:opened')
    await expect.poll(() => connections.length).toBe(1)
    const codes = Promise.all([client, connections[0] as net.Socket].map(errorCode))
    relay.reset()
    expect(await codes).toEqual(['ECONNRESET', 'ECONNRESET'])
  })

  test('tells a client by RST when the server is not there', async () => {
    const { relay, server, events } = await startTcp()
    server.close()
    const client = net.connect({ host, port: relay.port })
    expect(await errorCode(client)).toBe('ECONNRESET')
    expect((await events.until('relay:closed')).data.because).toBe("ECONNREFUSED from the server's side")
  })
})

describe('a UDP relay', () => {
  async function startUdp() {
    const server = dgram.createSocket('udp4').bind(0, host)
    await once(server, 'listening')
    server.on('message', (message, from) => server.send(message, from.port, from.address))
    const client = dgram.createSocket('udp4').bind(0, host)
    await once(client, 'listening')
    cleanUps.push(
      () => server.close(),
      () => client.close(),
    )
    const events = collectEvents()
    const relay = await startRelay(
      {
        mechanism: 'relay',
        protocol: 'udp',
        listen: { host, port: 0 },
        to: { host, port: server.address().port },
      },
      events.emit,
    )
    cleanUps.push(() => relay.close())
    const heard: string[] = []
    client.on('message', (message) => heard.push(String(message)))
    return { relay, client, heard, events }
  }

  test('passes datagrams and answers', async () => {
    const { relay, client, heard, events } = await startUdp()
    client.send('hello', relay.port, host)
    await expect.poll(() => heard).toEqual(['hello'])
    expect((await events.until('relay:opened')).groupId).toBe(`relay:${client.address().port}`)
  })

  test('holds them in order, and drops what it drops one way only', async () => {
    const { relay, client, heard, events } = await startUdp()
    relay.setMode('to-client', { mode: 'hold' })
    for (const text of ['one', 'two']) client.send(text, relay.port, host)
    await events.until('relay:forwarded')
    await delay(50)
    expect(heard).toEqual([])
    relay.setMode('to-client', { mode: 'pass' })
    await expect.poll(() => heard).toEqual(['one', 'two'])
    relay.setMode('to-server', { mode: 'drop' })
    client.send('three', relay.port, host)
    expect((await events.until('relay:dropped')).data.direction).toBe('to-server')
  })
})

describe('obeyLine()', () => {
  const set: unknown[] = []
  const relay = {
    setMode: (...args: unknown[]) => set.push(args),
    reset: () => set.push('reset'),
  } as unknown as RunningRelay

  test.each([
    [
      'hold',
      [
        ['to-server', { mode: 'hold' }],
        ['to-client', { mode: 'hold' }],
      ],
    ],
    ['late 300 to-client', [['to-client', { mode: 'late', delayMs: 300 }]]],
    ['drop 20 to-server', [['to-server', { mode: 'drop', percent: 20 }]]],
    ['reset', ['reset']],
  ])('%s', (line, expected) => {
    set.length = 0
    obeyLine(relay, line)
    expect(set).toEqual(expected)
  })

  test.each([
    '',
    'late',
    'late -1',
    'drop 101',
    'pass 3',
    'hold to-nowhere',
    'late 5 6 to-client',
    'explode',
  ])('refuses "%s"', (line) => {
    set.length = 0
    expect(() => obeyLine(relay, line)).toThrow(/standard input: pass/)
    expect(set).toEqual([])
  })
})

test('by hand it says what it is in --help', async () => {
  const help = runTypeScript('src/programs/relay/relay.ts', '--help')
  expect(await help.ended).toBe(0)
  expect(help.stdout()).toMatch(/between two live kernels/)
})
