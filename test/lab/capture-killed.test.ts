/** Silence after the capture process was killed is no silence. */
import { expect } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { Cell } from '../../src/lab/cell.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { testNeeding } from '../support/needs.ts'
import { runSession } from '../support/session.ts'

const { isolation } = await findCapabilities()

testNeeding('network namespaces', isolation !== null)(
  'a capture process that is killed ends what is known of every host, from its last packet on',
  async () => {
    if (isolation === null) return
    const file = new URL('../support/capture-killed-session.ts', import.meta.url)
    const { events } = await runSession(file, isolation)
    const log = new LabLog(events)

    expect(log.all('wire:capture_ended').map(({ host, data }) => [host, data.brokeOff])).toEqual([
      ['killed-a', true],
      ['killed-b', true],
    ])
    const watch = log.watchOf('killed')
    if (watch === undefined) throw new Error('the case did not begin')
    const plan = { environment: {}, settings: {} } as unknown as Plan
    const cell = new Cell(log, plan, { case: 'killed', row: 'silent' }, watch)
    const afterwards = cell.between('captured', 'uncaptured')
    expect(cell.b.first('tcp:received')).toBeDefined()
    expect(cell.b.packets(afterwards ?? {})).toBeNull()
    expect(cell.b.whyUnwatched(afterwards ?? {})).toContain('SIGKILL')
  },
  60_000,
)
