/** Callers who may be somebody in another's name: what is said to them is bounded, and no voice goes there. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AnswerBudget } from '../../../src/protocols/sip/answer-budget.ts'
import type { Place } from '../../../src/protocols/sip/compose.ts'
import {
  EXCESS_BYTES_MAX,
  EXCESS_BYTES_PER_SECOND,
  PROVEN_FOR_MS,
  PROVEN_MAX,
  STRANGERS_CALLS_MAX,
} from '../../../src/protocols/sip/constants.ts'
import { headerOf, readMessage } from '../../../src/protocols/sip/message.ts'
import { ProvenPlaces } from '../../../src/protocols/sip/proven-places.ts'
import { media, place, TwoAgents } from './two-agents.ts'

test('to strangers no more is said than was heard of them, and the excess', () => {
  const steps = fc.array(
    fc.record({
      heard: fc.integer({ min: 0, max: 70_000 }),
      said: fc.array(fc.integer({ min: 1, max: 70_000 }), { maxLength: 5 }),
      pauseMs: fc.integer({ min: 0, max: 5_000 }),
    }),
  )
  fc.assert(
    fc.property(steps, (all) => {
      const budget = new AnswerBudget(0)
      let [heard, said, nowMs] = [0, 0, 0]
      for (const step of all) {
        nowMs += step.pauseMs
        heard += step.heard
        budget.heard(step.heard)
        for (const bytes of step.said) if (budget.take(bytes, nowMs)) said += bytes
        expect(said).toBeLessThanOrEqual(
          heard + EXCESS_BYTES_MAX + (EXCESS_BYTES_PER_SECOND * nowMs) / 1000 + 1,
        )
      }
    }),
  )
})

test('who hears what it said is answered however much it was: the budget is not smaller than a question', () => {
  const budget = new AnswerBudget(0)
  for (let asked = 0; asked < 10_000; asked += 1) {
    budget.heard(500)
    expect(budget.take(500, 0)).toBe(true)
  }
})

test('a place is proven for a time, and of too many the oldest is forgotten', () => {
  const places = new ProvenPlaces()
  const at = (port: number): Place => ({ transport: 'udp', address: '10.0.1.9', port })
  places.add(at(1), 0)
  expect([places.has(at(1), PROVEN_FOR_MS - 1), places.has(at(2), 0)]).toEqual([true, false])
  expect(places.has(at(1), PROVEN_FOR_MS)).toBe(false)
  expect(places.has({ ...at(2), transport: 'tcp' }, 0)).toBe(true)
  for (let port = 2; port <= PROVEN_MAX + 1; port += 1) places.add(at(port), 0)
  expect([places.has(at(1), 0), places.has(at(2), 0)]).toEqual([false, true])
})

/** Asked in anybody's name. */
function invite(number: number): string {
  const fields = [
    `Via: SIP/2.0/UDP 10.0.1.1;branch=z9hG4bK${number}`,
    'From: <sip:alice@10.0.1.1>;tag=1',
    'To: <sip:bob@10.0.1.2>',
    `Call-ID: ${number}`,
    'CSeq: 1 INVITE',
    'Contact: <sip:alice@10.0.1.1>',
  ]
  return `INVITE sip:bob@10.0.1.2 SIP/2.0\r\n${fields.join('\r\n')}\r\n\r\n`
}

test('so many calls of strangers are open at once, and no more; who acknowledges is none any more', () => {
  const two = new TwoAgents()
  const take = (text: string) => two.do('b', two.b.receive(readMessage(Buffer.from(text)), place(1), 0))
  two.isLost = () => true
  for (let number = 0; number <= STRANGERS_CALLS_MAX; number += 1) take(invite(number))
  expect(two.what().filter((what) => what === '180 INVITE')).toHaveLength(STRANGERS_CALLS_MAX)
  expect(two.what().at(-1)).toBe('503 INVITE')
  two.do('b', two.b.pickUp('7', media(2), 0))
  expect(two.b.knows(place(1), 0)).toBe(false)
  expect(two.heard('media')).toEqual([])
  const to = headerOf(two.sent.at(-1)?.message ?? expect.fail('no answer'), 'To')
  const acknowledged = invite(7)
    .replaceAll('INVITE', 'ACK')
    .replace(/To: .*(?=\r)/, `To: ${to}`)
  take(acknowledged.replace('z9hG4bK7', 'z9hG4bKack'))
  expect(two.b.knows(place(1), 0)).toBe(true)
  take(invite(1_000))
  expect(two.what().at(-1)).toBe('180 INVITE')
})

test('voice goes to a caller once it has acknowledged', () => {
  const two = new TwoAgents()
  two.isLost = ({ what, atMs }) => what === 'ACK' && atMs < 400
  two.call()
  two.pickUp()
  two.pass(40_000)
  expect(two.heard('media', 'b').map(({ atMs }) => atMs)).toEqual([500])
})
