/** The lab itself, run as a person runs it; its own checks are the assertions, tshark is the second witness. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { notPassed, skipped } from '../support/checks.ts'
import { runsOf } from '../support/lab-runs.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'
import { hasTshark, tsharkFields } from '../support/tshark.ts'

const { tier } = await findCapabilities()
const runs = runsOf('vpn', tier === 'netns')

describeNeeding('network namespaces', tier === 'netns')('lab:vpn on netns hosts', () => {
  test('none of its checks failed, none was skipped, and they are those of the recorded run', () => {
    const { report, ended } = runs.netns()
    expect(notPassed(report)).toEqual([])
    expect(report).toMatchObject({ lab: 'vpn', tier: 'netns', verdict: 'pass' })
    expect(skipped(report)).toEqual([])
    expect(ended.status).toBe(0)
    expect(checkIds(report)).toEqual(checkIds(recordedReport('vpn')))
  })

  testNeeding('tshark', hasTshark)('tshark takes each datagram of the handshake for what it is', () => {
    const { folder } = runs.netns()
    const types = tsharkFields(join(folder, 'handshake-a.pcapng'), 'wg', ['wg.type'])
    // Ten seconds later there is a keepalive, where the run lasts so long.
    expect(types.flat().slice(0, 4)).toEqual(['1', '2', '4', '4'])
  })
})

test('on plain processes all of it is skipped, and says why', () => {
  const { report } = runs.process()
  expect(report.checks.every(({ verdict }) => verdict === 'skipped')).toBe(true)
})
