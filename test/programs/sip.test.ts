/** Two telephones and a registrar on real sockets, over UDP and over TCP. */
import { afterEach, describe, expect, test } from 'vitest'
import type { Emitter } from '../../src/events/emit.ts'
import { openSilentMedia } from '../../src/programs/parts/silent-media.ts'
import { startSipPhone } from '../../src/programs/sip-phone.ts'
import { startSipRegistrar } from '../../src/programs/sip-registrar.ts'

const HOST = '127.0.0.1'
const WAIT_MS = 5_000
const LOOK_EVERY_MS = 10

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function log() {
  const events: { name: string; data: unknown }[] = []
  const emit: Emitter = (name, data) => void events.push({ name, data })
  const all = (name: string) => events.filter((event) => event.name === name)
  async function until(name: string, times = 1): Promise<unknown> {
    for (let waitedMs = 0; waitedMs < WAIT_MS; waitedMs += LOOK_EVERY_MS) {
      const found = all(name)
      if (found.length >= times) return found[times - 1]?.data
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
    throw new Error(`no ${name}: ${events.map((event) => event.name).join(' ')}`)
  }
  return { emit, all, until }
}

async function registrar(isRecordRouting: boolean) {
  const seen = log()
  const passwords = { alice: 'a', bob: 'b' }
  const { port, close } = await startSipRegistrar(
    { mechanism: 'sip', host: HOST, port: 0, passwords, isRecordRouting },
    seen.emit,
  )
  closing.push(close)
  return { port, ...seen }
}

async function phone(user: string, transport: 'udp' | 'tcp', port?: number, password = user.slice(0, 1)) {
  const seen = log()
  const known = port === undefined ? undefined : { address: HOST, port, password }
  const started = await startSipPhone(
    {
      mechanism: 'sip',
      user,
      host: HOST,
      port: 0,
      transport,
      registrar: known,
      openMedia: () => openSilentMedia(HOST),
    },
    seen.emit,
  )
  closing.push(started.close)
  return { ...started, ...seen }
}

describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
  test('one calls another by its address, and hangs up', async () => {
    const [a, b] = [await phone('alice', transport), await phone('bob', transport)]
    await a.call(`sip:bob@${HOST}:${b.port};transport=${transport}`)
    await b.until('sip:media_agreed')
    await a.until('sip:media_agreed')
    a.hangUp()
    expect(await b.until('sip:call_ended')).toEqual({ because: 'bye' })
    expect(await a.until('sip:call_ended')).toEqual({ because: 'hung-up' })
  })

  test.each([true, false])(
    'by a registrar that knows passwords; stays in the way: %s',
    async (isRecordRouting) => {
      const r = await registrar(isRecordRouting)
      const [a, b] = [await phone('alice', transport, r.port), await phone('bob', transport, r.port)]
      a.register()
      b.register()
      await a.until('sip:registered')
      await b.until('sip:registered')
      expect(r.all('sip:binding_added')).toHaveLength(2)
      await a.call(`sip:bob@${HOST}:${r.port}`)
      await a.until('sip:media_agreed')
      // The callee has the ACK.
      await b.until('sip:call_updated', 2)
      a.hangUp()
      expect(await b.until('sip:call_ended')).toEqual({ because: 'bye' })
      await a.until('sip:call_ended')
      const passed = r.all('sip:sent').filter(({ data }) => (data as { message: string }).message === 'BYE')
      expect(passed).toHaveLength(isRecordRouting ? 1 : 0)
    },
  )
})

test('a wrong password is said twice at most', async () => {
  const r = await registrar(false)
  const b = await phone('bob', 'udp', r.port, 'wrong')
  b.register()
  expect(await b.until('sip:registration_lost')).toEqual({ status: 401 })
  expect(r.all('sip:proof_refused')[0]?.data).toMatchObject({ user: 'bob', because: 'wrong' })
  expect(r.all('sip:binding_added')).toEqual([])
})

test('who is known and is not there is 480, who is not known 404', async () => {
  const r = await registrar(false)
  const a = await phone('alice', 'udp', r.port)
  await a.call(`sip:bob@${HOST}:${r.port}`)
  expect(await a.until('sip:call_failed')).toEqual({ because: 'refused', status: 480 })
  await a.call(`sip:nobody@${HOST}:${r.port}`)
  expect(await a.until('sip:call_failed', 2)).toEqual({ because: 'refused', status: 404 })
})
