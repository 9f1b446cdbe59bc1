/**
 * What anybody may send to a session server, over TCP and over UDP: it answers or hangs up, serves the next one, and
 * its memory does not show that it happened. The state machines by themselves: test/protocols/session/hostile.test.ts.
 */
import { randomBytes, randomInt } from 'node:crypto'
import * as dgram from 'node:dgram'
import { once } from 'node:events'
import * as net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { EVENT_LOG_VARIABLE, type LoggedProgram } from '../../src/programs/parts/command-line.ts'
import { parseLine } from '../../src/protocols/session/lines.ts'
import { texts } from '../protocols/session/arbitraries.ts'
import { runNode } from '../support/process.ts'

const FUZZ_MS = Number(process.env.STILLHERE_FUZZ_MS ?? 5000)
/** Whatever a connection says, it is ended within this: by us with FIN, or by the server before. */
const ENDS_WITHIN_MS = 8000
/** Little, so that it is swept often: what is left after each sweep is what the server holds on to. */
const HEAP_MB = 48
/** Sessions that wait for their clients are given up soon, so that they do not count as growth. */
const GRACE_MS = 500
/** A thousand sessions and connections are all that a server ever keeps: a few megabytes. */
const GROWTH_MB_MAX = 8
/** A property that waits for connections is worth running several times at once. */
const AT_ONCE = 8

async function startServer(carrier: 'tcp' | 'udp') {
  const port = await freePort(carrier)
  const log: LoggedProgram = {
    file: '/dev/null',
    run: '',
    lab: '',
    host: '',
    incarnation: 1,
    program: 'session-server',
  }
  const server = runNode(
    [
      `--max-old-space-size=${HEAP_MB}`,
      '--trace-gc',
      '--import',
      'tsx',
      'src/programs/session-server.ts',
      ...['--port', String(port), '--carrier', carrier, '--grace', String(GRACE_MS)],
    ],
    { ...process.env, [EVENT_LOG_VARIABLE]: JSON.stringify(log) },
  )
  onTestFinished(async () => {
    server.child.kill('SIGKILL')
    await server.ended
  })
  for (let tries = 0; tries < 100; tries++) {
    if ((await honest(carrier, port).catch(() => null)) === 'ACK 1') return { server, port }
    await delay(100)
  }
  throw new Error(`the server does not answer: ${server.stderr()}`)
}

/** Its events go nowhere, so it cannot say which port it chose. */
async function freePort(carrier: 'tcp' | 'udp'): Promise<number> {
  if (carrier === 'udp') {
    const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    socket.close()
    return port
  }
  const listener = net.createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as net.AddressInfo
  listener.close()
  return port
}

/** Lines to a server, and lines back. */
interface Way {
  send(text: string): void
  next(): Promise<string>
  close(): void
}

async function wayTo(carrier: 'tcp' | 'udp', port: number): Promise<Way> {
  const lines: string[] = []
  let wake = () => {}
  const take = (text: string) => {
    lines.push(...text.split('\n').filter((line) => line !== ''))
    wake()
  }
  const next = async () => {
    const late = AbortSignal.timeout(1000)
    while (lines.length === 0) {
      await new Promise<void>((resolve, reject) => {
        wake = resolve
        late.addEventListener('abort', () => reject(new Error('no answer')))
      })
    }
    return lines.shift() ?? ''
  }
  if (carrier === 'udp') {
    const socket = dgram.createSocket('udp4')
    socket.on('message', (datagram) => take(datagram.toString('latin1')))
    socket.on('error', () => {})
    return {
      send: (text) => socket.send(Buffer.from(text, 'latin1'), port, '127.0.0.1'),
      next,
      close: () => socket.close(),
    }
  }
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.setEncoding('latin1').on('data', take)
  return { send: (text) => socket.write(`${text}\n`, 'latin1'), next, close: () => socket.destroy() }
}

/** Opens a session and says a message. @returns the answer */
async function honest(carrier: 'tcp' | 'udp', port: number): Promise<string> {
  const way = await wayTo(carrier, port)
  try {
    await open(way)
    way.send('DATA 1 hello')
    return await way.next()
  } finally {
    way.close()
  }
}

async function open(way: Way): Promise<void> {
  way.send(`HELLO 1 ${randomBytes(16).toString('hex')}`)
  const welcome = parseLine(await way.next())
  if (!('word' in welcome) || welcome.word !== 'WELCOME')
    throw new Error(`no WELCOME: ${JSON.stringify(welcome)}`)
  way.send(`PONG ${welcome.challenge}`)
}

/** Sends bytes and then FIN; resolves when the connection is over. */
function exchange(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1' })
    const limit = setTimeout(() => {
      socket.destroy()
      reject(new Error(`not over after ${ENDS_WITHIN_MS} ms`))
    }, ENDS_WITHIN_MS)
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(limit)
      resolve()
    })
    socket.resume().end(bytes)
  })
}

const conversation = fc.array(texts, { maxLength: 30 })
const bytes = fc.uint8Array({ maxLength: 5000 }).map((array) => Buffer.from(array))

test.each(['tcp', 'udp'] as const)(
  `${FUZZ_MS / 1000} s of anything over %s: no crash, no hang, no growth`,
  async (carrier) => {
    const { server, port } = await startServer(carrier)
    let sent = 0
    const property = fc.asyncProperty(conversation, bytes, fc.boolean(), async (lines, raw, isOpened) => {
      sent += 1
      if (!isOpened && carrier === 'tcp') {
        await exchange(port, Buffer.concat([Buffer.from(lines.join('\n'), 'latin1'), raw]))
        return
      }
      const way = await wayTo(carrier, port)
      try {
        // Behind the door: most of what can be wrong is wrong only there.
        if (isOpened) await open(way).catch(() => {}) // it may have no room for us just now
        for (const line of lines) way.send(line)
        if (carrier === 'udp') way.send(raw.toString('latin1'))
      } finally {
        // UDP: the kernel sends what was given to it before.
        setTimeout(() => way.close(), 5)
      }
      expect(server.child.exitCode).toBeNull()
    })
    const seed = Number(process.env.STILLHERE_SEED ?? randomInt(2 ** 31))
    const limits = { numRuns: 1_000_000_000, interruptAfterTimeLimit: FUZZ_MS, markInterruptAsFailure: false }
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, each) => fc.assert(property, { ...limits, seed: seed + each })),
    )
    // Whoever is honest is served, now or a moment later.
    let answer: string | null = null
    for (let tries = 0; tries < 10 && answer !== 'ACK 1'; tries++) {
      answer = await honest(carrier, port).catch(() => null)
    }
    expect(answer).toBe('ACK 1')
    expect(sent).toBeGreaterThan(FUZZ_MS / 100)

    const held = [...server.stdout().matchAll(/Mark-Compact .* -> ([\d.]+) /g)].map(([, mb]) => Number(mb))
    // Each quarter has its middle; a server that was hardly swept has hardly grown.
    const quarter = Math.max(1, Math.floor(held.length / 4))
    const middle = (from: number) => held.slice(from, from + quarter).sort((a, b) => a - b)[quarter >> 1] ?? 0
    const [early, late] = [middle(0), middle(held.length - quarter)]
    console.log(
      `seed ${seed}: ${sent} conversations over ${carrier}, ${held.length} sweeps; held ${early} MB, then ${late}`,
    )
    expect(held.length).toBeGreaterThan(1)
    expect(late - early).toBeLessThan(GROWTH_MB_MAX)
    expect(server.stderr()).toBe('')
  },
  FUZZ_MS + 60_000,
)
