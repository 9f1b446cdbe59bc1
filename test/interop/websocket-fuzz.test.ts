/**
 * Hostile handshakes and frames on real loopback sockets, for STILLHERE_FUZZ_MS: nothing crashes, nobody else has to
 * wait, and nothing grows. The limits that this rests on have tests of their own below.
 */
import * as net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Emitter } from '../../src/events/emit.ts'
import { ADMITTED_PER_ADDRESS_MAX } from '../../src/programs/parts/tcp-events.ts'
import { WEBSOCKET_OPTIONS } from '../../src/programs/parts/websocket-connection.ts'
import { startWebSocketSessionServer } from '../../src/programs/parts/websocket-session.ts'
import { startWebSocketClient } from '../../src/programs/websocket-client.ts'
import { startWebSocketServer } from '../../src/programs/websocket-server.ts'
import { LINES_PER_SECOND_MAX } from '../../src/protocols/heartbeat/constants.ts'
import { collectEvents } from '../support/events.ts'

const FUZZ_MS = Number(process.env.STILLHERE_FUZZ_MS ?? 5000)
const HOST = '127.0.0.1'
const timing = { intervalMs: 500, suspectAfterMs: 1000, downAfterMs: 2000 }
/** An honest client's ping and its pong, while others attack from the same process. */
const ANSWER_WITHIN_MS = 2000
/** Attackers at once, and what each of them waits for before it goes. */
const ATTACKERS = 16
const ATTACK_MS = 40
/** Caches and compiled code; what leaks some kilobytes for each of thousands of attacks does not fit. */
const HEAP_GROWTH_BYTES_MAX = 8 * 1024 * 1024

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

// ---- what attackers send ---------------------------------------------------------------------------

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const request = (lines: readonly string[]) => Buffer.from(`GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
const GOOD = request([
  'Host: lab',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${KEY}`,
])

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))

/** Requests that are nearly right, or nothing of the kind. */
const handshake = fc.oneof(
  bytes(400),
  fc
    .record({
      version: fc.constantFrom('13', '12', '0', '-1', '13, 13', 'x'.repeat(300)),
      key: fc.oneof(fc.constant(KEY), fc.string({ maxLength: 40 }), fc.constant('A'.repeat(9000))),
      upgrade: fc.constantFrom('websocket', 'WebSocket', 'h2c', '', 'websocket, websocket'),
      extensions: fc.constantFrom('permessage-deflate', 'permessage-deflate; =', ';;;,,,', 'x; y="'),
      more: fc.array(fc.string({ maxLength: 60 }), { maxLength: 8 }),
    })
    .map(({ version, key, upgrade, extensions, more }) =>
      request([
        'Host: lab',
        'Connection: Upgrade',
        `Upgrade: ${upgrade}`,
        `Sec-WebSocket-Version: ${version}`,
        `Sec-WebSocket-Key: ${key}`,
        `Sec-WebSocket-Extensions: ${extensions}`,
        ...more.map((text, index) => `X-${index}: ${text}`),
      ]),
    ),
  fc.nat(GOOD.length - 1).map((length) => GOOD.subarray(0, length)),
)

/** Words of the protocol above, with fields that may be anything. */
const sessionLine = fc
  .tuple(
    fc.constantFrom('HELLO', 'RESUME', 'DATA', 'ACK', 'PING', 'PONG', 'BYE', 'WELCOME', 'constructor'),
    fc.array(
      fc.oneof(
        fc.nat().map(String),
        fc.bigInt({ min: 0n }).map((number) => number.toString(16)),
      ),
      {
        maxLength: 5,
      },
    ),
  )
  .map(([word, fields]) => Buffer.from([word, ...fields].join(' ')))

/** One frame: any opcode and reserved bits, a length that may be a lie, masked or not. */
const frame = fc
  .record({
    first: fc.oneof(fc.nat(255), fc.constantFrom(0x81, 0x82, 0x88, 0x89, 0x8a, 0x01, 0x00, 0x80)),
    isMasked: fc.boolean(),
    claims: fc.constantFrom('right', 'right', 'right', 'long', 'huge', 'none'),
    payload: fc.oneof(bytes(140), bytes(2000), sessionLine),
  })
  .map(({ first, isMasked, claims, payload }) => {
    const mask = isMasked ? 0x80 : 0
    const right =
      payload.length < 126 ? [mask | payload.length] : [mask | 126, payload.length >> 8, payload.length & 255]
    const length = {
      right,
      long: [mask | 126, 0xff, 0xff],
      huge: [mask | 127, 0x7f, 255, 255, 255, 255, 255, 255, 255],
      none: [mask],
    }[claims]
    const masking = Buffer.alloc(isMasked ? 4 : 0)
    return Buffer.concat([Buffer.from([first, ...length]), masking, payload])
  })

