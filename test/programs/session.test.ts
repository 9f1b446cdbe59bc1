/** The session programs on real sockets: by hand with nc, and what survives which death. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { EventName } from '../../src/events/vocabulary.ts'
import { type SessionClientOptions, startSessionClient } from '../../src/programs/session-client.ts'
import {
  carriers,
  openStore,
  type SessionServerOptions,
  startSessionServer,
} from '../../src/programs/session-server.ts'

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
      const store = await openStore(hasStore ? kept : null)
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
