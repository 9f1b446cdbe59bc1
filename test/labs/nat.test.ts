/** The lab itself, run as a person runs it; its own checks are the assertions, and tshark's word beside them. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nat } from '../../labs/nat/lab.ts'
import { findCapabilities, missingFirewall } from '../../src/hosts/capabilities.ts'
import { notPassed, skipped } from '../support/checks.ts'
import { runLab } from '../support/cli.ts'
import { runsOf } from '../support/lab-runs.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'
import { hasTshark, tshark } from '../support/tshark.ts'

const { tier } = await findCapabilities()
const LAB_LIMIT_MS = 120_000

/** Every row of the table of routers that forget, the two jobs of keepalive, the ports of UDP, the proxy. */
const PROMISED = [
  ...['naive', 'random', 'strict', 'reset', 'half-silent', 'silent'].flatMap((router) =>
    ['client-first', 'server-first'].flatMap((row) =>
      ['agreed', 'forgotten', 'spoke', 'passed', 'other-end'].map((what) => `${router}/${row}/${what}`),
    ),
  ),
  'naive/client-first/relearned',
  'random/client-first/seen-from',
  'strict/client-first/rst-from',
  'reset/client-first/rst-from',
  'silent/keepalive-below/refreshed',
  'silent/keepalive-below/server-speaks',
  'silent/keepalive-above/noticed',
  'frozen/keepalive-below/refreshed',
  'frozen/keepalive-below/unnoticed',
  'dead/keepalive-below/refreshed',
  'dead/keepalive-below/noticed',
  'udp/udp-server-first/late-answer',
  'udp/udp-server-first/seen-from',
  'udp-silent/udp-server-first/seen-from',
  'udp/udp-answered/stream',
  'udp/tcp-idle/remembered',
  'proxy/front/unnoticed',
  'proxy/front/two-truths',
  'proxy-off/back/gave-up',
]

const hasRouters = tier === 'netns' && missingFirewall() === null
const runs = runsOf('nat', hasRouters)
describeNeeding('network namespaces and nftables', hasRouters)('lab:nat on netns hosts', () => {
  test(
    'every check is there and none failed',
    async () => {
      const { report, ended } = runs.netns()

      expect([...notPassed(report), ...skipped(report)]).toEqual([])
      expect(report).toMatchObject({ tier: 'netns', verdict: 'pass' })
      expect(ended.status).toBe(0)
      expect(checkIds(report)).toEqual(checkIds(recordedReport('nat')))
      const ids = report.checks.map(({ id }) => id)
      expect(PROMISED.filter((id) => !ids.includes(id))).toEqual([])
    },
    LAB_LIMIT_MS,
  )

  testNeeding('tshark', hasTshark)(
    'tshark sees the same: who said RST, and what came through',
    async () => {
      const cells = ['reset/client-first', 'strict/client-first', 'silent/client-first']
      const { report, folder } = await runLab(['nat', '--only', cells.join(',')])
      const captured = (host: string, filter: string) => tshark(join(folder, `${host}.pcapng`), filter).length
      const RST = 'tcp.flags.reset == 1'

      expect(report.checks.length).toBeGreaterThan(10)
      // Pairs are numbered in the order of the cases: strict, reset, silent. Of the router's RST the server knows nothing.
      expect(captured('reset-a', `${RST} && ip.dst == 10.0.2.1`)).toBe(1)
      expect(captured('reset-b', `${RST} && ip.src == 10.1.2.2`)).toBe(0)
      // The server's own, to an address that never should have come out.
      expect(captured('strict-b', `${RST} && ip.src == 10.1.1.2 && ip.dst == 10.0.1.1`)).toBe(1)
      expect(captured('strict-a', `${RST} && ip.dst == 10.0.1.1`)).toBe(1)
      // Once, and at least the tail loss probe and two retransmissions: tcp_retries2 = 2.
      const spoken = 'tcp contains "still here"'
      expect(captured('silent-a', spoken)).toBeGreaterThanOrEqual(4)
      expect(captured('silent-b', spoken)).toBe(0)
    },
    LAB_LIMIT_MS,
  )
})

test(
  'lab:nat on process hosts: the proxy alone, and why the rest is not there',
  async () => {
    const { report, ended } = runs.process()

    const failed = report.checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive')
    expect(failed).toEqual([])
    expect(ended.status).toBe(0)
    const passed = report.checks.filter(({ verdict }) => verdict === 'pass').map(({ id }) => id)
    expect(passed).toEqual(expect.arrayContaining(['proxy/front/unnoticed', 'proxy/front/told']))
    const others = nat.cases.filter(({ id }) => id !== 'proxy').map(({ id }) => id)
    for (const id of others) {
      const ofCase = report.checks.filter((check) => check.id.startsWith(`${id}/`))
      expect(ofCase.length).toBeGreaterThan(0)
      for (const { verdict, because } of ofCase) {
        expect(verdict).toBe('skipped')
        expect(because).toContain('plain processes on loopback')
      }
    }
  },
  LAB_LIMIT_MS,
)
