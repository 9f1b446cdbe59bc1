import { describe, expect, test } from 'vitest'
import { type ClientAction, clientTransitions, SessionClient } from '../../../src/protocols/session/client.ts'
import { RETRANSMIT_AFTER_MS, UNACKNOWLEDGED_MAX } from '../../../src/protocols/session/constants.ts'
import { parseLine } from '../../../src/protocols/session/lines.ts'

const ID = 'fedcba9876543210'
const tokens = () => {
  let count = 0
  return () => (++count).toString(16).padStart(32, '0')
}
const [T, N] = [1, 2].map((each) => each.toString(16).padStart(32, '0')) as [string, string]

const sent = (actions: ClientAction[]) =>
  actions.flatMap((action) => (action.do === 'send' ? [action.line] : []))
const take = (client: SessionClient, line: string, nowMs = 0) => client.take(parseLine(line), nowMs)

function attached(): SessionClient {
  const client = new SessionClient({ makeToken: tokens() }, 0)
  client.connected('stream', 0)
  take(client, `WELCOME ${ID} 5000 7`)
  return client
}

test('has exactly these transitions', () => {
  const all = Object.entries(clientTransitions).flatMap(([old, inputs]) =>
    Object.entries(inputs).map(([input, next]) => `${old} ${input} ${next}`),
  )
  expect(all).toEqual([
    'new connected opening',
    'new ended over',
    'opening welcome attached',
    'opening connection_lost new',
    'opening ended over',
    'attached connection_lost detached',
    'attached ended over',
    'detached connected resuming',
    'detached ended over',
    'resuming resumed attached',
    'resuming connection_lost detached',
    'resuming ended over',
  ])
})

describe('SessionClient', () => {
  test('says HELLO, and with its first PONG that it receives', () => {
    const client = new SessionClient({ makeToken: tokens() }, 0)
    expect(sent(client.connected('stream', 0))).toEqual([`HELLO 1 ${T}`])
    expect(sent(take(client, `WELCOME ${ID} 5000 7`))).toEqual(['PONG 7'])
    expect(client.state).toBe('attached')
  })

  test('asks again over datagrams, after twice as long each time', () => {
    const client = new SessionClient({ makeToken: tokens() }, 0)
    client.connected('datagrams', 0)
    expect(client.dueAtMs).toBe(RETRANSMIT_AFTER_MS)
    expect(sent(client.time(RETRANSMIT_AFTER_MS))).toEqual([`HELLO 1 ${T}`])
    expect(client.dueAtMs).toBe(3 * RETRANSMIT_AFTER_MS)
  })

  test('keeps its secrets before it uses them', () => {
    const client = attached()
    client.lost('reset', 0)
    const resume = client.connected('stream', 0)
    expect(resume.map((action) => action.do)).toEqual(['note-state', 'save', 'send'])
    expect(client.memory).toMatchObject({ token: T, next: N })
    const resumed = take(client, 'RESUMED 0 9')
    expect(resumed.findIndex(({ do: what }) => what === 'save')).toBeLessThan(
      resumed.findIndex(({ do: what }) => what === 'send'),
    )
    expect(client.memory).toMatchObject({ token: N, next: null })
  })

  test('proposes the same token again while nobody has answered', () => {
    const client = attached()
    client.lost('reset', 0)
    const [first] = sent(client.connected('stream', 0))
    client.lost('reset', 0)
    expect(sent(client.connected('stream', 0))).toEqual([first])
  })

  test('sends again what the server lacks, and nothing else', () => {
    const client = attached()
    for (const text of ['one', 'two', 'three']) client.say(text, 0)
    client.lost('reset', 0)
    client.say('four', 0)
    client.connected('stream', 0)
    expect(sent(take(client, 'RESUMED 2 9'))).toEqual(['PONG 9', 'DATA 3 three', 'DATA 4 four'])
  })

  test('says when its queue is full, and when it has room again', () => {
    const client = attached()
    for (let each = 0; each < UNACKNOWLEDGED_MAX; each++) client.say('x', 0)
    expect(client.say('x', 0)).toBe('full')
    expect(take(client, 'ACK 1').at(-1)).toEqual({ do: 'room' })
  })

  test('goes on where an earlier client was', () => {
    const earlier = attached()
    earlier.say('one', 0)
    const client = new SessionClient({ makeToken: tokens(), memory: earlier.memory }, 0)
    expect(client.state).toBe('detached')
    client.connected('stream', 0)
    expect(sent(take(client, 'RESUMED 0 9'))).toContain('DATA 1 one')
  })

  test.each([
    ['REFUSED unknown-session', 'unknown-session'],
    ['REFUSED token-reused', 'token-reused'],
    ['BYE replaced', 'replaced'],
    ['RESUMED 5 9', 'out-of-step'],
  ])('learns by %s that its session is over, and which messages may be lost', (answer, because) => {
    const client = attached()
    client.say('one', 0)
    client.lost('reset', 0)
    client.connected('stream', 0)
    expect(take(client, answer).at(-1)).toEqual({
      do: 'over',
      because,
      unacknowledged: [{ number: 1, text: 'one' }],
    })
    expect(client.say('two', 0)).toBe('over')
  })

  test('gives a connection up that is silent, and then, much later, the session', () => {
    const client = attached()
    let nowMs = 0
    const states: string[] = []
    while (client.dueAtMs !== Infinity) {
      nowMs = client.dueAtMs
      for (const action of client.time(nowMs))
        if (action.do === 'note-state') states.push(`${nowMs} ${action.new}`)
    }
    expect(states).toEqual(['3500 detached', '13500 over'])
  })

  test('refuses to say what the protocol cannot carry', () => {
    expect(() => attached().say('a\nb', 0)).toThrow(RangeError)
  })
})
