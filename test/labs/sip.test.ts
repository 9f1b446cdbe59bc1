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
const runs = runsOf('sip', tier === 'netns')

describeNeeding('network namespaces', tier === 'netns')('lab:sip on netns hosts', () => {
  test('none of its checks failed, none was skipped, and they are those of the recorded run', () => {
    const { report, ended } = runs.netns()
    expect(notPassed(report)).toEqual([])
    expect(report).toMatchObject({ lab: 'sip', tier: 'netns', verdict: 'pass' })
    expect(skipped(report)).toEqual([])
    expect(ended.status).toBe(0)
    expect(checkIds(report)).toEqual(checkIds(recordedReport('sip')))
  })

  testNeeding('tshark', hasTshark)('tshark reads the same call from the packets of its callee', () => {
    const { folder } = runs.netns()
    const fields = tsharkFields(join(folder, 'call-b.pcapng'), 'sip && !icmp', [
      'sip.Method',
      'sip.Status-Code',
    ])
    const words = fields.map((values) => values.join('')).filter((word) => word !== '100')
    expect(words).toEqual(['REGISTER', '401', 'REGISTER', '200', 'INVITE', '180', '200', 'ACK', 'BYE', '200'])
  })
})

test('on plain processes what programs and kernel know of a call is checked, and the rest skipped by name', () => {
  const { report } = runs.process()
  const count = (wanted: string) => report.checks.filter(({ verdict }) => verdict === wanted).length
  expect({ passed: count('pass'), failed: count('fail') }).toEqual({ passed: 9, failed: 0 })
  expect(count('skipped')).toBeGreaterThan(0)
})
