/** The lab itself, run as a person runs it; its own checks are the assertions, tshark is the second witness. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import type { Report } from '../../src/lab/report.ts'
import { notPassed, skipped } from '../support/checks.ts'
import { runsOf } from '../support/lab-runs.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'
import { hasTshark, tshark } from '../support/tshark.ts'

const { tier } = await findCapabilities()
const runs = runsOf('udp', tier === 'netns')
const LAB_LIMIT_MS = 120_000

/** "UDP sends without prior arrangement and without knowing whether the receiver is there." */
const ASKED = [
  'first-byte/udp/before',
  'first-byte/udp-connected/before',
  'first-byte/tcp/before',
  'nobody/udp/told',
  'nobody/udp-connected/told',
  'no-host/udp/send',
  'no-host/udp/wire',
  'goodbye/udp/server',
]

function numberOf({ checks }: Report, id: string): number {
  return Number(checks.find((check) => check.id === id)?.observed.value)
}

describeNeeding('network namespaces', tier === 'netns')('lab:udp on netns hosts', () => {
  test(
    'none of its checks failed, none was skipped, and they are those of the recorded run',
    async () => {
      const { report, ended } = runs.netns()

      expect(notPassed(report)).toEqual([])
      expect(report).toMatchObject({ lab: 'udp', tier: 'netns', verdict: 'pass' })
      expect(skipped(report)).toEqual([])
      expect(ended.status).toBe(0)
      expect(checkIds(report)).toEqual(expect.arrayContaining(ASKED))
      expect(checkIds(report)).toEqual(checkIds(recordedReport('udp')))
    },
    LAB_LIMIT_MS,
  )

  testNeeding('tshark', hasTshark)(
    'tshark counts the same from the captures',
    async () => {
      const { report, folder } = runs.netns()
      const count = (host: string, filter: string) => packets(join(folder, `${host}.pcapng`), filter).length

      // One ICMP message for either socket, the one that is told and the one that is not.
      expect(count('nobody-a', 'icmp.type == 3 && icmp.code == 3')).toBe(2)
      expect(count('nobody-a', 'tcp.len > 0')).toBe(0)
      expect(count('no-host-a', 'udp || tcp')).toBe(0)
      expect(count('no-host-a', 'arp.opcode == 1')).toBe(numberOf(report, 'no-host/udp/arp'))

      // The server ports are 7001 for udp, 7002 for udp-connected, 7006 for tcp.
      expect(count('first-byte-a', 'udp.port == 7001')).toBe(1)
      expect(count('first-byte-a', 'udp.port == 7002')).toBe(1)
      const conversation = 'tcp.port == 7006'
      const file = join(folder, 'first-byte-a.pcapng')
      const firstData = packets(file, `${conversation} && tcp.len > 0`)[0]?.trim().split(/\s+/)[0]
      expect(count('first-byte-a', `${conversation} && frame.number < ${firstData}`)).toBe(
        numberOf(report, 'first-byte/tcp/before'),
      )

      // Hello there and back, one unanswered question of the server, and one ICMP message about it.
      expect(count('goodbye-a', 'udp.port == 7001 && !icmp')).toBe(3)
      expect(count('goodbye-b', 'icmp.type == 3 && icmp.code == 3')).toBe(1)

      const sent = count('loss-a', 'udp.dstport == 7001')
      expect(sent - count('loss-b', 'udp.dstport == 7001')).toBe(numberOf(report, 'loss/udp/share'))
      expect(count('loss-a', 'udp.dstport == 7005')).toBe(numberOf(report, 'loss/stop-and-wait/cost'))

      const largest = numberOf(report, 'sizes/udp/largest')
      const fragments = 'ip.flags.mf == 1 || ip.frag_offset > 0'
      expect(count('sizes-a', fragments)).toBe(numberOf(report, 'sizes/udp/one-more') + largest)
      expect(count('sizes-a', 'ip.flags.df == 1 && udp.dstport == 7003')).toBe(1)
      expect(count('black-hole-a', 'icmp')).toBe(0)
      expect(count('black-hole-b', 'ip.len > 1000')).toBe(0)
    },
    LAB_LIMIT_MS,
  )
})

describe('lab:udp on process hosts', () => {
  test(
    'what needs no network of its own passes, the rest is skipped out loud',
    async () => {
      const { report, ended } = runs.process()

      expect(notPassed(report)).toEqual([])
      // What is claimed of packets is skipped in all cases: here nobody sees any.
      const ofOthers = report.checks.filter(({ because }) => !because.startsWith('packets are not captured'))
      expect(ofOthers.length).toBeLessThan(report.checks.length)
      const verdicts = (caseId: string) =>
        new Set(ofOthers.filter(({ id }) => id.startsWith(`${caseId}/`)).map(({ verdict }) => verdict))
      for (const id of ['nobody', 'messages', 'goodbye']) expect(verdicts(id)).toEqual(new Set(['pass']))
      for (const id of ['no-host', 'first-byte', 'loss', 'duplicate', 'reorder', 'sizes', 'black-hole']) {
        expect(verdicts(id)).toEqual(new Set(['skipped']))
      }
      expect(report.checks.find(({ id }) => id.startsWith('loss/'))?.because).toContain('no cable')
      expect(ended.status).toBe(0)
    },
    LAB_LIMIT_MS,
  )
})

function packets(file: string, filter: string): string[] {
  const lines = tshark(file, filter, ['-o', 'ip.defragment:FALSE'])
  return lines.filter((line) => !line.includes('Syslog'))
}
