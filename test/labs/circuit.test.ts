/** The lab itself, run as a person runs it; its own checks are the assertions, tshark is the second witness. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { VOICE_BYTES } from '../../src/protocols/telephone/message.ts'
import { notPassed, skipped } from '../support/checks.ts'
import { runLab } from '../support/cli.ts'
import { netnsRunOf } from '../support/lab-runs.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'
import { hasTshark, tsharkFields } from '../support/tshark.ts'

const { tier } = await findCapabilities()
const LAB_LIMIT_MS = 120_000

describeNeeding('network namespaces', tier === 'netns')('lab:circuit on netns hosts', () => {
  const kept = netnsRunOf('circuit')

  test('none of its checks failed, none was skipped, and they are those of the recorded run', () => {
    const { report, ended } = kept()
    expect(notPassed(report)).toEqual([])
    expect(report).toMatchObject({ lab: 'circuit', tier: 'netns', verdict: 'pass' })
    expect(skipped(report)).toEqual([])
    expect(ended.status).toBe(0)
    expect(checkIds(report)).toEqual(checkIds(recordedReport('circuit')))
  })

  test('the picture has a mark for each load, and says the same in words', () => {
    const svg = readFileSync(join(kept().folder, 'capacity.svg'), 'utf8')
    expect(svg.match(/<circle /g)).toHaveLength(4 + 3)
    expect(svg).toMatch(/10 erlangs: \d+\.\d % of calls refused/)
  })

  testNeeding('tshark', hasTshark)(
    'tshark sees a trunk of equal frames, and one ring of the call that was refused first',
    () => {
      const fields = (host: string, ...names: string[]) =>
        tsharkFields(join(kept().folder, `${host}.pcapng`), 'frame', names)
      const trunk = fields('idle-c', 'frame.len', 'eth.type').filter(([, type]) => type === '0x88b5')
      expect(trunk.length).toBeGreaterThan(100)
      expect(new Set(trunk.map(([length]) => Number(length)))).toEqual(new Set([14 + VOICE_BYTES]))

      const said = (host: string, text: string) =>
        fields(host, 'udp.payload').filter(
          ([payload]) => payload === Buffer.from(`${text}\n`).toString('hex'),
        )
      expect(said('busy-a', 'call 3')).toHaveLength(2)
      expect(said('busy-a', 'busy 3')).toHaveLength(1)
      expect(said('busy-b', 'ringing 3')).toHaveLength(1)
      expect(said('cut-a', 'lost 1')).toHaveLength(1)
    },
    LAB_LIMIT_MS,
  )
})

test(
  'on process hosts the office is a program at ports, and what needs a cable is skipped, with what would help',
  async () => {
    const { report, ended } = await runLab(['circuit', '--hosts', 'process', '--only', 'busy,idle,cut,calls'])
    expect(notPassed(report)).toEqual([])
    expect(ended.status).toBe(0)
    expect(skipped(report).map(({ id }) => id)).toEqual([
      'busy/circuit/not-rung',
      'busy/packets/observed',
      'idle/circuit/trunk',
      'idle/packets/observed',
      'cut/circuit/observed',
      'cut/packets/observed',
    ])
    expect(ended.stdout).toContain('plain processes on loopback have no cable')
    expect(ended.stdout).toContain('npm run doctor')
  },
  LAB_LIMIT_MS,
)
