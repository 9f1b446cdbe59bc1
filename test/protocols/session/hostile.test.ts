/** Whatever a peer sends, at whatever time: the state machines neither throw nor grow. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SessionClient } from '../../../src/protocols/session/client.ts'
import {
  CONNECTIONS_MAX,
  SESSIONS_MAX,
  UNACKNOWLEDGED_MAX,
} from '../../../src/protocols/session/constants.ts'
import { parseLine } from '../../../src/protocols/session/lines.ts'
import { type ServerAction, SessionServer } from '../../../src/protocols/session/server.ts'
import { texts } from './arbitraries.ts'

const steps = fc.array(
  fc.record({
    text: texts,
    connection: fc.constantFrom('a', 'b', 'c', 'd'),
    act: fc.oneof(
      { arbitrary: fc.constant('line' as const), weight: 8 },
      fc.constantFrom(
        'connect' as const,
        'lost' as const,
        'time' as const,
        'say' as const,
        'answer' as const,
      ),
    ),
    laterMs: fc.oneof(fc.constant(0), fc.nat(5000)),
  }),
  { maxLength: 200 },
)

test('a server', () => {
  fc.assert(
    fc.property(steps, fc.boolean(), (all, canLoad) => {
      let nowMs = 0
      let count = 0
      const server = new SessionServer({
        canLoad,
        graceMs: 3000,
        makeSessionId: () => (count++).toString(16).padStart(16, '0'),
        makeChallenge: () => 7,
      })
      for (const { text, connection, act, laterMs } of all) {
        nowMs += laterMs
        if (act === 'connect') server.connected(connection, laterMs % 2 === 0 ? 'stream' : 'datagrams', nowMs)
        if (act === 'lost') server.lost(connection, 'lost', nowMs)
        if (act === 'time') server.time(nowMs)
        if (act === 'answer') server.take(connection, parseLine('PONG 7'), nowMs)
        if (act === 'say') for (const { id } of server.sessions) server.say(id, 'x', nowMs)
        if (act !== 'line') continue
        if (!server.has(connection)) server.connected(connection, 'stream', nowMs)
        for (const action of server.take(connection, parseLine(text), nowMs)) {
          if (action.do === 'send') expect('problem' in parseLine(action.line)).toBe(false)
          if (action.do === 'load') server.loaded(connection, action.line, null, nowMs)
        }
      }
      expect(server.connectionCount).toBeLessThanOrEqual(CONNECTIONS_MAX)
      expect(server.sessions.length).toBeLessThanOrEqual(SESSIONS_MAX)
      for (const { id } of server.sessions) {
        expect(server.memoryOf(id)?.unacknowledged.length).toBeLessThanOrEqual(UNACKNOWLEDGED_MAX)
      }
      // Left alone, it forgets everything: a peer that is silent is down, and its session is over after the grace period.
      for (let left = 0; left < 1000 && server.dueAtMs !== Infinity; left++) {
        nowMs = Math.max(nowMs, server.dueAtMs)
        server.time(nowMs)
      }
      expect([server.connectionCount, server.sessions.length]).toEqual([0, 0])
    }),
    { numRuns: 200 },
  )
})

test('a server sends an address that has proved nothing three times its bytes at most', () => {
  const [ownToken, nextToken, wrongToken] = ['a', 'b', 'c'].map((digit) => digit.repeat(32))
  const lines = fc.oneof(
    texts,
    fc.nat(50).map((each) => `HELLO 1 ${each.toString(16).padStart(32, '0')}`),
    fc.constantFrom(
      `HELLO 2 ${wrongToken}`,
      `RESUME ${'0'.repeat(16)} ${ownToken} ${nextToken} 0`,
      `RESUME ${'0'.repeat(16)} ${wrongToken} ${nextToken} 0`,
      `RESUME ${'f'.repeat(16)} ${wrongToken} ${nextToken} 0`,
      'PING 0',
      'DATA 1 ',
      'BYE closed',
    ),
  )
  const later = fc.oneof(fc.constant(0), fc.nat(4000))
  fc.assert(
    fc.property(fc.array(fc.tuple(lines, fc.nat(3), later), { maxLength: 300 }), (all) => {
      let nowMs = 0
      let count = 0
      const server = new SessionServer({
        graceMs: 3000,
        makeSessionId: () => (count++).toString(16).padStart(16, '0'),
        makeChallenge: () => 4_294_967_295,
      })
      // Somebody has a session, and talks on, or not.
      server.connected('own', 'stream', 0)
      server.take('own', parseLine(`HELLO 1 ${ownToken}`), 0)
      server.take('own', parseLine('PONG 4294967295'), 0)
      const bytes = new Map<string, { from: number; to: number }>()
      const look = (actions: ServerAction[]) => {
        for (const action of actions) {
          if (action.do !== 'send' || action.connection === 'own') continue
          const of = bytes.get(action.connection)
          if (of !== undefined) of.to += action.line.length
          expect(of?.to).toBeLessThanOrEqual(3 * (of?.from ?? 0))
        }
      }
      for (const [text, which, laterMs] of all) {
        // A forger cannot know the number.
        if (text.includes('4294967295')) continue
        nowMs += laterMs
        look(server.time(nowMs))
        const key = `forged-${which}`
        const line = parseLine(text)
        // Whoever listens for datagrams takes nobody for a peer who does not begin with a claim.
        const isClaim = 'word' in line && (line.word === 'HELLO' || line.word === 'RESUME')
        if (!server.has(key) && !isClaim) continue
        const of = bytes.get(key) ?? { from: 0, to: 0 }
        bytes.set(key, { ...of, from: of.from + text.length })
        if (!server.has(key)) look(server.connected(key, 'datagrams', nowMs))
        look(server.take(key, line, nowMs))
      }
      for (let each = 0; each < 20; each++) {
        nowMs += 1000
        look(server.time(nowMs))
      }
    }),
    { numRuns: 300 },
  )
})

test('a key that is used again is another connection: the session of the first waits for its client', () => {
  const server = new SessionServer({ makeSessionId: () => '0'.repeat(16), makeChallenge: () => 7 })
  server.connected('one', 'stream', 0)
  server.take('one', parseLine(`HELLO 1 ${'a'.repeat(32)}`), 0)
  server.take('one', parseLine('PONG 7'), 0)
  expect(server.connected('one', 'stream', 1)).toContainEqual(
    expect.objectContaining({ do: 'note-state', old: 'attached', new: 'detached', because: 'replaced' }),
  )
  expect(server.dueAtMs).toBeLessThan(Infinity)
})

test('a server with all places taken by strangers has room for the next', () => {
  const server = new SessionServer({ makeSessionId: () => '0'.repeat(16), makeChallenge: () => 7 })
  for (let each = 0; each < CONNECTIONS_MAX; each++) server.connected(`forged-${each}`, 'datagrams', 0)
  server.connected('honest', 'datagrams', 1)
  expect(server.take('honest', parseLine(`HELLO 1 ${'a'.repeat(32)}`), 1)).toContainEqual(
    expect.objectContaining({ do: 'send', connection: 'honest' }),
  )
  expect(server.connectionCount).toBe(CONNECTIONS_MAX)
})

test('a client', () => {
  fc.assert(
    fc.property(steps, (all) => {
      let nowMs = 0
      const client = new SessionClient({ makeToken: () => 'a'.repeat(32) }, nowMs)
      for (const { text, act, laterMs } of all) {
        nowMs += laterMs
        if (act === 'connect') client.connected(laterMs % 2 === 0 ? 'stream' : 'datagrams', nowMs)
        if (act === 'lost') client.lost('lost', nowMs)
        if (act === 'time') client.time(nowMs)
        if (act === 'say') client.say('x', nowMs)
        if (act === 'answer') client.take(parseLine('WELCOME 0000000000000000 3000 7'), nowMs)
        if (act !== 'line') continue
        for (const action of client.take(parseLine(text), nowMs)) {
          if (action.do === 'send') expect('problem' in parseLine(action.line)).toBe(false)
        }
      }
      expect(client.unacknowledged.length).toBeLessThanOrEqual(UNACKNOWLEDGED_MAX)
      // Left alone it gives up, sooner or later, and says so.
      for (let left = 0; left < 10_000 && client.dueAtMs !== Infinity; left++) {
        nowMs = Math.max(nowMs, client.dueAtMs)
        client.time(nowMs)
      }
      expect(client.state).toBe('over')
    }),
    { numRuns: 200 },
  )
})
