/** The kernel's own bridge is the reference: our switch does with some thousand frames what that does. */
import { beforeAll, expect, test } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { describeNeeding } from '../support/needs.ts'
import { runSession } from '../support/session.ts'

const { isolation } = await findCapabilities()
/** All frames are out long before the first address is too old. */
const FRAMES_MS_MAX = 1500

interface Report {
  mixed: { frames: number; framesMs: number; differences: string[]; reasons: Record<string, number> }
  aged: { unknown: number; frames: number; differences: string[] }
  ageless: { differences: string[] }
  full: { learned: number; differences: string[] }
  queried: { joined: number; differences: string[] }
}

describeNeeding('network namespaces', isolation !== null)("the switch beside the kernel's bridge", () => {
  let report: Report
  beforeAll(async () => {
    if (isolation === null) return
    report = (await runSession<Report>(new URL('../support/bridge-session.ts', import.meta.url), isolation))
      .report
  }, 60_000)

  test('unicast, broadcast, multicast without a querier, stations that move, what goes nowhere', () => {
    const { frames, framesMs, differences, reasons } = report.mixed
    process.stdout.write(`${frames} frames in ${Math.round(framesMs)} ms: ${JSON.stringify(reasons)}\n`)
    expect(framesMs).toBeLessThan(FRAMES_MS_MAX)
    expect(differences).toEqual([])
    for (const reason of ['known', 'unknown', 'group', 'same-port', 'reserved', 'invalid']) {
      expect(reasons[reason]).toBeGreaterThan(20)
    }
  })

  test('who was heard in time is known, who was not is forgotten', () => {
    const { unknown, frames, differences } = report.aged
    expect(differences).toEqual([])
    expect(unknown).toBeGreaterThan(frames / 8)
  })

  test('with an ageing time of 0 it is a hub', () => {
    expect(report.ageless.differences).toEqual([])
  })

  test('multicast with a querier: to those that have joined, until they do not answer, and to routers', () => {
    const { joined, differences } = report.queried
    expect(differences).toEqual([])
    expect(joined).toBeGreaterThan(500)
  })

  test('a table that is full', ({ skip }) => {
    const { learned, differences } = report.full
    skip(learned > 8, 'this kernel has no fdb_max_learned (Linux 6.8)')
    expect(differences).toEqual([])
  })
})
