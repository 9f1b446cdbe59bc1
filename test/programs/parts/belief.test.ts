import { expect, test } from 'vitest'
import { triggers } from '../../../src/events/vocabulary.ts'
import { certaintyOf, PeerBelief, triggerOf } from '../../../src/programs/parts/belief.ts'
import { collectEvents } from '../../support/events.ts'

test.each([
  ['ECONNRESET', 'econnreset', 'definite'],
  ['ECONNABORTED', 'econnaborted', 'definite'],
  ['ECONNREFUSED', 'econnrefused', 'definite'],
  ['EPIPE', 'epipe', 'definite'],
  ['ETIMEDOUT', 'etimedout', 'unknown'],
  ['EHOSTUNREACH', 'ehostunreach', 'unknown'],
  ['ENETUNREACH', 'enetunreach', 'unknown'],
  ['ENOBUFS', 'socket_error', 'unknown'],
])('triggerOf %s is %s, and that is %s', (code, trigger, certainty) => {
  expect(triggerOf(code)).toBe(trigger)
  expect(certaintyOf[triggerOf(code)]).toBe(certainty)
})

test('certaintyOf never makes silence definite', () => {
  const unknown = triggers.filter((trigger) => certaintyOf[trigger] === 'unknown')
  expect(unknown).toEqual(
    expect.arrayContaining(['heartbeat_missed', 'answer_missed', 'etimedout', 'ehostunreach', 'enetunreach']),
  )
})

test('PeerBelief.become emits a change, and nothing for a second reason to believe the same', () => {
  const { emit, events } = collectEvents()
  const belief = new PeerBelief(emit, 'tcp:1')
  belief.become('up', 'connected')
  belief.become('down', 'heartbeat_missed', 3500.4)
  belief.become('down', 'fin')
  expect(events.map((event) => event.data)).toEqual([
    { old: 'unknown', new: 'up', trigger: 'connected', certainty: 'definite' },
    { old: 'up', new: 'down', trigger: 'heartbeat_missed', certainty: 'unknown', silentMs: 3500 },
  ])
})
