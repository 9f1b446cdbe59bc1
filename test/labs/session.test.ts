/** The lab itself, run as a person runs it; its own checks are the assertions, tshark and files are further witnesses. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { notPassed, skipped } from '../support/checks.ts'
import { runsOf } from '../support/lab-runs.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'
import { hasTshark, tsharkFields } from '../support/tshark.ts'

const { tier } = await findCapabilities()
const runs = runsOf('session', tier === 'netns')
const LAB_LIMIT_MS = 120_000

/** "A session can correspond to a single TCP connection, but a session can use several, or use UDP." */
const ASKED = [
  'one/tcp/connections',
  'several/tcp/connections',
  'several/udp/connections',
  'move/tcp/addresses',
  'move/udp/sessions',
  'client-kept/tcp/delivered',
  'mended/tcp/delivered',
  'mended/plain/delivered',
  'too-late/tcp/told',
  'server-kept/tcp/kept',
  'server-anew/udp/told',
  'stolen/tcp/ended',
  'guessed/tcp/refused',
  'rivals/tcp/one-left',
]

describeNeeding('network namespaces', tier === 'netns')('lab:session on netns hosts', () => {
  test(
    'none of its checks failed, none was skipped, and they are those of the recorded run',
    async () => {
      const { report, ended } = runs.netns()

      expect(notPassed(report)).toEqual([])
      expect(report).toMatchObject({ lab: 'session', tier: 'netns', verdict: 'pass' })
      expect(skipped(report)).toEqual([])
      expect(ended.status).toBe(0)
      expect(checkIds(report)).toEqual(expect.arrayContaining(ASKED))
      expect(checkIds(report)).toEqual(checkIds(recordedReport('session')))
    },
    LAB_LIMIT_MS,
  )

  testNeeding('tshark', hasTshark)(
    'tshark counts the same connections, and reads the secret off the wire',
    async () => {
      const { report, folder } = runs.netns()
      const file = join(folder, 'several-a.pcapng')
      const lines = (filter: string, field: string) => tsharkFields(file, filter, [field])
      const connections = report.checks.find(({ id }) => id === 'several/tcp/connections')?.observed.value
      expect(lines('tcp.flags.syn == 1 && tcp.flags.ack == 0', 'tcp.srcport')).toHaveLength(
        Number(connections),
      )
      // Nothing is encrypted here: who captures has the token.
      expect(lines('udp contains "HELLO 1 "', 'data.data').length).toBeGreaterThan(0)
      // A server keeps none, and a log has none beside what was captured.
      const log = readFileSync(join(folder, 'events.ndjson'), 'utf8').split('\n')
      const own = log.filter((line) => line.includes('"program":"session-'))
      expect(own.length).toBeGreaterThan(100)
      expect(own.filter((line) => /[0-9a-f]{32}/.test(line))).toEqual([])
    },
    LAB_LIMIT_MS,
  )
})

test(
  'without namespaces it shows what loopback can, and skips the rest out loud',
  async () => {
    const { report, ended } = runs.process()

    expect(notPassed(report)).toEqual([])
    expect(ended.status).toBe(0)
    const verdictOf = new Map(report.checks.map(({ id, verdict }) => [id, verdict]))
    for (const caseId of ['move', 'mended', 'too-late']) {
      const own = [...verdictOf].filter(([id]) => id.startsWith(`${caseId}/`))
      expect(own.length).toBeGreaterThan(0)
      expect(own.every(([, verdict]) => verdict === 'skipped')).toBe(true)
    }
    for (const id of ['several/tcp/delivered', 'server-kept/udp/kept', 'stolen/tcp/ended']) {
      expect(verdictOf.get(id)).toBe('pass')
    }
  },
  LAB_LIMIT_MS,
)
