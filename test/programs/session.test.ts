/** The session programs on real sockets: by hand with nc, and what survives which death. */
import * as dgram from 'node:dgram'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { EventName } from '../../src/events/vocabulary.ts'
import { STRANGER_EVENTS_PER_SECOND_MAX } from '../../src/programs/parts/strangers.ts'
import { connectUdp } from '../../src/programs/parts/udp-socket.ts'
import { type SessionClientOptions, startSessionClient } from '../../src/programs/session-client.ts'
import { carriers, type SessionServerOptions, startSessionServer } from '../../src/programs/session-server.ts'
import { CONFIRM_WITHIN_MS } from '../../src/protocols/session/constants.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { openFolder } from '../../src/store/open.ts'
import { type Store, StoreUnavailableError } from '../../src/store/store.ts'

const TIMING = { intervalMs: 200, suspectAfterMs: 400, downAfterMs: 800 }

/** The events of one program, and waiting for them. */
function recorder() {
  const events: { name: EventName; data: Record<string, unknown> }[] = []
  const waiting = new Set<() => void>()
  return {
    emit: (name: EventName, data: object) => {
      events.push({ name, data: data as Record<string, unknown> })
      for (const look of [...waiting]) look()
    },
    count: () => events.length,
    texts: () =>
      events.filter(({ name }) => name === 'session:message_delivered').map(({ data }) => data.text),
    until: (name: EventName, where: Record<string, unknown>) =>
      new Promise<Record<string, unknown>>((resolve, reject) => {
        const look = () => {
          const found = events.find(
            (event) =>
              event.name === name && Object.entries(where).every(([key, value]) => event.data[key] === value),
          )
          if (found === undefined) return
          clearTimeout(limit)
          waiting.delete(look)
          resolve(found.data)
        }
        const limit = setTimeout(() => reject(new Error(`no ${name} ${JSON.stringify(where)}`)), 8000)
        waiting.add(look)
        look()
      }),
  }
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'stillhere-session-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

async function server(options: Partial<SessionServerOptions> = {}) {
  const log = recorder()
  const all = {
    mechanism: 'session',
    carrier: 'tcp',
    host: '127.0.0.1',
    port: 0,
    timing: TIMING,
    ...options,
  } as const
  const program = await startSessionServer(all, log.emit)
  onTestFinished(() => program.close())
  return { ...log, program }
}

async function client(port: number, options: Partial<SessionClientOptions> = {}) {
  const log = recorder()
  const all = {
    mechanism: 'session',
    carrier: 'tcp',
    host: '127.0.0.1',
    port,
    timing: TIMING,
    ...options,
  } as const
  const program = await startSessionClient(all, log.emit)
  onTestFinished(() => program.close())
  return { ...log, program }
}

/** Says lines as a person would with nc. @returns what came back */
function typed(port: number, ...lines: ((said: string) => string)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    let said = ''
    const next = () => {
      const line = lines.shift()
      if (line === undefined) socket.end()
      else socket.write(`${line(said)}\r\n`)
    }
    socket.setEncoding('latin1').on('data', (text) => {
      said += text
      next()
    })
    socket.once('connect', next)
    socket.once('close', () => resolve(said))
  })
}

test('a person with nc has a session', async () => {
  const { program } = await server()
  const said = await typed(
    program.port,
    () => 'HELLO 1 00112233445566778899aabbccddeeff',
    (welcome) => `PONG ${welcome.trim().split(' ').at(-1)}\r\nDATA 1 hello`,
  )
  expect(said).toMatch(/^WELCOME [0-9a-f]{16} 30000 \d+\nACK 1\nDATA 1 1 hello\n/)
})

