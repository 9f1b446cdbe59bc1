/** What a switch and a hub do with frames, without any; `bridge.test.ts` holds the switch against the kernel's own. */
import { describe, expect, test } from 'vitest'
import { Hub } from '../../src/wire/hub.ts'
import { LearningSwitch } from '../../src/wire/learning-switch.ts'

const PORTS = ['a', 'b', 'c']
const AGEING_MS = 2000
const BROADCAST = 'ffffffffffff'
/** Of a station, by its letter. */
const mac = (letter: string) => `02000000000${letter}`

function frame(from: string, to: string): Buffer {
  return Buffer.from(`${to}${from}88b5`, 'hex')
}

function newSwitch(change = {}) {
  return new LearningSwitch(PORTS, { ageingMs: AGEING_MS, addressesMax: 100, ...change })
}

test('a hub repeats everything at all other ports', () => {
  const hub = new Hub(PORTS)
  expect(hub.enter(frame(mac('a'), mac('b')), 'a')).toEqual({ to: ['b', 'c'], because: 'repeated' })
  expect(hub.enter(Buffer.of(), 'c').to).toEqual(['a', 'b'])
})

describe('a switch', () => {
  test('floods until it has heard the destination, and learns from each frame', () => {
    const one = newSwitch()
    expect(one.enter(frame(mac('a'), mac('b')), 'a', 0)).toEqual({
      to: ['b', 'c'],
      because: 'unknown',
      learned: 'new',
    })
    expect(one.enter(frame(mac('b'), mac('a')), 'b', 1)).toEqual({
      to: ['a'],
      because: 'known',
      learned: 'new',
    })
    expect(one.enter(frame(mac('a'), mac('b')), 'a', 2)).toEqual({ to: ['b'], because: 'known' })
    expect(one.enter(frame(mac('c'), mac('b')), 'b', 3)).toMatchObject({ to: [], because: 'same-port' })
  })

  test('believes whoever spoke last, and forgets who is silent', () => {
    const one = newSwitch()
    one.enter(frame(mac('b'), BROADCAST), 'b', 0)
    expect(one.enter(frame(mac('b'), BROADCAST), 'c', 1)).toMatchObject({ learned: 'moved' })
    expect(one.enter(frame(mac('a'), mac('b')), 'a', AGEING_MS).to).toEqual(['c'])
    // Being spoken to keeps nobody in the table.
    expect(one.enter(frame(mac('a'), mac('b')), 'a', 1 + AGEING_MS)).toMatchObject({ because: 'unknown' })
  })

  test.each([
    ['ageing time 0', { ageingMs: 0 }],
    ['a table with no room', { addressesMax: 0 }],
  ])('%s: it learns nothing', (_, change) => {
    const one = newSwitch(change)
    one.enter(frame(mac('b'), BROADCAST), 'b', 0)
    expect(one.enter(frame(mac('a'), mac('b')), 'a', 1)).toEqual({ to: ['b', 'c'], because: 'unknown' })
  })

  test('a full table still knows whom it has, and follows them', () => {
    const one = newSwitch({ addressesMax: 1 })
    one.enter(frame(mac('b'), BROADCAST), 'b', 0)
    expect(one.enter(frame(mac('a'), mac('b')), 'a', 1)).toEqual({ to: ['b'], because: 'known' })
    one.enter(frame(mac('b'), BROADCAST), 'c', 2)
    expect(one.enter(frame(mac('a'), mac('b')), 'a', 3).to).toEqual(['c'])
  })

  test.each([
    ['an empty one', Buffer.of()],
    ['13 bytes', frame(mac('a'), mac('b')).subarray(0, 13)],
    ['one from a group', frame(BROADCAST, mac('b'))],
    ['one from nobody', frame('000000000000', mac('b'))],
    ['one for the switch itself', frame(mac('a'), '0180c200000e')],
    ['a pause', frame(mac('a'), '0180c2000001')],
  ])('%s goes nowhere', (_, bytes) => {
    expect(newSwitch().enter(bytes, 'a', 0).to).toEqual([])
  })
})
