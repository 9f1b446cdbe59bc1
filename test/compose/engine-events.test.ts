import { expect, test } from 'vitest'
import { parseEngineEvent } from '../../src/compose/engine-events.ts'

const ID = `${'3f2a'.repeat(16)}`

function line(event: object): string {
  return JSON.stringify({ timeNano: 1795533009821781000, ...event })
}

test('what happens to a container, and when', () => {
  const event = parseEngineEvent(
    line({ Type: 'container', Action: 'pause', Actor: { ID, Attributes: { name: 'x' } } }),
  )
  expect(event).toMatchObject({ action: 'pause', container: '3f2a3f2a3f2a' })
  // A double holds it to a quarter of a microsecond.
  expect(Number(event?.atNs) - 1795533009821781000).toBeLessThan(1000)
})

test('a network names the container in its attributes', () => {
  const attributes = { container: ID, name: 'stillhere-inside' }
  const event = line({
    Type: 'network',
    Action: 'disconnect',
    Actor: { ID: 'f'.repeat(64), Attributes: attributes },
  })
  expect(parseEngineEvent(event)).toMatchObject({ action: 'disconnect', container: '3f2a3f2a3f2a' })
})

test.each([
  ['a health check', line({ Type: 'container', Action: 'exec_start: sh', Actor: { ID } })],
  ['an image', line({ Type: 'image', Action: 'pull', Actor: { ID } })],
  ['an id that is none', line({ Type: 'container', Action: 'die', Actor: { ID: '../../etc' } })],
  ['no JSON', '2026-11-24T15:00:00 container die 3f2a'],
  ['nothing', ''],
])('%s is no news', (_, text) => {
  expect(parseEngineEvent(text)).toBeNull()
})