const attack = fc.record({
  opening: fc.oneof({ weight: 1, arbitrary: handshake }, { weight: 3, arbitrary: fc.constant(GOOD) }),
  frames: fc.array(frame, { maxLength: 12 }),
  /** A stream may be cut anywhere. */
  cutAt: fc.nat(200),
  goodbye: fc.constantFrom('fin', 'rst', 'stay'),
})
type Attack = typeof attack extends fc.Arbitrary<infer One> ? One : never

/** Connects, says it all, waits a moment, and goes; whatever the server does about it. */
async function carryOut(port: number, { opening, frames, cutAt, goodbye }: Attack): Promise<void> {
  const socket = net.connect({ host: HOST, port, noDelay: true })
  socket.on('error', () => {}).resume()
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const all = Buffer.concat([opening, ...frames])
  socket.write(all.subarray(0, cutAt))
  await delay(1)
  socket.write(all.subarray(cutAt))
  await Promise.race([closed, delay(ATTACK_MS)])
  if (goodbye === 'rst') socket.resetAndDestroy()
  else if (goodbye === 'fin') socket.end()
  await Promise.race([closed, delay(ATTACK_MS)])
  socket.destroy()
}

/** Counts, so that what is logged can be held against a limit without being kept. */
function countEvents(): { emit: Emitter; count: () => number } {
  let count = 0
  return {
    emit() {
      count += 1
    },
    count: () => count,
  }
}

/** An honest client asks, and is answered. */
async function isAnswered(port: number): Promise<boolean> {
  const honest = new WebSocket(`ws://${HOST}:${port}/`)
  honest.on('error', () => {})
  try {
    return await Promise.race([
      new Promise<boolean>((resolve) => {
        honest.once('open', () => honest.ping('1'))
        honest.once('pong', () => resolve(true))
      }),
      delay(ANSWER_WITHIN_MS, false),
    ])
  } finally {
    honest.terminate()
  }
}

async function attackFor(port: number, durationMs: number, firstSeed: number): Promise<number> {
  const until = performance.now() + durationMs
  let attacks = 0
  for (let seed = firstSeed; performance.now() < until; seed++) {
    const round = fc.sample(attack, { numRuns: ATTACKERS, seed })
    await Promise.all(round.map((one) => carryOut(port, one)))
    attacks += ATTACKERS
    expect(await isAnswered(port), `an honest client is answered after the attacks of seed ${seed}`).toBe(
      true,
    )
  }
  return attacks
}

/** What is still in use: garbage is collected before, which Node lets a program ask for only so. */
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

describe('a server of WebSockets under attack', () => {
  const at = { mechanism: 'fuzz', host: HOST, port: 0 }
  test.each([
    ['that pings', (emit: Emitter) => startWebSocketServer({ ...at, timing, isObserved: true }, emit)],
    [
      'with sessions',
      (emit: Emitter) => startWebSocketSessionServer({ ...at, timing: null, sessionTiming: timing }, emit),
    ],
  ])(
    '%s: no crash, no hang, no growth',
    async (_, start) => {
      const server = await start(countEvents().emit)
      cleanups.push(() => server.close())
      // What is loaded and compiled once is no growth.
      await attackFor(server.port, FUZZ_MS / 8, 1)
      const before = heapBytes()
      const attacks = await attackFor(server.port, FUZZ_MS / 2, 1_000_000)
      expect(attacks).toBeGreaterThanOrEqual(ATTACKERS)
      await delay(2 * ATTACK_MS)
      expect(heapBytes() - before).toBeLessThan(HEAP_GROWTH_BYTES_MAX)
    },
    4 * FUZZ_MS + 30_000,
  )
})

