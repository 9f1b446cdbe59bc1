/** The lab itself, run as a person runs it; its own checks are the assertions, and tshark's count beside them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LateSettings } from '../../labs/late/conditions.ts'
import { late } from '../../labs/late/lab.ts'
import { readLog } from '../../src/events/parse.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Report } from '../../src/lab/report.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { tcpFlag } from '../../src/wire/constants.ts'
import { notPassed } from '../support/checks.ts'
import { runsOf } from '../support/lab-runs.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'
import { hasTshark, tsharkFields } from '../support/tshark.ts'

const { tier } = await findCapabilities()
const runs = runsOf('late', tier === 'netns')
const LAB_LIMIT_MS = 120_000

/** The asker's own question, at each policy. */
const ASKED = [
  'late/forgive/forgiven',
  'late/forgive/no-syn',
  'late/forgive/tcp-doubt',
  'late/close/late-meets-rst',
  'late/close/no-syn',
  'late/reconnect/late-meets-rst',
  'late/reconnect/no-syn',
  'late/reconnect/anew',
  'frozen/forgive/ack',
  'frozen/reconnect/accepted',
  'jitter/limit-120/mistakes',
  'lossy/limit-250/duration',
  'crash/limit-400/detection',
]

function observed({ checks }: Report, id: string): number {
  return Number(checks.find((check) => check.id === id)?.observed.value)
}

describeNeeding('network namespaces', tier === 'netns')('lab:late on netns hosts', () => {
  test(
    'nothing fails, and it makes the checks of the recorded run',
    async () => {
      const { report, ended } = runs.netns()
      expect(notPassed(report)).toEqual([])
      expect(report).toMatchObject({ lab: 'late', tier: 'netns', verdict: 'pass' })
      expect(report.checks.map(({ id }) => id)).toEqual(expect.arrayContaining(ASKED))
      expect(checkIds(report)).toEqual(checkIds(recordedReport('late')))
      expect(ended.status).toBe(0)
    },
    LAB_LIMIT_MS,
  )

  testNeeding('tshark', hasTshark)(
    'tshark counts the same SYNs and RSTs in what was captured',
    async () => {
      const { report, folder } = runs.netns()
      const packets = tcpPackets(join(folder, 'late-a.pcapng'))
      const syns = packets.filter(({ syn, ack }) => syn && !ack)
      // Three connections, and the one that was made anew: whatever was sent again came from the same ports.
      expect(new Set(syns.map(({ port }) => port)).size).toBe(4)
      const client = syns[0]?.address
      expect(syns.map(({ address }) => address)).toEqual(syns.map(() => client))
      const resets = packets.filter(({ rst, address }) => rst && address === client)
      const logged = readLog(join(folder, 'events.ndjson')).filter(
        ({ name, host, data }) =>
          name === 'packet:captured' && host === 'late-a' && data.direction === 'sent' && data.kind === 'rst',
      )
      expect(resets).toHaveLength(logged.length)
      // Beyond the case's own time the kernel still answers for sockets that the end of the run has closed.
      const inTime =
        observed(report, 'late/close/late-meets-rst') + observed(report, 'late/reconnect/late-meets-rst')
      expect(inTime).toBeGreaterThan(2)

      // A capture that has not seen the SYN which opened the connection cannot say that there was no other.
      const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')) as Plan<LateSettings>
      const blind = readLog(join(folder, 'events.ndjson')).filter(
        ({ name, data }) => name !== 'packet:captured' || data.flags !== 'SYN',
      )
      const noSyn = (checks: Report['checks']) =>
        checks.filter(({ id }) => /^late\/.*\/no-syn$/.test(id)).map(({ verdict }) => verdict)
      expect(noSyn(report.checks)).toEqual(['pass', 'pass', 'pass'])
      expect(noSyn(late.judge(new LabLog(blind), plan))).toEqual(['fail', 'fail', 'fail'])
      expect(resets.length).toBeGreaterThanOrEqual(inTime)
    },
    LAB_LIMIT_MS,
  )
})

describe('lab:late on process hosts', () => {
  test(
    'a relay holds answers back; what needs a cable is skipped, and says so',
    async () => {
      const { report, ended } = runs.process()

      expect(notPassed(report)).toEqual([])
      expect(report.tier).toBe('process')
      const reasons = (cell: string) =>
        Object.fromEntries(
          report.checks
            .filter(({ id, verdict }) => id.startsWith(`${cell}/`) && verdict === 'skipped')
            .map(({ id, because }) => [id.slice(cell.length + 1), because]),
        )
      const uncaptured = 'packets are not captured on these hosts'
      const relayed = 'behind a relay each end speaks to another kernel'
      const seldom = 'the one large table of loopback is read too seldom for that'
      expect(reasons('late/forgive')).toEqual({
        'tcp-doubt': relayed,
        'nothing-new': relayed,
        ack: relayed,
        state: relayed,
        'no-syn': uncaptured,
      })
      expect(reasons('late/close')).toEqual({ state: relayed, 'no-syn': uncaptured })
      expect(reasons('late/reconnect')).toEqual(reasons('late/close'))
      expect(reasons('frozen/forgive')).toEqual({ ack: uncaptured, state: seldom, 'no-syn': uncaptured })
      expect(reasons('crash/limit-120')).toEqual({})
      expect(reasons('crash/heartbeats')).toEqual({})
      for (const cell of ['jitter/limit-120', 'lossy/heartbeats'])
        expect(reasons(cell)).toEqual({ observed: expect.stringContaining('have no cable') })
      expect(report.checks.find(({ id }) => id === 'late/forgive/forgiven')?.verdict).toBe('pass')
      const rst = report.checks.find(({ id }) => id === 'late/close/late-meets-rst')
      expect(rst).toMatchObject({ verdict: 'pass' })
      expect(rst?.because).toContain('which the server never sees')
      expect(ended.status).toBe(0)
    },
    LAB_LIMIT_MS,
  )
})

/** The TCP packets that passed a host's card, as tshark reads them. */
function tcpPackets(file: string) {
  return tsharkFields(file, 'tcp', ['ip.src', 'tcp.srcport', 'tcp.flags']).map(
    ([address = '', port = '', hexadecimal = '']) => {
      const flags = Number(hexadecimal)
      return {
        address,
        port,
        syn: (flags & tcpFlag.syn) > 0,
        ack: (flags & tcpFlag.ack) > 0,
        rst: (flags & tcpFlag.rst) > 0,
      }
    },
  )
}
