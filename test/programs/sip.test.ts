/** Two telephones and a registrar on real sockets, over UDP and over TCP. */
import * as dgram from 'node:dgram'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Emitter } from '../../src/events/emit.ts'
import { openVoice } from '../../src/programs/parts/phone-voice.ts'
import { bindUdp, closeUdp } from '../../src/programs/parts/udp-socket.ts'
import { LEAVING_MS_MAX, startSipPhone } from '../../src/programs/sip-phone.ts'
import { startSipRegistrar } from '../../src/programs/sip-registrar.ts'
import { EXCESS_BYTES_MAX, EXCESS_BYTES_PER_SECOND } from '../../src/protocols/sip/constants.ts'
import { TRANSACTION_BYTES } from '../../src/protocols/stun/constants.ts'
import { writeBindingRequest } from '../../src/protocols/stun/message.ts'
import { temporaryFolder } from '../support/cli.ts'
import { runTypeScript } from '../support/process.ts'

const HOST = '127.0.0.1'
const WAIT_MS = 5_000
const LOOK_EVERY_MS = 10
/** Through tsx, on a busy machine. */
const BY_HAND_MS = 15_000
const WAV_HEADER_BYTES = 44
const POLL = { timeout: WAIT_MS, interval: 50 }

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function log() {
  const events: { name: string; data: unknown }[] = []
  const emit: Emitter = (name, data) => void events.push({ name, data })
  const all = (name: string) => events.filter((event) => event.name === name)
  async function until(name: string, times = 1): Promise<unknown> {
    for (let waitedMs = 0; waitedMs < WAIT_MS; waitedMs += LOOK_EVERY_MS) {
      const found = all(name)
      if (found.length >= times) return found[times - 1]?.data
      await setTimeout(LOOK_EVERY_MS)
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

async function phone(
  user: string,
  transport: 'udp' | 'tcp',
  port?: number,
  { password = user.slice(0, 1), keepAliveMs }: { password?: string; keepAliveMs?: number } = {},
) {
  const seen = log()
  const drawn: string[] = []
  const known = port === undefined ? undefined : { address: HOST, port, password }
  const started = await startSipPhone(
    {
      mechanism: 'sip',
      user,
      host: HOST,
      port: 0,
      transport,
      registrar: known,
      keepAliveMs,
      openMedia: (groupId) =>
        openVoice({ address: HOST, send: 'tone', draw: (line) => drawn.push(line) }, groupId, seen.emit),
    },
    seen.emit,
  )
  const leave = once(started.close)
  closing.push(leave)
  return { ...started, ...seen, drawn, leave }
}

/** Closed by a test, and again after it. */
function once(close: () => Promise<void>): () => Promise<void> {
  let closed: Promise<void> | undefined
  return () => {
    closed ??= close()
    return closed
  }
}

describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
  test('one calls another by its address, and hangs up', async () => {
    const [a, b] = [await phone('alice', transport), await phone('bob', transport)]
    await a.call(`sip:bob@${HOST}:${b.port};transport=${transport}`)
    await b.until('sip:media_agreed')
    await a.until('sip:media_agreed')
    // Each hears the other's tone, and draws it.
    for (const { drawn } of [a, b])
      await expect.poll(() => drawn.at(-1), POLL).toMatch(/#.* a tone of 440 Hz$/)
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

describe('a telephone that is closed', () => {
  test.each(['udp', 'tcp'] as const)('says goodbye to all that it spoke to, over %s', async (transport) => {
    const r = await registrar(true)
    const [a, b] = [await phone('alice', transport, r.port), await phone('bob', transport, r.port)]
    a.register()
    b.register()
    await Promise.all([a.until('sip:registered'), b.until('sip:registered')])
    await a.call(`sip:bob@${HOST}:${r.port}`)
    await b.until('sip:call_updated', 2)
    await b.leave()
    expect(await a.until('sip:call_ended')).toEqual({ because: 'bye' })
    expect(await r.until('sip:binding_removed')).toMatchObject({ user: 'bob', because: 'asked' })
    expect(b.all('sip:unregistered')).toHaveLength(1)
  })

  test('waits a moment only for who does not answer', async () => {
    const nobody = dgram.createSocket('udp4')
    const asked: string[] = []
    nobody.on('message', (bytes) => asked.push(bytes.toString('latin1').split(' ')[0] ?? ''))
    const port = await bindUdp(nobody, { host: HOST, port: 0 })
    closing.push(() => closeUdp(nobody))
    const a = await phone('alice', 'udp')
    await a.call(`sip:nobody@${HOST}:${port}`)
    const startedMs = performance.now()
    await a.leave()
    expect(performance.now() - startedMs).toBeGreaterThan(LEAVING_MS_MAX * 0.9)
    // Section 9.1: nothing is cancelled that nobody has answered.
    expect(new Set(asked)).toEqual(new Set(['INVITE']))
  })
})

test('a wrong password is said twice at most', async () => {
  const r = await registrar(false)
  const b = await phone('bob', 'udp', r.port, { password: 'wrong' })
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

test('over UDP the way to the registrar is kept open by STUN, which says from where it is seen', async () => {
  const r = await registrar(false)
  const b = await phone('bob', 'udp', r.port, { keepAliveMs: 50 })
  // Who has not registered is not answered: it may be anybody, in anybody's name.
  const stranger = dgram.createSocket('udp4')
  closing.push(() => closeUdp(stranger))
  const answers: Buffer[] = []
  stranger.on('message', (answer) => answers.push(answer))
  stranger.send(writeBindingRequest(Buffer.alloc(TRANSACTION_BYTES, 7)), r.port, HOST)
  b.register()
  expect(await b.until('sip:keepalive_answered', 2)).toEqual({ seen: `${HOST}:${b.port}` })
  expect(b.all('sip:mapping_changed')).toEqual([])
  expect(answers).toEqual([])
})

test('over TCP it is kept open by empty lines', async () => {
  const r = await registrar(false)
  const b = await phone('bob', 'tcp', r.port, { keepAliveMs: 50 })
  b.register()
  expect(await b.until('sip:keepalive_answered', 2)).toEqual({})
})

test('by hand: one telephone waits, another calls it, and what is heard is drawn and recorded', async () => {
  const recording = join(temporaryFolder(), 'heard.wav')
  const file = 'src/programs/sip-phone.ts'
  const bob = runTypeScript(file, '--user', 'bob', '--port', '0', '--record', recording)
  onTestFinished(() => void bob.child.kill('SIGKILL'))
  const [, port] = await bob.untilPrinted(/local="?127\.0\.0\.1:(\d+)/, BY_HAND_MS)
  const alice = runTypeScript(file, '--user', 'alice', '--port', '0', '--call', `sip:bob@${HOST}:${port}`)
  onTestFinished(() => void alice.child.kill('SIGKILL'))
  for (const { stderr } of [alice, bob]) {
    await expect.poll(stderr, { timeout: BY_HAND_MS }).toMatch(/#.* a tone of 440 Hz/)
  }
  alice.child.kill('SIGTERM')
  expect(await alice.ended).toBe(0)
  await bob.untilPrinted(/(call_ended) .*bye/, BY_HAND_MS)
  bob.child.kill('SIGINT')
  expect(await bob.ended).toBe(0)
  expect(statSync(recording).size).toBeGreaterThan(WAV_HEADER_BYTES)
})

test.each([
  ['a telephone', 'INVITE', async () => (await phone('bob', 'udp')).port],
  ['a registrar', 'REGISTER', async () => (await registrar(false)).port],
] as const)('%s says little more to a stranger than it heard of it', async (_, method, start) => {
  const port = await start()
  const stranger = dgram.createSocket('udp4')
  closing.push(() => closeUdp(stranger))
  let [asked, answered] = [0, 0]
  stranger.on('message', (bytes) => {
    answered += bytes.length
  })
  const own = await bindUdp(stranger, { host: HOST, port: 0 })
  const startedMs = performance.now()
  for (let number = 0; number < 1_000; number += 1) {
    const fields = `v:SIP/2.0/UDP ${HOST}:${own};branch=z9hG4bK${number}\r\nf:<sip:bob@h>;tag=1\r\nt:<sip:bob@h>\r\ni:${number}\r\nCSeq:1 ${method}\r\nm:<sip:a@h>`
    const question = Buffer.from(`${method} sip:bob@${HOST}:${port} SIP/2.0\r\n${fields}\r\n\r\n`)
    asked += question.length
    stranger.send(question, port, HOST)
    // Some come, and are answered, before more are sent.
    if (number % 20 === 0) await setImmediate()
  }
  await expect.poll(() => answered, POLL).toBeGreaterThan(EXCESS_BYTES_MAX)
  await setTimeout(1_500)
  const excess = EXCESS_BYTES_MAX + (EXCESS_BYTES_PER_SECOND * (performance.now() - startedMs)) / 1000
  expect(answered).toBeLessThanOrEqual(asked + excess)
})

test.each([
  ['sip-phone', []],
  ['sip-registrar', ['--user', 'bob:b']],
])('%s by hand: nobody can call 0.0.0.0, and it says who can be called instead', async (name, more) => {
  const started = runTypeScript(`src/programs/${name}.ts`, '--host', '0.0.0.0', '--port', '0', ...more)
  onTestFinished(() => void started.child.kill('SIGKILL'))
  expect(await started.ended).toBe(2)
  expect(started.stderr()).toMatch(/nobody can call 0\.0\.0\.0: say one of .*; it has .*127\.0\.0\.1.*\n$/)
})
