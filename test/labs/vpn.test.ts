/** The lab itself, run as a person runs it; its own checks are the assertions, tshark is the second witness. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { vpn } from '../../labs/vpn/lab.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { tunProblem } from '../../src/kernel/tun.ts'
import type { Report } from '../../src/lab/report.ts'
import { cellOfCheck } from '../../src/plan/plan.ts'
import { notPassed } from '../support/checks.ts'
import { runsOf } from '../support/lab-runs.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'
import { hasTshark, tsharkFields } from '../support/tshark.ts'

const { tier } = await findCapabilities()
const runs = runsOf('vpn', tier === 'netns')

function casesNeeding(...needs: readonly string[]): string[] {
  return vpn.cases.filter((one) => one.needs?.some((need) => needs.includes(need))).map(({ id }) => id)
}

/** In the order of the lab. */
function casesOf(ids: readonly string[]): string[] {
  const found = ids.map((id) => cellOfCheck(id).split('/')[0])
  return vpn.cases.map(({ id }) => id).filter((id) => found.includes(id))
}

function without(ids: readonly string[], cases: readonly string[]): string[] {
  return ids.filter((id) => !casesOf([id]).some((one) => cases.includes(one)))
}

describeNeeding('network namespaces', tier === 'netns')('lab:vpn on netns hosts', () => {
  test('none of its checks failed; skipped is what needs a TUN device that nobody may open, and no more', () => {
    const { report, ended } = runs.netns()
    const notHere = tunProblem() === null ? [] : casesNeeding('tun')
    expect(notPassed(report)).toEqual([])
    expect(report).toMatchObject({ lab: 'vpn', tier: 'netns', verdict: 'pass' })
    expect(casesOf(skippedIds(report))).toEqual(notHere)
    expect(ended.status).toBe(0)
    expect(without(checkIds(report), notHere)).toEqual(without(checkIds(recordedReport('vpn')), notHere))
  })

  testNeeding('tshark', hasTshark)('tshark takes each datagram of the handshake for what it is', () => {
    const { folder } = runs.netns()
    const types = tsharkFields(join(folder, 'handshake-a.pcapng'), 'wg', ['wg.type'])
    // Ten seconds later there is a keepalive, where the run lasts so long.
    expect(types.flat().slice(0, 4)).toEqual(['1', '2', '4', '4'])
  })
})

test('on plain processes the real handshake passes over loopback; what needs a network or packets says so', () => {
  const { report } = runs.process()
  expect(report.checks.filter(({ verdict }) => verdict === 'fail')).toEqual([])
  expect(casesOf(skippedIds(report).filter((id) => id.endsWith('/observed')))).toEqual(
    casesNeeding('network', 'router'),
  )
  const passed = report.checks.filter(({ verdict }) => verdict === 'pass').map(({ id }) => id)
  expect(passed).toEqual(
    expect.arrayContaining([
      'handshake/vpn/order',
      'strangers/unknown-peer/refused',
      'gone/vpn/begins',
      'rekey/vpn/answered',
    ]),
  )
})

function skippedIds(report: Report): string[] {
  return report.checks.filter(({ verdict }) => verdict === 'skipped').map(({ id }) => id)
}
