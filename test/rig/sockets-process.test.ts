/** Sockets led step by step where hosts are plain processes on loopback, with a relay in the middle. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openEventLog } from '../../src/events/emit.ts'
import { processHosts } from '../../src/hosts/process.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { bundlePrograms } from '../../src/processes/bundle.ts'
import { Rig } from '../../src/rig/rig.ts'
import { testNeeding } from '../support/needs.ts'
import { noOffices } from '../support/process.ts'

const onLinux = testNeeding(
  'Linux, whose backlog drops SYNs and whose socket table can be read',
  process.platform === 'linux',
)
const within = { withinMs: 3000 }

/** A rig without a run around it, and three hosts of it. */
async function startRig() {
  const folder = mkdtempSync(join(tmpdir(), 'stillhere-sockets-'))
  mkdirSync(join(folder, 'events'))
  const about = { run: 'test', lab: 'test' }
  const file = `${folder}/events/lab.1.ndjson`
  const log = openEventLog({ ...about, file, host: 'lab', incarnation: 1 })
  const { host: programsBundle } = await bundlePrograms()
  const plan = { ...about, folder, programsBundle, mechanisms: [] } as unknown as Plan
  const stop = new AbortController()
  const rig = new Rig(plan, await processHosts(noOffices), log, null, stop.signal)
  onTestFinished(async () => {
    await rig.end('the test is over')
    rmSync(folder, { recursive: true })
  })
  const [pair, middle] = await rig.boot(['ends', 'middle'])
  if (pair === undefined || middle === undefined) throw new Error('no hosts')
  return { rig, stop, a: pair.a, b: pair.b, middle: middle.a, labLog: () => readFileSync(file, 'utf8') }
}

test('a relay holds a line back, and passes it on when told to', async () => {
  const { rig, a, b, middle } = await startRig()
  const listener = await rig.sockets(b).tcp.listen('echo', { does: 'echo' })
  const relay = await rig.sockets(middle).relay('relay', 'tcp', listener.at)
  const client = await rig.sockets(a).tcp.connect('relay', relay.at)
  expect(await client.connected()).toEqual({ outcome: 'connected' })
  await relay.set({ mode: 'hold' }, 'to-client')
  await client.write('still here?')
  const about = { mechanism: 'relay', where: { direction: 'to-server' }, ...within }
  await rig.untilEvent(middle, 'relay:forwarded', about)
  const answered = { groupId: client.groupId, withinMs: 200 }
  await expect(rig.untilEvent(a, 'tcp:received', answered)).rejects.toThrow('no tcp:received')
  await relay.set({ mode: 'pass' })
  const received = await rig.untilEvent(a, 'tcp:received', { ...answered, ...within })
  expect(received.data).toEqual({ bytes: 'still here?'.length })
  await relay.reset()
  const failed = await rig.untilEvent(a, 'tcp:error_received', { groupId: client.groupId, ...within })
  expect(failed.data.code).toBe('ECONNRESET')
}, 20_000)

test('what the lab asked is in the log, in the group of its connection; nonsense is refused', async () => {
  const { rig, a, b, labLog } = await startRig()
  const listener = await rig.sockets(b).tcp.listen('asked')
  await expect(rig.sockets(b).tcp.listen('asked')).rejects.toThrow('"asked" listens already')
  const client = await rig
    .sockets(a)
    .tcp.connect('asked', listener.at, { keepalive: { idleMs: 1000, intervalMs: 1000, probes: 3 } })
  await client.connected()
  await client.setKeepAlive(true, 2000)
  expect((await rig.untilEvent(a, 'tcp:option_set', within)).data).toEqual({
    call: 'setKeepAlive(true,2000)',
  })
  await client.setTimeout(50)
  await rig.untilEvent(a, 'tcp:idle_timeout', within)
  await client.end()
  await rig.untilEvent(b, 'tcp:closed', { groupId: client.groupId, ...within })
  await client.write('too late')
  const failed = await rig.untilEvent(a, 'tcp:write_failed', { groupId: client.groupId, ...within })
  expect(failed.data.bytes).toBe('too late'.length)
  const other = await rig.sockets(a).tcp.connect('asked', listener.at)
  const taken = rig.sockets(a).tcp.connect('asked', listener.at, { localPort: other.port })
  await expect(taken).rejects.toThrow(`cannot take connection "${other.groupId}"`)
  await expect(listener.accepted({ groupId: 'asked:1' }).end()).rejects.toThrow('no connection "asked:1"')
  const asked = labLog()
    .split('\n')
    .filter((line) => line.includes('host:asked') && line.includes(client.groupId))
  expect(asked.map((line) => JSON.parse(line).data.request)).toContain('tcpAct end')
}, 20_000)

