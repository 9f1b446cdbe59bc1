import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { PeerBelief } from '../../../src/programs/parts/belief.ts'
import { Liveness } from '../../../src/programs/parts/liveness.ts'
import type { Program } from '../../../src/programs/parts/program.ts'
import { startTcpClient } from '../../../src/programs/tcp-client.ts'
import { collectEvents } from '../../support/events.ts'
import { runTypeScript, type TestedProcess } from '../../support/process.ts'

const timing = { intervalMs: 50, suspectAfterMs: 200, downAfterMs: 400 }

const watching: Liveness[] = []
const running: Program[] = []
const processes: TestedProcess[] = []
afterEach(async () => {
  for (const liveness of watching.splice(0)) liveness.stop()
  await Promise.all(running.splice(0).map((program) => program.close()))
  for (const { child } of processes.splice(0)) child.kill('SIGKILL')
})

function startLiveness() {
  const collected = collectEvents()
  const belief = new PeerBelief(collected.emit, 'test:1')
  const liveness = new Liveness(belief, timing, collected.emit)
  watching.push(liveness)
  return { ...collected, belief, liveness }
}

/** Holds the whole thread, as a long garbage collection or a starved machine would. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

describe('Liveness', () => {
  test('judges nobody who was never heard', async () => {
    const known = startLiveness()
    const unknown = startLiveness()
    known.liveness.heard()
    await known.until('belief:updated', (belief) => belief.new === 'down')
    expect(unknown.events).toEqual([])
  })

  test('is first heard, then suspects after the time it allows, and never before', async () => {
    const { liveness, until } = startLiveness()
    liveness.heard()
    expect((await until('belief:updated')).data).toMatchObject({ new: 'up', trigger: 'heard' })
    const suspect = await until('belief:updated', (belief) => belief.new === 'suspect')
    expect(suspect.data.silentMs).toBeGreaterThanOrEqual(200)
    const down = await until('belief:updated', (belief) => belief.new === 'down')
    expect(down.data.silentMs).toBeGreaterThanOrEqual(400)
  })

  test('after stop() judges no more, and hears again with trigger heard', async () => {
    const stopped = startLiveness()
    const other = startLiveness()
    stopped.liveness.heard()
    stopped.liveness.stop()
    stopped.belief.become('down', 'econnrefused')
    other.liveness.heard()
    await other.until('belief:updated', (belief) => belief.new === 'down')
    expect(stopped.belief.now).toBe('down')
    stopped.liveness.heard()
    const again = await stopped.until('belief:updated', (belief) => belief.old === 'down')
    expect(again.data.trigger).toBe('heard')
  })

  test('suspects nobody because this process did not run, and tells the pause once', async () => {
    const first = startLiveness()
    const second = startLiveness()
    first.liveness.heard()
    second.liveness.heard()
    await new Promise(setImmediate)
    block(1000)
    const { data } = await first.until('detector:paused')
    expect(data.pausedMs).toBeGreaterThan(900)
    expect(data.pausedMs).toBeLessThanOrEqual(1010)
    // Silence after the pause does count, from where it had stopped.
    const suspect = await first.until('belief:updated', (belief) => belief.new === 'suspect')
    expect(suspect.data.silentMs).toBeLessThan(600)
    const big = [...first.events, ...second.events].filter(
      (event) => event.name === 'detector:paused' && 'pausedMs' in event.data && event.data.pausedMs > 900,
    )
    expect(big).toHaveLength(1)
  })

  test('what was read before the deadline’s own timer ran counts, and it says so', async () => {
    const { liveness, events, until } = startLiveness()
    liveness.heard()
    await new Promise(setImmediate)
    block(timing.suspectAfterMs + 20)
    liveness.heard()
    const { data } = await until('detector:overtaken')
    expect(data.overdueMs).toBeGreaterThanOrEqual(20)
    expect(data.overdueMs).toBeLessThan(timing.suspectAfterMs)
    await new Promise((resolve) => setTimeout(resolve, timing.suspectAfterMs / 2))
    expect(events.filter(({ name }) => name === 'belief:updated')).toHaveLength(1)
  })

  test('of a process stopped by SIGSTOP suspects nobody when it continues, though the peer rightly did', async () => {
    const server = runTypeScript(fileURLToPath(new URL('../../support/heartbeat-end.ts', import.meta.url)))
    processes.push(server)
    const [, port] = await server.untilPrinted(/program:ready {2}ports={"tcp":(\d+)}/)
    const { emit, until } = collectEvents()
    const options = { mechanism: 'tcp', host: '127.0.0.1', port: Number(port), heartbeat: true, timing }
    running.push(await startTcpClient(options, emit))
    await until('heartbeat:pong_received', ({ number }) => number === 2)

    server.child.kill('SIGSTOP')
    await until('belief:updated', (belief) => belief.new === 'down')
    server.child.kill('SIGCONT')
    await until('belief:updated', (belief) => belief.old === 'down' && belief.new === 'up')

    await server.untilPrinted(/detector:paused {2}pausedMs=\d{3}/)
    expect(server.stdout()).not.toMatch(/heartbeat_missed/)
  })
})
