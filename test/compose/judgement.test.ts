import { expect, test } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { Judgement } from '../../src/compose/judgement.ts'
import { WATCH_MS } from '../../src/compose/truths.ts'
import type { Belief, LabEvent } from '../../src/events/vocabulary.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { madeUpRun } from '../support/made-up-run.ts'
import { CLIENT, event } from './support.ts'

const lab = keepalive as unknown as Lab
const plan = { ...madeUpRun().plan, tier: 'compose' as const, play: true }

function believes(time: number, side: 'a' | 'b', port: number, old: Belief, next: Belief): LabEvent {
  const changed = { old, new: next, trigger: 'connected', certainty: 'definite' } as const
  return event(time, `client-1-${side}`, 'belief:updated', changed, `tcp-idle:${port}`)
}

/** A server that is frozen from a moment on, after minutes of peace perhaps. @returns what became of its idle client */
function frozenAt(time: number, beliefs: LabEvent[]) {
  const judgement = new Judgement(plan, lab.judge)
  const about = { fault: 'freeze', pair: 'client-1', struck: 'client-1-b' }
  // Time goes by, and what is old is left out.
  const peace = Array.from({ length: Math.floor(time / 1000) }, (_, second) =>
    event(second * 1000, 'client-1-a', 'control:late', { lateMs: 0 }),
  )
  const events = [
    event(1, 'client-1-a', 'host:started', { address: CLIENT, pair: 'client-1' }),
    event(1, 'client-1-b', 'host:started', { address: CLIENT, pair: 'client-1' }),
    ...peace,
    ...beliefs,
    event(time, 'lab', 'fault:striking', { ...about, promise: 'frozen', uncertainMs: 0 }),
    event(time, 'lab', 'fault:struck', { ...about, verifiedBy: 'it says nothing' }),
    event(time + WATCH_MS, 'lab', 'watch:ended', about),
  ]
  const checks = events.sort((one, other) => one.time - other.time).flatMap((one) => judgement.take(one))
  return checks.find(({ id }) => id === 'client-1/tcp-idle/1-freeze-detected')
}

test.each([9000, 30_000, 600_000])(
  'who came to believe before is known to be silent, %d ms later',
  (time) => {
    const up = [believes(20, 'a', 40_000, 'connecting', 'up'), believes(20, 'b', 40_000, 'unknown', 'up')]
    expect(frozenAt(time, up)).toMatchObject({ verdict: 'pass' })
  },
)

test('an earlier connection that is over at last says nothing of the one after it', () => {
  const up = [
    believes(20, 'a', 40_000, 'unknown', 'up'),
    believes(30, 'a', 40_001, 'unknown', 'connecting'),
    believes(31, 'a', 40_001, 'connecting', 'up'),
  ]
  const ended = (port: number) => frozenAt(600_000, [...up, believes(601_000, 'a', port, 'up', 'down')])
  expect(ended(40_000)).toMatchObject({ verdict: 'pass' })
  expect(ended(40_001)).toMatchObject({ verdict: 'fail' })
})

test('of whom nothing was ever heard nothing is said', () => {
  expect(frozenAt(30_000, [])).toMatchObject({ verdict: 'skipped' })
})
