/** What a browser keeps of a run that goes on. */
import { expect, test } from 'vitest'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { EVENTS_SHOWN_MAX } from '../../src/page/client/earlier.ts'
import { LiveRun } from '../../src/page/client/live.ts'

/** Every second one is routine. */
const events = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: index % 2 === 0 ? 'packet:captured' : 'belief:updated',
    time: index,
    data: {},
  })) as unknown as LabEvent[]

test.each([1, 2])('of %i events too many the older half loses what is routine, and it is counted', (more) => {
  const live = new LiveRun()
  const batch = { type: 'events' as const, run: 'one', fresh: false, missing: 0 }
  expect(live.take({ ...batch, next: EVENTS_SHOWN_MAX, events: events(EVENTS_SHOWN_MAX) })).toBe(false)
  expect(live.take({ ...batch, next: EVENTS_SHOWN_MAX + more, events: events(more) })).toBe(true)
  const before = EVENTS_SHOWN_MAX + more
  expect(live.events.length).toBeLessThan(0.8 * before)
  expect(live.missing).toBe(before - live.events.length)
})
