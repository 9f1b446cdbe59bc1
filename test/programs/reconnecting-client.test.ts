import { afterEach, expect, test } from 'vitest'
import type { Program } from '../../src/programs/parts/program.ts'
import { startReconnectingClient } from '../../src/programs/reconnecting-client.ts'
import { startWebSocketServer } from '../../src/programs/websocket-server.ts'
import { collectEvents } from '../support/events.ts'

const at = { mechanism: 'again', host: '127.0.0.1', timing: null }
const limits = { baseMs: 40, capMs: 100, jitter: 'full', steadyAfterMs: 10_000 } as const

const running: Program[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((program) => program.close()))
})

test('connects again after the wait that was drawn, and longer each time that it fails', async () => {
  const first = await startWebSocketServer({ ...at, port: 0 }, collectEvents().emit)
  const { emit, until, events } = collectEvents()
  running.push(await startReconnectingClient({ ...at, port: first.port, limits, random: () => 0.5 }, emit))
  await until('websocket:opened')
  await first.close()
  await until('reconnect:waiting', ({ attempt }) => attempt === 3)
  const waits = events.flatMap(({ name, data }) => (name === 'reconnect:waiting' ? [data] : []))
  expect(waits.slice(0, 4)).toEqual([
    { attempt: 0, boundMs: 40, delayMs: 20 },
    { attempt: 1, boundMs: 80, delayMs: 40 },
    { attempt: 2, boundMs: 100, delayMs: 50 },
    { attempt: 3, boundMs: 100, delayMs: 50 },
  ])
  const atSecond = collectEvents()
  running.push(await startWebSocketServer({ ...at, port: first.port }, atSecond.emit))
  await atSecond.until('websocket:opened')
})

test('a closed one tries no more', async () => {
  const server = await startWebSocketServer({ ...at, port: 0 }, collectEvents().emit)
  const { emit, until, events } = collectEvents()
  const client = await startReconnectingClient({ ...at, port: server.port, limits, random: () => 1 }, emit)
  await until('websocket:opened')
  await server.close()
  await until('reconnect:waiting')
  await client.close()
  const tries = () => events.filter(({ name }) => name === 'reconnect:tried').length
  const before = tries()
  await new Promise((resolve) => setTimeout(resolve, 3 * limits.capMs))
  expect(tries()).toBe(before)
})
