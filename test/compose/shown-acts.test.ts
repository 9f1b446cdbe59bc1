import { expect, test } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { Judgement } from '../../src/compose/judgement.ts'
import { ShownActs } from '../../src/compose/shown-acts.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { madeUpRun } from '../support/made-up-run.ts'
import { CLIENT, entered, event } from './support.ts'

const lab = keepalive as unknown as Lab
const plan = { ...madeUpRun().plan, tier: 'compose' as const, play: true }

test('what was foretold before a strike stays as it was, whatever is measured afterwards', () => {
  const judgement = new Judgement(plan, lab.judge)
  const acts = new ShownActs(plan, judgement)
  const take = (...events: LabEvent[]) => {
    for (const one of events) {
      acts.take(one)
      judgement.take(one)
    }
  }
  const truth = (time: number, host: string, now: 'answering' | 'frozen') =>
    event(time, host, 'truth:updated', {
      peer: host.endsWith('a') ? 'client-1-b' : 'client-1-a',
      old: 'answering',
      new: now,
      because: 'it is so',
      certainty: 'definite',
    })
  const pauseServer = () => acts.list().find(({ id }) => id === 'pause server')

  take(entered(0, 'server', '10.213.2.10'), entered(10, 'client-1', CLIENT))
  for (const side of ['a', 'b']) {
    take(event(20, `client-1-${side}`, 'host:started', { address: CLIENT, pair: 'client-1' }))
    take(truth(30, `client-1-${side}`, 'answering'))
  }
  const before = pauseServer()?.expected
  expect(before?.['tcp-heartbeat']?.words).toMatch(/^down after .* \(heartbeat missed\)$/)
  const strike = {
    fault: 'freeze',
    pair: 'client-1',
    struck: 'client-1-b',
    promise: 'frozen',
    uncertainMs: 0,
  }
  take(event(5000, 'lab', 'fault:striking', strike), truth(5000, 'client-1-a', 'frozen'))
  expect(pauseServer()?.foretold).toEqual({ 'client-1/1': before })
  expect(acts.list().find(({ id }) => id === 'pause client')?.foretold).toEqual({})
  // Everything is well again, and the strike after it is another one.
  take(truth(9000, 'client-1-a', 'answering'), event(20_000, 'lab', 'fault:striking', strike))
  expect(Object.keys(pauseServer()?.foretold ?? {})).toEqual(['client-1/1', 'client-1/2'])
})
