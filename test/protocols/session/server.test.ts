import { describe, expect, test } from 'vitest'
import {
  CONFIRM_WITHIN_MS,
  LINES_PER_SECOND_MAX,
  OPENING_MAX,
  UNACKNOWLEDGED_MAX,
  WRONG_TOKENS_PER_CONNECTION_MAX,
  WRONG_TOKENS_PER_SECOND_MAX,
} from '../../../src/protocols/session/constants.ts'
import { parseLine } from '../../../src/protocols/session/lines.ts'
import { type ServerAction, SessionServer, serverTransitions } from '../../../src/protocols/session/server.ts'

const [T, N, M, X] = ['a', 'b', 'c', 'f'].map((digit) => digit.repeat(32)) as [string, string, string, string]
const GRACE_MS = 5000

/** A server that numbers its sessions and whose challenges are 100, 101, ... */
class Bench {
  readonly server: SessionServer
  #ids = 0
  #challenges = 100
  nowMs = 0

  constructor(canLoad = false) {
    this.server = new SessionServer({
      graceMs: GRACE_MS,
      canLoad,
      makeSessionId: () => (this.#ids++).toString(16).padStart(16, '0'),
      makeChallenge: () => this.#challenges++,
    })
  }

  connect(...keys: string[]): void {
    for (const key of keys) this.server.connected(key, 'stream', this.nowMs)
  }

  take(key: string, line: string): ServerAction[] {
    return this.server.take(key, parseLine(line), this.nowMs)
  }

  /** What goes out, as `connection line`. */
  says(key: string, line: string): string[] {
    return sent(this.take(key, line))
  }

  /** A session that `key` carries, with T as its token. */
  open(key: string): void {
    this.connect(key)
    this.take(key, `HELLO 1 ${T}`)
    this.take(key, 'PONG 100')
  }

  get states(): string[] {
    return this.server.sessions.map(({ state }) => state)
  }
}

const sent = (actions: ServerAction[]) =>
  actions.flatMap((action) => (action.do === 'send' ? [`${action.connection} ${action.line}`] : []))
const did = (actions: ServerAction[]) => actions.map((action) => action.do)

const ID = '0'.repeat(16)
const resume = (token: string, next: string, received = 0) => `RESUME ${ID} ${token} ${next} ${received}`

test('has exactly these transitions', () => {
  const all = Object.entries(serverTransitions).flatMap(([old, inputs]) =>
    Object.entries(inputs).map(([input, next]) => `${old} ${input} ${next}`),
  )
  expect(all).toEqual([
    'opening confirmed attached',
    'opening ended over',
    'attached confirmed attached',
    'attached connection_lost detached',
    'attached ended over',
    'detached confirmed attached',
    'detached ended over',
  ])
})

describe('HELLO', () => {
  test('opens a session that begins with the PONG', () => {
    const bench = new Bench()
    bench.connect('a')
    expect(bench.says('a', `HELLO 1 ${T}`)).toEqual([`a WELCOME ${ID} ${GRACE_MS} 100`])
    expect(bench.states).toEqual(['opening'])
    bench.take('a', 'PONG 99')
    expect(bench.states).toEqual(['opening'])
    bench.take('a', 'PONG 100')
    expect(bench.states).toEqual(['attached'])
  })

  test('that comes twice gets the same answer, and one session', () => {
    const bench = new Bench()
    bench.connect('a')
    const first = bench.says('a', `HELLO 1 ${T}`)
    expect(bench.says('a', `HELLO 1 ${T}`)).toEqual(first)
    expect(bench.server.sessions).toHaveLength(1)
  })

  test('that nobody confirms leaves nothing, and was never kept', () => {
    const bench = new Bench()
    bench.connect('a')
    expect(did(bench.take('a', `HELLO 1 ${T}`))).not.toContain('save')
    const over = bench.server.time(CONFIRM_WITHIN_MS)
    expect(sent(over)).toEqual(['a BYE too-slow'])
    expect(bench.server.sessions).toEqual([])
    expect(bench.server.connectionCount).toBe(0)
  })

  test('from many forged addresses pushes out only what is as unproved', () => {
    const bench = new Bench()
    bench.open('honest')
    for (let each = 0; each < 3 * OPENING_MAX; each++) {
      bench.connect(`forged-${each}`)
      bench.take(`forged-${each}`, `HELLO 1 ${each.toString(16).padStart(32, '0')}`)
    }
    expect(bench.states[0]).toBe('attached')
    expect(bench.server.sessions.length).toBeLessThanOrEqual(OPENING_MAX + 1)
  })

  test('of another version is refused', () => {
    const bench = new Bench()
    bench.connect('a')
    expect(bench.says('a', `HELLO 2 ${T}`)).toEqual(['a REFUSED version'])
  })
})

describe('RESUME', () => {
  test('over another connection wins, and the older one is told', () => {
    const bench = new Bench()
    bench.open('a')
    bench.connect('b')
    expect(bench.says('b', resume(T, N))).toEqual(['b RESUMED 0 101'])
    const confirmed = bench.take('b', 'PONG 101')
    expect(sent(confirmed)).toEqual(['a BYE replaced'])
    expect(bench.states).toEqual(['attached'])
    expect(bench.says('b', 'DATA 1 x')).toEqual(['b ACK 1'])
  })

  test('from an address that cannot receive changes nothing for the one that can', () => {
    const bench = new Bench()
    bench.open('a')
    bench.connect('forged')
    bench.take('forged', resume(T, N))
    bench.take('forged', 'PONG 7')
    expect(bench.says('a', 'DATA 1 x')).toEqual(['a ACK 1'])
  })

  test('whose answer was lost works again with the old token, and then no more', () => {
    const bench = new Bench()
    bench.open('a')
    bench.server.lost('a', 'reset', 0)
    bench.connect('b', 'c')
    bench.take('b', resume(T, N))
    bench.server.lost('b', 'reset', 0)
    expect(bench.says('c', resume(T, N))).toEqual(['c RESUMED 0 102'])
    bench.take('c', 'PONG 102')
    expect(bench.states).toEqual(['attached'])
  })

  test('with the new token shows that the answer came, though its PONG did not', () => {
    const bench = new Bench()
    bench.open('a')
    bench.server.lost('a', 'reset', 0)
    bench.connect('b', 'c')
    bench.take('b', resume(T, N))
    bench.server.lost('b', 'reset', 0)
    expect(bench.says('c', resume(N, M))).toEqual(['c RESUMED 0 102'])
  })

  test('of two claimants with different secrets the newest wins', () => {
    const bench = new Bench()
    bench.open('a')
    bench.server.lost('a', 'reset', 0)
    bench.connect('b', 'c')
    bench.take('b', resume(T, N))
    expect(bench.says('c', resume(T, M))).toEqual(['b BYE replaced', 'c RESUMED 0 102'])
    bench.take('b', 'PONG 101')
    expect(bench.states).toEqual(['detached'])
    bench.take('c', 'PONG 102')
    expect(bench.states).toEqual(['attached'])
  })

  test('with a token that was used before ends the session for everybody', () => {
    const bench = new Bench()
    bench.open('a')
    bench.connect('thief', 'again')
    bench.take('thief', resume(T, X))
    bench.take('thief', 'PONG 101')
    expect(bench.says('again', resume(T, N))).toEqual([
      'again REFUSED token-reused',
      'thief BYE token-reused',
    ])
    expect(bench.server.sessions).toEqual([])
  })

  test('that arrives once more, late, is no reuse', () => {
    const bench = new Bench()
    bench.open('a')
    bench.connect('b', 'late')
    bench.take('b', resume(T, N))
    bench.take('b', 'PONG 101')
    expect(bench.take('late', resume(T, N))).toEqual([])
    expect(bench.states).toEqual(['attached'])
  })

  test('of a guesser is refused as if there were no session, thrice, then not at all', () => {
    const bench = new Bench()
    bench.open('a')
    bench.connect('guess')
    const answers = Array.from({ length: WRONG_TOKENS_PER_CONNECTION_MAX + 1 }, () =>
      bench.says('guess', resume(X, X)),
    )
    expect(answers.flat()).toEqual([
      ...Array.from({ length: WRONG_TOKENS_PER_CONNECTION_MAX }, () => 'guess REFUSED unknown-session'),
      'guess BYE too-many',
    ])
    const many = Array.from({ length: 50 }, (_, each) => {
      bench.connect(`guess-${each}`)
      return bench.says(`guess-${each}`, resume(X, X))
    })
    expect(many.flat()).toHaveLength(WRONG_TOKENS_PER_SECOND_MAX - WRONG_TOKENS_PER_CONNECTION_MAX)
    // Guessers cannot keep out who has the right one.
    bench.connect('b')
    expect(bench.says('b', resume(T, N))).toEqual(['b RESUMED 0 101'])
  })

  test('with numbers that cannot be is refused', () => {
    const bench = new Bench()
    bench.open('a')
    bench.connect('b')
    expect(bench.says('b', resume(T, N, 1))).toEqual(['b REFUSED out-of-step'])
  })

  test('after the grace period finds nothing', () => {
    const bench = new Bench()
    bench.open('a')
    bench.server.say(ID, 'never arrives', 0)
    bench.server.lost('a', 'reset', 1000)
    expect(bench.server.time(1000 + GRACE_MS - 1)).toEqual([])
    const over = bench.server.time(1000 + GRACE_MS).find((action) => action.do === 'over')
    expect(over).toMatchObject({
      because: 'grace-over',
      unacknowledged: [{ number: 1, text: 'never arrives' }],
    })
    bench.nowMs = 1000 + GRACE_MS
    bench.connect('b')
    expect(bench.says('b', resume(T, N))).toEqual(['b REFUSED unknown-session'])
  })

  test('finds a session that was kept, and what it is holds no secret', () => {
    const before = new Bench()
    before.open('a')
    before.take('a', 'DATA 1 x')
    const memory = before.server.memoryOf(ID)
    expect(JSON.stringify(memory)).not.toContain(T)

    const after = new Bench(true)
    after.connect('b')
    const [load] = after.take('b', resume(T, N))
    if (load?.do !== 'load') throw new Error('expected load')
    expect(sent(after.server.loaded('b', load.line, memory, 0))).toEqual(['b RESUMED 1 100'])
  })
})

describe('messages', () => {
  test('are handed over once, and kept before they are acknowledged', () => {
    const bench = new Bench()
    bench.open('a')
    const first = bench.take('a', 'DATA 1 x')
    expect(did(first)).toEqual(['deliver', 'save', 'send'])
    expect(did(bench.take('a', 'DATA 1 x'))).toEqual(['send'])
    expect(sent(bench.take('a', 'DATA 3 z'))).toEqual(['a ACK 1'])
  })

  test('wait in a queue that says when it is full', () => {
    const bench = new Bench()
    bench.open('a')
    for (let each = 0; each < UNACKNOWLEDGED_MAX; each++)
      expect(bench.server.say(ID, 'x', 0)).not.toBe('full')
    expect(bench.server.say(ID, 'x', 0)).toBe('full')
    bench.take('a', 'ACK 1')
    expect(bench.server.say(ID, 'x', 0)).toMatchObject({ number: UNACKNOWLEDGED_MAX + 1 })
  })

  test('that were never sent cannot be acknowledged', () => {
    const bench = new Bench()
    bench.open('a')
    expect(bench.says('a', 'ACK 1')).toEqual(['a BYE out-of-step'])
    expect(bench.states).toEqual(['detached'])
  })

  test('from somebody who has claimed nothing are not taken', () => {
    const bench = new Bench()
    bench.open('a')
    bench.connect('b')
    expect(did(bench.take('b', 'DATA 1 x'))).toEqual(['note-refused-line'])
  })

  test('of a talker end its connection, and not its session', () => {
    const bench = new Bench()
    bench.open('a')
    const all = Array.from({ length: LINES_PER_SECOND_MAX }, () => bench.says('a', 'PING 1')).flat()
    expect(all.at(-1)).toBe('a BYE too-many')
    expect(bench.states).toEqual(['detached'])
  })
})
