/** What an exchange does with calls, without any telephone. */
import { describe, expect, test } from 'vitest'
import { Exchange } from '../../src/wire/exchange.ts'

const hello = Buffer.from('hello')

function newExchange(change = {}) {
  return new Exchange({ lines: 4, slots: 2, ...change })
}

test.each([
  [{ slots: 0 }, 'a trunk needs a capacity of 1 slot at least, not of 0'],
  [{ slots: 1.5 }, 'a trunk needs a capacity of 1 slot at least, not of 1.5'],
  [{ lines: 1 }, 'an exchange of 2 slots needs 2 to 1000 lines, not 1'],
  [{ lines: 5000 }, 'an exchange of 2 slots needs 2 to 1000 lines, not 5000'],
])('%j is refused in a line', (change, words) => {
  expect(() => newExchange(change)).toThrow(new RangeError(words))
})

describe('a call', () => {
  test('gets a slot of its own, and the other one is rung', () => {
    const exchange = newExchange()
    expect(exchange.hear('a', 'call', 3)).toEqual([
      { to: 'b', verb: 'ringing', line: 3 },
      { to: 'a', verb: 'connected', line: 3 },
    ])
    expect(exchange.owners).toEqual([3, null])
  })

  test('hears the busy tone when all slots are taken, and nobody is rung; until somebody hangs up', () => {
    const exchange = newExchange()
    exchange.hear('a', 'call', 1)
    exchange.hear('b', 'call', 2)
    expect(exchange.hear('a', 'call', 3)).toEqual([{ to: 'a', verb: 'busy', line: 3 }])
    expect(exchange.counts).toMatchObject({ calls: 3, blocked: 1 })
    expect(exchange.hear('a', 'hang-up', 3)).toEqual([{ to: 'a', verb: 'cleared', line: 3 }])
    expect(exchange.hear('b', 'hang-up', 1)).toEqual([
      { to: 'a', verb: 'cleared', line: 1 },
      { to: 'b', verb: 'cleared', line: 1 },
    ])
    expect(exchange.hear('a', 'call', 3).map(({ verb }) => verb)).toEqual(['ringing', 'connected'])
    expect(exchange.owners).toEqual([3, 2])
  })

  test('of a line that talks, or of none, changes nothing', () => {
    const exchange = newExchange()
    exchange.hear('a', 'call', 1)
    expect(exchange.hear('b', 'call', 1)).toEqual([{ to: 'b', verb: 'busy', line: 1 }])
    expect(exchange.hear('a', 'call', 9)).toEqual([{ to: 'a', verb: 'cleared', line: 9 }])
    expect(exchange.hear('a', 'hang-up', 4)).toEqual([{ to: 'a', verb: 'cleared', line: 4 }])
    expect(exchange.counts).toMatchObject({ calls: 1, blocked: 0 })
    expect(exchange.owners).toEqual([1, null])
  })

  test('ends when the line of either is dead, and whoever is left is told', () => {
    const exchange = newExchange()
    exchange.hear('a', 'call', 1)
    exchange.hear('a', 'call', 2)
    expect(exchange.lose('b')).toEqual([
      { to: 'a', verb: 'lost', line: 1 },
      { to: 'a', verb: 'lost', line: 2 },
    ])
    expect(exchange.owners).toEqual([null, null])
    expect(exchange.lose('b')).toEqual([])
  })
})

describe('a frame of the trunk', () => {
  test('has a place for each call, also for one that says nothing', () => {
    const exchange = newExchange()
    expect(exchange.frame()).toEqual([])
    exchange.hear('a', 'call', 1)
    exchange.hear('a', 'call', 2)
    exchange.hear('a', 'voice', 2, hello)
    expect(exchange.frame()).toEqual([{ line: 2, voice: hello }])
    expect(exchange.frame()).toEqual([])
    expect(exchange.counts).toMatchObject({ frames: 3, reserved: 4, silent: 3, voicesLost: 0 })
  })

  test('carries one piece of speech of each; what is beyond waits, and not for ever', () => {
    const exchange = newExchange()
    exchange.hear('a', 'call', 1)
    for (let piece = 0; piece < 10; piece++) exchange.hear('a', 'voice', 1, hello)
    expect(exchange.frame()).toHaveLength(1)
    expect(exchange.counts.voicesLost).toBe(2)
  })

  test('carries nothing of who is not connected, nor of a call that is over', () => {
    const exchange = newExchange({ slots: 1 })
    exchange.hear('a', 'call', 1)
    exchange.hear('a', 'call', 2)
    exchange.hear('a', 'voice', 2, hello)
    exchange.hear('a', 'voice', 1, hello)
    exchange.hear('a', 'hang-up', 1)
    expect(exchange.frame()).toEqual([])
    expect(exchange.counts).toMatchObject({ reserved: 0, voicesLost: 1 })
  })
})
