/** The claim of the protocol, against a network and processes that do their worst. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomFrom } from '../../../src/lab/random.ts'
import { World } from './world.ts'

const faults = ['break', 'kill-client', 'kill-server', 'cut', 'mend', 'say', 'answer', 'wait'] as const

/** Plays a script of faults, then lets the network be well for a while. */
function play(
  world: World,
  script: { fault: (typeof faults)[number]; forMs: number }[],
  isDurable: boolean,
): World {
  let count = 0
  fc.pre(establish(world))
  for (const { fault, forMs } of script) {
    world.connect()
    if (fault === 'break') world.break()
    if (fault === 'kill-client') world.killClient()
    if (fault === 'kill-server' && isDurable) world.killServer()
    if (fault === 'cut') world.isCut = true
    if (fault === 'mend') world.isCut = false
    if (fault === 'say') for (let each = 0; each < 5; each++) world.sayAsClient(`c ${++count}`)
    const session = world.client.session
    if (fault === 'answer' && session !== null) {
      for (let each = 0; each < 5; each++) world.sayAsServer(session, `s ${++count}`)
    }
    world.run(forMs)
  }
  world.isCut = false
  for (let wait = 0; wait < 400 && !isQuiet(world); wait++) {
    world.connect()
    world.run(100)
  }
  return world
}

/** A session that its client never confirmed is forgotten soon, and by bad luck that happens: it has not begun. */
function establish(world: World): boolean {
  for (let wait = 0; wait < 20 && world.server.sessions[0]?.state !== 'attached'; wait++) {
    world.connect()
    world.run(100)
  }
  return world.server.sessions[0]?.state === 'attached' && world.over.server.length === 0
}

function isQuiet(world: World): boolean {
  const { said, handed } = world
  return said.client.length === handed.server.length && said.server.length === handed.client.length
}

const script = fc.array(
  fc.record({ fault: fc.constantFrom(...faults), forMs: fc.integer({ min: 1, max: 900 }) }),
  { minLength: 5, maxLength: 40 },
)

describe.each(['stream', 'datagrams'] as const)('over %s', (carrier) => {
  test('every message arrives once and in order, whatever dies meanwhile', () => {
    fc.assert(
      fc.property(script, fc.integer(), fc.boolean(), (steps, seed, isDurable) => {
        const random = randomFrom(seed)
        const network = carrier === 'stream' ? { loss: 0, duplicate: 0 } : { loss: 0.3, duplicate: 0.2 }
        // A grace period that no script outlasts: the session lives, and so must every message.
        const world = new World({ carrier, random, graceMs: 3_600_000, delayMs: 40, isDurable, ...network })
        play(world, steps, isDurable)
        expect(world.over.client).toEqual([])
        // A late copy of HELLO opens a session for a server that was killed meanwhile: nobody ever confirms it.
        expect(world.over.server.filter((because) => because !== 'unconfirmed')).toEqual([])
        expect(world.handed.server).toEqual(world.said.client)
        expect(world.handed.client).toEqual(world.said.server)
      }),
      { numRuns: 150 },
    )
  })

  test('a session that cannot live is over for both, and nothing of it came twice or out of order', () => {
    fc.assert(
      fc.property(script, fc.integer(), (steps, seed) => {
        const random = randomFrom(seed)
        const network = carrier === 'stream' ? { loss: 0, duplicate: 0 } : { loss: 0.3, duplicate: 0.2 }
        const world = new World({ carrier, random, graceMs: 400, delayMs: 40, isDurable: false, ...network })
        play(world, steps, false)
        const { said, handed } = world
        expect(handed.server).toEqual(said.client.slice(0, handed.server.length))
        expect(handed.client).toEqual(said.server.slice(0, handed.client.length))
        // Not one of the two goes on believing.
        const isOver = world.over.client.length > 0
        world.run(10_000)
        if (isOver) expect(world.server.sessions).toEqual([])
      }),
      { numRuns: 100 },
    )
  })
})