test('who says nothing useful is told so, and sent away', async () => {
  const { program } = await server()
  const socket = net.connect(program.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n'))
  let said = ''
  for await (const text of socket.setEncoding('latin1')) said += text
  expect(said).toBe('ERROR UNKNOWN_WORD\nBYE too-slow\n')
}, 10_000)

test.each(carriers)(
  'over %s messages survive every broken connection',
  async (carrier) => {
    const at = await server({ carrier })
    const from = await client(at.program.port, { carrier })
    for (let each = 1; each <= 12; each++) {
      expect(from.program.say(`m${each}`)).toBe('taken')
      if (each === 4 || each === 8) {
        await from.until('session:message_acknowledged', { number: each - 1 })
        from.program.drop()
      }
    }
    await from.until('session:message_delivered', { text: '12 m12' })
    expect(at.texts()).toEqual(Array.from({ length: 12 }, (_, each) => `m${each + 1}`))
    expect(from.texts()).toEqual(Array.from({ length: 12 }, (_, each) => `${each + 1} m${each + 1}`))
    from.program.leave()
    expect(await at.until('session:over', {})).toMatchObject({ because: 'closed', unacknowledged: [] })
  },
  20_000,
)

test('a client that is started again with its state goes on; the state is for its owner alone, and goes with the session', async () => {
  const stateFile = join(folder(), 'state.json')
  const at = await server()
  const first = await client(at.program.port, { stateFile })
  first.program.say('one')
  await first.until('session:message_delivered', { text: '1 one' })
  await first.program.close()
  expect(JSON.parse(readFileSync(stateFile, 'utf8'))).toMatchObject({ received: 1 })
  expect(statSync(stateFile).mode & 0o777).toBe(0o600)

  const second = await client(at.program.port, { stateFile })
  second.program.say('two')
  await second.until('session:message_delivered', { text: '2 two' })
  second.program.leave()
  await at.until('session:over', { because: 'closed' })
  expect(existsSync(stateFile)).toBe(false)
})

test('a state file that somebody else wrote is no reason to crash', async () => {
  const stateFile = join(folder(), 'state.json')
  writeFileSync(stateFile, '{"token": ["x"], "session": 7')
  const at = await server()
  const from = await client(at.program.port, { stateFile })
  from.program.say('one')
  await from.until('session:message_delivered', { text: '1 one' })
})

test.each([true, false])(
  'a server that is started again, with its store: %s',
  async (hasStore) => {
    const kept = folder()
    const open = async (port: number) => {
      const store = hasStore ? await openFolder(kept) : undefined
      const started = await server({ port, store })
      return { ...started, end: async () => Promise.all([started.program.close(), store?.close()]) }
    }
    const before = await open(0)
    const from = await client(before.program.port)
    from.program.say('one')
    await from.until('session:message_delivered', { text: '1 one' })
    await before.end()
    from.program.say('two')

    const after = await open(before.program.port)
    if (hasStore) {
      await from.until('session:message_delivered', { text: '2 two' })
      expect(after.texts()).toEqual(['two'])
    } else {
      expect(await from.until('session:over', {})).toMatchObject({
        because: 'unknown-session',
        certainty: 'definite',
        unacknowledged: [2],
      })
      expect(from.program.say('three')).toBe('over')
    }
  },
  20_000,
)

test('who reads nothing is left, and does not fill our memory', async () => {
  const { program } = await server()
  const socket = net.connect(program.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const pings = 'PING 1\n'.repeat(20_000)
  socket.write(`HELLO 1 00112233445566778899aabbccddeeff\n${pings}`)
  socket.resume()
  await closed
  expect(socket.destroyed).toBe(true)
})

/** A store in memory that fails, or takes its time, when it is told to. */
function moodyStore() {
  const inner = memoryStore()
  const mood = { fails: false, gate: Promise.resolve() }
  const store: Store = {
    ...inner,
    async get(key) {
      if (mood.fails) throw new StoreUnavailableError('the disk is full')
      return inner.get(key)
    },
    async update(keys, change) {
      await mood.gate
      if (mood.fails) throw new StoreUnavailableError('the disk is full')
      return inner.update(keys, change)
    },
  }
  return { mood, store }
}

test.each(carriers)(
  'over %s a server whose store fails says so, keeps its promises, and goes on when the store does',
  async (carrier) => {
    const { mood, store } = moodyStore()
    const at = await server({ carrier, store })
    const from = await client(at.program.port, { carrier })
    from.program.say('one')
    await from.until('session:message_delivered', { text: '1 one' })
    mood.fails = true
    from.program.say('two')
    await from.until('session:state_updated', { new: 'detached', because: 'store-failed' })
    expect(await at.until('session:store_failed', {})).toEqual({ message: 'the disk is full' })
    // It comes back, and is told again.
    await from.until('session:state_updated', { old: 'resuming', new: 'detached', because: 'store-failed' })
    expect(at.texts()).toEqual(['one'])
    mood.fails = false
    from.program.say('three')
    await from.until('session:message_delivered', { text: '3 three' })
    expect(at.texts()).toEqual(['one', 'two', 'three'])
    expect(from.texts()).toEqual(['1 one', '2 two', '3 three'])
  },
  20_000,
)

test('while its store is slow a limited number of things waits: datagrams beyond are lost', async () => {
  const { mood, store } = moodyStore()
  const { program } = await server({ carrier: 'udp', store })
  const tokens = ['1', '2', '3', '4'].map((digit) => digit.repeat(32))
  let pongs = 0
  const sockets = await Promise.all(
    tokens.map(async (token) => {
      const socket = dgram.createSocket('udp4')
      onTestFinished(() => void socket.close())
      await connectUdp(socket, { host: '127.0.0.1', port: program.port })
      await new Promise<void>((confirmed) => {
        socket.on('message', (datagram) => {
          const [word, ...rest] = datagram.toString().split(' ')
          if (word === 'WELCOME') socket.send(`PONG ${rest.at(-1)}\n`, () => socket.send('PING 1'))
          if (word === 'PONG') {
            pongs += 1
            confirmed()
          }
        })
        socket.send(`HELLO 1 ${token}`)
      })
      return socket
    }),
  )
  pongs = 0
  let open = () => {}
  mood.gate = new Promise((resolve) => {
    open = resolve
  })
  for (const socket of sockets) socket.send('DATA 1 x')
  for (let sent = 0; sent < 800; sent += 20) {
    for (const socket of sockets) for (let each = 0; each < 20; each++) socket.send('PING 2')
    await new Promise((later) => setTimeout(later, 2))
  }
  open()
  const [last] = sockets
  // Answered in its turn, after all that waited.
  for (let tries = 0; pongs < 1 && tries < 1000; tries++) await new Promise((later) => setTimeout(later, 1))
  const settled = new Promise<void>((resolve) => last?.once('message', () => resolve()))
  last?.send('PING 3')
  await settled
  expect(pongs).toBeGreaterThan(0)
  expect(pongs).toBeLessThanOrEqual(1001)
})

test('a datagram that claims nothing is never answered, however short it is', async () => {
  const at = await server({ carrier: 'udp' })
  const socket = dgram.createSocket('udp4')
  onTestFinished(() => void socket.close())
  await connectUdp(socket, { host: '127.0.0.1', port: at.program.port })
  const heard: string[] = []
  socket.on('message', (datagram) => heard.push(datagram.toString()))
  for (const line of ['', 'x', 'PING 0', 'BYE closed', 'DATA 1 x']) socket.send(line)
  await at.until('session:line_refused', { excerpt: 'DATA' })
  // By then it would have said goodbye to whoever claims nothing.
  await new Promise((later) => setTimeout(later, CONFIRM_WITHIN_MS + 500))
  expect(heard).toEqual([])
}, 10_000)

test('claims that nobody confirms are told of now and then, and how many are not', async () => {
  const at = await server({ carrier: 'udp' })
  const socket = dgram.createSocket('udp4')
  await connectUdp(socket, { host: '127.0.0.1', port: at.program.port })
  let welcomes = 0
  const all = new Promise<void>((resolve) => {
    socket.on('message', (datagram) => {
      if (!datagram.toString().startsWith('WELCOME')) return
      welcomes += 1
      if (welcomes === 200) resolve()
    })
  })
  for (let each = 0; each < 200; each++) {
    socket.send(`HELLO 1 ${each.toString(16).padStart(32, '0')}`)
    if (each % 50 === 49) await new Promise((later) => setTimeout(later, 20))
  }
  await all
  const untold = await at.until('udp:strangers_untold', {})
  socket.close()
  expect(Number(untold.events)).toBeGreaterThan(0)
  expect(at.count()).toBeLessThanOrEqual(2 * STRANGER_EVENTS_PER_SECOND_MAX + 3)
  // An honest one is told of all the same.
  const from = await client(at.program.port, { carrier: 'udp' })
  from.program.say('one')
  await at.until('session:state_updated', { new: 'attached' })
  await from.until('session:message_delivered', { text: '1 one' })
}, 20_000)