describe('a client of WebSockets and a hostile server', () => {
  const answer = fc.oneof(
    bytes(300),
    fc
      .string({ maxLength: 60 })
      .map((accept) =>
        Buffer.from(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
            `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
        ),
      ),
    fc.constant(Buffer.from('HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\n\r\n')),
  )

  test(
    'is never open without the right answer, and ends',
    async () => {
      const over = performance.now() + FUZZ_MS / 4
      let tried = 0
      for (let seed = 1; performance.now() < over; seed++) {
        const [said = Buffer.alloc(0)] = fc.sample(answer, { numRuns: 1, seed })
        const server = net.createServer((socket) => {
          socket.on('error', () => {})
          socket.once('data', () => socket.end(said))
        })
        await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
        const { port } = server.address() as net.AddressInfo
        const { emit, events, until } = collectEvents()
        const client = await startWebSocketClient({ mechanism: 'fuzz', host: HOST, port, timing }, emit)
        await until('tcp:closed')
        expect(
          events.some(({ name }) => name === 'websocket:opened'),
          `seed ${seed}`,
        ).toBe(false)
        await client.close()
        await new Promise<void>((resolve) => server.close(() => resolve()))
        tried += 1
      }
      expect(tried).toBeGreaterThan(3)
    },
    FUZZ_MS + 30_000,
  )
})

describe('the limits', () => {
  async function quietServer(emit: Emitter = () => {}): Promise<number> {
    const at = { mechanism: 'fuzz', host: HOST, port: 0 }
    const server = await startWebSocketServer({ ...at, timing: null, isObserved: true }, emit)
    cleanups.push(() => server.close())
    return server.port
  }

  async function upgraded(port: number) {
    const socket = net.connect({ host: HOST, port, noDelay: true })
    cleanups.push(() => socket.destroy())
    socket.on('error', () => {})
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.write(GOOD)
    while (!Buffer.concat(chunks).includes('\r\n\r\n')) await delay(5)
    chunks.length = 0
    return { socket, closed, heard: () => Buffer.concat(chunks) }
  }

  /** Of a close frame of a server: the code that its payload begins with. */
  function closeCode(heard: Buffer): number {
    expect(heard[0]).toBe(0x88)
    return heard.readUInt16BE(2)
  }

  test('maxPayload: a longer message is refused by code 1009', async () => {
    const { socket, heard, closed } = await upgraded(await quietServer())
    const claimed = WEBSOCKET_OPTIONS.maxPayload + 1
    socket.write(Buffer.from([0x82, 0x80 | 126, claimed >> 8, claimed & 255, 0, 0, 0, 0]))
    await closed
    expect(closeCode(heard())).toBe(1009)
  })

  test('maxFragments: a message in ever more pieces is refused by code 1008', async () => {
    const { socket, heard, closed } = await upgraded(await quietServer())
    const piece = (first: number) => Buffer.from([first, 0x81, 0, 0, 0, 0, 0x78])
    socket.write(piece(0x01))
    for (let more = 0; more <= WEBSOCKET_OPTIONS.maxFragments; more++) socket.write(piece(0x00))
    await closed
    expect(closeCode(heard())).toBe(1008)
  })

  test('the log: of a flood of messages so many lines a second, and no more', async () => {
    const { emit, count } = countEvents()
    const port = await quietServer(emit)
    const { socket } = await upgraded(port)
    const before = count()
    const started = performance.now()
    const message = Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x78])
    socket.write(Buffer.concat(Array.from({ length: 20_000 }, () => message)))
    expect(await isAnswered(port)).toBe(true)
    await delay(300)
    const seconds = Math.ceil((performance.now() - started) / 1000)
    // A frame, its bytes, and its text: three lines each; the honest client's own are few.
    expect(count() - before).toBeLessThanOrEqual(3 * LINES_PER_SECOND_MAX * (seconds + 1) + 50)
    expect(count() - before).toBeGreaterThan(LINES_PER_SECOND_MAX)
  })

  test('the handshake: who sends half a request is closed after five seconds, looked after each second', async () => {
    const socket = net.connect({ host: HOST, port: await quietServer() })
    cleanups.push(() => socket.destroy())
    socket.on('error', () => {}).resume()
    const started = performance.now()
    socket.write(GOOD.subarray(0, 40))
    await new Promise<void>((resolve) => socket.once('close', () => resolve()))
    const tookMs = performance.now() - started
    expect(tookMs).toBeGreaterThan(4900)
    expect(tookMs).toBeLessThan(8000)
  }, 20_000)

  test('connections: a thousand silent strangers shut out nobody, for the oldest of them make room', async () => {
    const { emit, events } = collectEvents()
    const port = await quietServer(emit)
    const accepted = () => events.filter(({ name }) => name === 'tcp:accepted').length
    const strangers: net.Socket[] = []
    while (accepted() < 1000) {
      const socket = net.connect({ host: HOST, port })
      cleanups.push(() => socket.destroy())
      socket.on('error', () => {}).resume()
      strangers.push(socket)
      await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
    }
    expect(await isAnswered(port)).toBe(true)
    const open = () => strangers.filter((socket) => !socket.closed).length
    await expect.poll(open).toBeLessThanOrEqual(ADMITTED_PER_ADDRESS_MAX)
  }, 30_000)
})