onLinux(
  'a frozen program has a kernel that says yes for it, until its backlog is full',
  async () => {
    const { rig, a, b } = await startRig()
    const listener = await rig.sockets(b).tcp.listen('backlog', { backlog: 1 })
    b.process?.signal('SIGSTOP')
    const outcomes: string[] = []
    for (let attempts = 0; attempts < 4; attempts++) {
      const client = await rig.sockets(a).tcp.connect('backlog', listener.at)
      outcomes.push((await client.connected(300)).outcome)
    }
    expect(outcomes).toEqual(['connected', 'connected', 'pending', 'pending'])
    await rig.untilKernel(a, 'backlog', 'SYN-SENT', within)
    b.process?.signal('SIGCONT')
    await rig.untilEvent(b, 'tcp:accepted', { mechanism: 'backlog', occurrence: 2, ...within })
  },
  20_000,
)

test('a wait ends with the run', async () => {
  const { rig, stop, a } = await startRig()
  const waiting = rig.untilEvent(a, 'tcp:connected', { withinMs: 10_000 })
  const looking = rig.untilKernel(a, 'nothing', 'ESTABLISHED', { withinMs: 10_000 })
  stop.abort()
  await expect(waiting).rejects.toThrow('aborted')
  await expect(looking).rejects.toThrow('aborted')
}, 20_000)

test('an HTTP server closes an idle connection when its socket says, and a request is answered', async () => {
  const { rig, a, b } = await startRig()
  const at = await rig.sockets(b).http.listen('http', { keepAliveTimeoutMs: 300, headersTimeoutMs: 250 })
  const limits = await rig.untilEvent(b, 'http:limits_read', within)
  expect(limits.data).toMatchObject({ keepAliveTimeoutMs: 300, headersTimeoutMs: 250, timeoutMs: 0 })

  await rig.sockets(a).http.get('http', at, { by: 'node' })
  const answered = await rig.untilEvent(a, 'http:response_received', within)
  expect(answered.data.status).toBe(200)
  const sent = await rig.untilEvent(b, 'http:response_sent', within)
  expect(sent.groupId).toBe(answered.groupId)
  expect(sent.data.idleLimitMs).toBeGreaterThanOrEqual(300)
  await rig.untilEvent(a, 'tcp:end_received', { groupId: answered.groupId, ...within })
  await rig.sockets(a).http.get('http', at, { by: 'node' })
  const fresh = await rig.untilEvent(a, 'http:response_received', { occurrence: 2, ...within })
  expect(fresh.groupId).not.toBe(answered.groupId)
}, 20_000)

test('a server that never answers: undici gives up, node:http does not; a refused one fails at once', async () => {
  const { rig, a, b } = await startRig()
  const { http } = rig.sockets(a)
  const at = await rig.sockets(b).http.listen('silent', { does: 'nothing' })
  await http.get('node', at, { by: 'node' })
  await http.get('undici', at, { by: 'undici', headersTimeoutMs: 100 })
  const gaveUp = await rig.untilEvent(a, 'http:request_failed', { mechanism: 'undici', ...within })
  expect(gaveUp.data.code).toBe('UND_ERR_HEADERS_TIMEOUT')
  const waiting = { mechanism: 'node', withinMs: 200 }
  await expect(rig.untilEvent(a, 'http:request_failed', waiting)).rejects.toThrow('no http:request_failed')

  await http.get('refused', { address: at.address, port: 9 }, { by: 'node' })
  const refused = await rig.untilEvent(a, 'http:request_failed', { mechanism: 'refused', ...within })
  expect(refused.data.code).toBe('ECONNREFUSED')
}, 20_000)
