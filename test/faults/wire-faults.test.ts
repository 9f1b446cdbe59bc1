/** The faults of the network between, for real: each measured while it is there, and when it is gone. */
import { beforeAll, expect, test } from 'vitest'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { wireFaults } from '../../src/faults/registry.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { named, runSession } from '../support/session.ts'

const { isolation } = await findCapabilities()

test('a fault is named as it is registered', () => {
  for (const [id, fault] of Object.entries(wireFaults)) expect(fault.id).toBe(id)
})

describeNeeding('network namespaces', isolation !== null)('on a pair of hosts', () => {
  let events: LabEvent[] = []
  let missing: string | null = null
  beforeAll(async () => {
    if (isolation === null) return
    const file = new URL('../support/wire-faults-session.ts', import.meta.url)
    const session = await runSession<{ missing: string | null }>(file, isolation)
    events = session.events
    missing = session.report.missing
    expect(session.left).toEqual([])
  }, 120_000)

  test.each<[string, string, number?]>([
    ['delay', 'cabled', 2],
    ['jitter', 'cabled'],
    ['loss', 'cabled'],
    ['duplication', 'cabled'],
    ['reordering', 'cabled'],
    ['hold', 'cabled'],
    ['one-way', 'cabled'],
    ['mtu-black-hole', 'cabled'],
    ['cut', 'cabled'],
  ])('%s is measured, and so is its undoing', expectMeasured)

  test('delay() of another strength says so, and is measured', () => {
    const promises = named(events, 'fault:striking').filter(({ data }) => data.fault === 'delay')
    expect(promises[1]?.data.promise).toContain('1500 ms')
    const proofs = named(events, 'fault:struck').filter(({ data }) => data.fault === 'delay')
    expect(proofs[1]?.data.verifiedBy).toMatch(/after 15\d\d\.\d ms or more/)
  })

  test('a host with a cable reboots', () => {
    const [struck] = named(events, 'fault:struck').filter(({ data }) => data.fault === 'reboot')
    expect(struck?.data.verifiedBy).toMatch(/process number 2/)
  })

  test('where there is no cable, a fault that needs one is not believed', () => {
    expect(named(events, 'fault:unverified').map(({ data }) => data)).toEqual([
      { fault: 'loss', pair: 'plain', struck: 'plain-b', problem: 'Pair plain was not made with a cable' },
    ])
  })

  test('what the cable was told and what became of the frames is in the log', () => {
    const told = named(events, 'cable:set').filter(({ data }) => data.loss > 0)
    expect(told.map(({ data }) => [data.cable, data.direction, data.loss])).toEqual([['cabled', 'aToB', 0.1]])
    const [last] = named(events, 'cable:counted')
      .filter(({ data }) => data.direction === 'aToB')
      .slice(-1)
    if (last === undefined) throw new Error('nothing was counted')
    const { entered, left, lost, cutOff, tooLarge, dropped, duplicated, held, overflowed } = last.data
    expect(entered + duplicated).toBe(left + lost + cutOff + tooLarge + dropped + held + overflowed)
    expect(named(events, 'cable:frames_missed')).toEqual([])
  })

  // `missing` is known only later; so it says so instead of being skipped.
  testNeeding('nftables', isolation !== null)('reject is measured, or what it needs is named', () => {
    if (missing === null) expectMeasured('reject', 'plain')
    else expect(missing).toBe('nft not found: apt-get install nftables')
  })

  function expectMeasured(fault: string, pair: string, times = 1): void {
    const of = (event: { data: { fault: string; pair: string } }) =>
      event.data.fault === fault && event.data.pair === pair
    expect(named(events, 'fault:unverified').filter(of)).toEqual([])
    expect(named(events, 'fault:struck').filter(of)).toHaveLength(times)
    expect(named(events, 'fault:undone').filter(of)).toHaveLength(times)
  }
})
