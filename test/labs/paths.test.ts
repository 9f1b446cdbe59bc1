/** The lab itself, run as a person runs it; its own checks are the assertions, tshark is the second witness. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { paths as lab } from '../../labs/paths/lab.ts'
import { findCapabilities, missingFirewall } from '../../src/hosts/capabilities.ts'
import { notPassed, skipped } from '../support/checks.ts'
import { run, temporaryFolder } from '../support/cli.ts'
import { netnsRunOf, networkOf } from '../support/lab-runs.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'
import { hasTshark, tsharkFields } from '../support/tshark.ts'

const { tier } = await findCapabilities()
const LAB_LIMIT_MS = 120_000

describeNeeding('network namespaces and nftables', tier === 'netns' && missingFirewall() === null)(
  'lab:paths on netns hosts',
  () => {
    const kept = netnsRunOf('paths')

    test('none of its checks failed, none was skipped, and they are those of the recorded run', () => {
      const { report, ended } = kept()
      expect(notPassed(report)).toEqual([])
      expect(report).toMatchObject({ lab: 'paths', tier: 'netns', verdict: 'pass' })
      expect(skipped(report)).toEqual([])
      expect(ended.status).toBe(0)
      expect(checkIds(report)).toEqual(checkIds(recordedReport('paths')))
    })

    testNeeding('tshark', hasTshark)(
      'tshark finds the same in the captures: by which router each flow left, and who answered traceroute',
      () => {
        const fields = (host: string, filter: string, ...names: string[]) =>
          tsharkFields(join(kept().folder, `${host}.pcapng`), filter, names)
        // The router is known by the MAC address that a frame is for: the second number is the link's.
        const linkOf = (mac = '') => Number.parseInt(mac.split(':')[3] ?? '', 16)
        const flows = fields('by-flow-a', 'udp.dstport == 7001', 'udp.srcport', 'eth.dst')
        const links = new Map<string, Set<number>>()
        for (const [port = '', mac] of flows) links.set(port, (links.get(port) ?? new Set()).add(linkOf(mac)))
        expect(links.size).toBe(20)
        expect([...links.values()].filter(({ size }) => size !== 1)).toEqual([])
        expect(new Set([...links.values()].flatMap((each) => [...each]))).toEqual(new Set([1, 3]))

        const network = networkOf(lab, 'by-flow')
        const answers = fields('by-flow-a', 'icmp', 'ip.src', 'icmp.type', 'icmp.code')
        const from = (source: string) =>
          answers.filter(([ip = '']) => ip.startsWith(source)).map(([, type, code]) => `${type}/${code}`)
        expect(from(`10.1.${network}.254`)).toEqual(['11/0'])
        expect(from(`10.3.${network}.254`)).toEqual(['11/0'])
        expect(from(`10.0.${network}.2`)).toEqual(['3/3', '3/3'])
      },
      LAB_LIMIT_MS,
    )
  },
)

test(
  'on process hosts all of it is skipped, with what would help: loopback has one way',
  async () => {
    const { status, stdout } = await run(['lab', 'paths', '--hosts', 'process', '--out', temporaryFolder()])
    expect(status).toBe(3)
    expect(stdout).toContain('plain processes on loopback have no')
    expect(stdout).toContain('npm run doctor')
  },
  LAB_LIMIT_MS,
)
