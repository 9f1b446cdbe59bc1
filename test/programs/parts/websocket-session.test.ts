import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Program } from '../../../src/programs/parts/program.ts'
import {
  startWebSocketSessionClient,
  startWebSocketSessionServer,
} from '../../../src/programs/parts/websocket-session.ts'
import { collectEvents } from '../../support/events.ts'

const sessionTiming = { intervalMs: 200, suspectAfterMs: 300, downAfterMs: 700 }
const at = { mechanism: 'session', host: '127.0.0.1', timing: null, sessionTiming }
const limits = { baseMs: 20, capMs: 100, jitter: 'full', steadyAfterMs: 1000 } as const

const running: Program[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((program) => program.close()))
})

test('a session goes on over another WebSocket: all that was said arrives once, in order', async () => {
  const atServer = collectEvents()
  const server = await startWebSocketSessionServer({ ...at, port: 0 }, atServer.emit)
  running.push(server)
  const atClient = collectEvents()
  const to = { ...at, port: server.port, limits, random: Math.random }
  const client = await startWebSocketSessionClient(to, atClient.emit)
  running.push(client)
  for (let number = 1; number <= 30; number++) {
    expect(client.say(`message ${number}`)).toBe('taken')
    if (number % 10 === 0) {
      await atServer.until('session:message_delivered', (message) => message.number === number - 5)
      // With whatever is under way.
      if (number < 30) server.reset()
    }
  }
  await atClient.until('session:message_acknowledged', ({ number }) => number === 30)
  const delivered = atServer.events.flatMap(({ name, data }) =>
    name === 'session:message_delivered' && 'text' in data ? [data.text] : [],
  )
  expect(delivered).toEqual(Array.from({ length: 30 }, (_, index) => `message ${index + 1}`))
  const opened = atServer.events.filter(({ name }) => name === 'websocket:opened').length
  expect(opened).toBe(3)
  expect(atServer.events.filter(({ name }) => name === 'session:resumed').length).toBe(2)
})

test('a line that is not the protocol is told, as over any other carrier', async () => {
  const atServer = collectEvents()
  const server = await startWebSocketSessionServer({ ...at, port: 0 }, atServer.emit)
  running.push(server)
  const stranger = new WebSocket(`ws://127.0.0.1:${server.port}/`)
  stranger.on('open', () => stranger.send('good morning'))
  const refused = await atServer.until('session:line_refused')
  stranger.terminate()
  expect(refused.data).toMatchObject({ excerpt: 'good morning' })
})

test('a message that the protocol cannot carry is refused', async () => {
  const server = await startWebSocketSessionServer({ ...at, port: 0 }, collectEvents().emit)
  running.push(server)
  const to = { ...at, port: server.port, limits, random: Math.random }
  const client = await startWebSocketSessionClient(to, collectEvents().emit)
  running.push(client)
  expect(() => client.say('two\nlines')).toThrow(RangeError)
})
