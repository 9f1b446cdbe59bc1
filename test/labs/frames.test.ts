/** The lab itself, run as a person runs it; its own checks are the assertions, tshark is the second witness. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { frames as lab } from '../../labs/frames/lab.ts'
import { readLog } from '../../src/events/parse.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import type { Report } from '../../src/lab/report.ts'
import { notPassed, skipped } from '../support/checks.ts'
import { runLab } from '../support/cli.ts'
import { netnsRunOf, networkOf } from '../support/lab-runs.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'
import { hasTshark, tsharkFields } from '../support/tshark.ts'

const { tier } = await findCapabilities()
const LAB_LIMIT_MS = 120_000

function numberOf({ checks }: Report, id: string): number {
  return Number(checks.find((check) => check.id === id)?.observed.value)
}

/** What the program says of each frame on the air, in the order of its file: as tshark's fields. */
function airOf(log: readonly LabEvent[]): string[][] {
  const air = log.flatMap((event) => (event.name === 'air:frame_passed' ? [event.data] : []))
  return air.map(({ kind, receiver, transmitter = '', source = '', destination = '', by }) => {
    if (kind === 'ack') return ['0x001d', receiver, '', '', '', '']
    return ['0x0020', receiver, transmitter, source, destination, by === null ? transmitter : receiver]
  })
}

describeNeeding('network namespaces', tier === 'netns')('lab:frames on netns hosts', () => {
  const kept = netnsRunOf('frames')

  test('none of its checks failed, none was skipped, and they are those of the recorded run', () => {
    const { report, ended } = kept()
    expect(notPassed(report)).toEqual([])
    expect(report).toMatchObject({ lab: 'frames', tier: 'netns', verdict: 'pass' })
    expect(skipped(report)).toEqual([])
    expect(ended.status).toBe(0)
    expect(checkIds(report)).toEqual(checkIds(recordedReport('frames')))
  })

  testNeeding('tshark', hasTshark)(
    'tshark finds the same in the captures, header by header',
    () => {
      const { report, folder } = kept()
      const fields = (host: string, ...names: string[]) =>
        tsharkFields(join(folder, `${host}.pcapng`), 'frame', names)
      const full = numberOf(report, 'headers/bulk/full')
      const left = numberOf(report, 'headers/bulk/left')

      const frames = fields('headers-a', 'frame.len', 'ip.hdr_len', 'tcp.hdr_len', 'tcp.len', 'http.request')
      const fullOnes = frames.filter(([length]) => Number(length) === full)
      const asFull = [full, 20, full - 14 - 20 - left, left, ''].map(String)
      expect(fullOnes.length).toBeGreaterThan(5)
      expect(fullOnes.filter((one) => one.join() !== asFull.join())).toEqual([])
      expect(frames.filter(([length]) => Number(length) > full)).toEqual([])
      const requests = frames.filter(([, , , , request]) => request !== '')
      expect(requests.map(([length]) => Number(length))).toEqual([numberOf(report, 'headers/http/length')])

      // Flooded before b had spoken, flooded when that was forgotten, and one that was misled.
      const atC = fields('switch-c', 'ip.src', 'ip.dst', 'udp.length')
      expect(atC.filter(([, to]) => to === `10.0.${networkOf(lab, 'switch')}.2`)).toHaveLength(3)
      expect(fields('arp-c', 'arp.opcode')).toEqual([['1']])
      const talk = fields('hub-c', 'udp.length', 'eth.dst').filter(([length]) => length === '108')
      expect(talk).toHaveLength(numberOf(report, 'hub/udp/heard'))
      expect(talk.filter(([, to]) => to === `02:00:0a:00:0${networkOf(lab, 'hub')}:03`)).toEqual([])
    },
    LAB_LIMIT_MS,
  )

  testNeeding('tshark', hasTshark)('tshark reads the same addresses on the air', () => {
    const { folder } = kept()
    const names = ['fc.type_subtype', 'ra', 'ta', 'sa', 'da', 'bssid'].map((name) => `wlan.${name}`)
    const air = tsharkFields(join(folder, 'wifi-air.pcapng'), 'frame', names)
    expect(air).toEqual(airOf(readLog(join(folder, 'events.ndjson'))))
    expect(air.length).toBeGreaterThan(100)
    // What is inside is read too, down to the datagrams.
    const talk = tsharkFields(join(folder, 'wifi-air.pcapng'), 'udp.length == 108', ['ip.src', 'ip.dst'])
    expect(talk).toHaveLength(4 * 20)
    expect(tsharkFields(join(folder, 'wifi-air.pcapng'), '_ws.malformed', ['frame.number'])).toEqual([])
  })
})

testNeeding('Linux, whose kernel counts segments', process.platform === 'linux')(
  'on process hosts the kernel still counts segments; the rest is skipped, with what would help',
  async () => {
    const { report, ended } = await runLab(['frames', '--hosts', 'process'])
    expect(notPassed(report)).toEqual([])
    const passed = report.checks.filter(({ verdict }) => verdict === 'pass').map(({ id }) => id)
    expect(passed).toEqual(['counted/heartbeat/segments', 'counted/heartbeat/headers'])
    for (const { because } of report.checks.filter(({ verdict }) => verdict === 'skipped')) {
      expect(because).toContain('plain processes on loopback have no')
      expect(because).toContain('npm run doctor')
    }
    expect(ended.status).toBe(0)
  },
  LAB_LIMIT_MS,
)
