/** The switch that is a program, for real: what it says when there is more to say than anybody reads, and of a dead card. */
import { beforeAll, expect, test } from 'vitest'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { describeNeeding } from '../support/needs.ts'
import { named, runSession } from '../support/session.ts'

const { isolation } = await findCapabilities()

describeNeeding('network namespaces', isolation !== null)('a switch that is a program', () => {
  let report: { frames: number; port: string }
  let events: LabEvent[] = []
  beforeAll(async () => {
    if (isolation === null) return
    const file = new URL('../support/switch-session.ts', import.meta.url)
    const session = await runSession<typeof report>(file, isolation)
    report = session.report
    events = session.events
    expect(session.left).toEqual([])
  }, 60_000)

  test('tells of a thousand frames in a second, and counts the others', () => {
    const told = named(events, 'switch:forwarded').length
    const untold = named(events, 'switch:frames_untold').reduce((sum, { data }) => sum + data.frames, 0)
    const missed = named(events, 'switch:frames_missed')
    expect(missed).toEqual([])
    expect(told).toBeGreaterThanOrEqual(1000)
    expect(untold).toBeGreaterThan(0)
    expect(told + untold).toBeGreaterThanOrEqual(report.frames)
  })

  test('says that the card of a port went down', () => {
    expect(named(events, 'switch:port_failed').map(({ data }) => data)).toContainEqual({
      switch: 'boxed',
      port: report.port,
      error: 'ENETDOWN',
    })
  })
})
