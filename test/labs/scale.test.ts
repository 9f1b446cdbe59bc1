/** The lab itself, run as a person runs it; its own checks are the assertions. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { notPassed, skipped } from '../support/checks.ts'
import { allGone, descendants, run, start, temporaryFolder } from '../support/cli.ts'
import { runsOf } from '../support/lab-runs.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'

const { tier } = await findCapabilities()
const runs = runsOf('scale', tier === 'netns')
const LAB_LIMIT_MS = 120_000

describeNeeding('network namespaces', tier === 'netns')('lab:scale on netns hosts', () => {
  test('none of its checks failed, none was skipped, and they are those of the recorded run', () => {
    const { report, ended } = runs.netns()
    expect(notPassed(report)).toEqual([])
    expect(report).toMatchObject({ lab: 'scale', tier: 'netns', verdict: 'pass' })
    expect(skipped(report)).toEqual([])
    expect(ended.status).toBe(0)
    expect(checkIds(report)).toEqual(checkIds(recordedReport('scale')))
  })

  test('nobody logs a thousand connections one by one, and nobody captures their packets', () => {
    const { folder } = runs.netns()
    const lines = readFileSync(join(folder, 'events.ndjson'), 'utf8').split('\n')
    expect(lines.length).toBeLessThan(2000)
    expect(lines.filter((line) => line.includes('"packet:captured"'))).toEqual([])
  })

  test('the picture has all three panels', () => {
    const svg = readFileSync(join(runs.netns().folder, 'scale.svg'), 'utf8')
    expect(svg).toContain('connection: kernel')
    expect(svg).toContain('heartbeats heard in a second')
    expect(svg).toContain('jitter: 1000 at')
  })
})

describe('lab:scale on process hosts', () => {
  testNeeding('Linux', process.platform === 'linux')(
    'shows the same, but for what only one host counts',
    () => {
      const { report, ended } = runs.process()
      expect(notPassed(report)).toEqual([])
      expect(skipped(report)).toEqual([])
      expect(ended.status).toBe(0)
    },
  )

  test(
    'Ctrl-C while connections are opened ends all of them within two seconds',
    async () => {
      const { child, says, ended } = start([
        ...['lab', 'scale', '--hosts', 'process', '--plain', '--no-predict', '--connections', '3000'],
        ...['--out', temporaryFolder()],
      ])
      await says('all cases begin')
      await setTimeout(800)
      const processes = descendants(child.pid as number)
      expect(processes.length).toBeGreaterThan(2)
      const began = performance.now()
      child.kill('SIGINT')
      expect((await ended).status).toBe(130)
      expect(await allGone(processes, 2000)).toEqual([])
      expect(performance.now() - began).toBeLessThan(2000)
    },
    LAB_LIMIT_MS,
  )

  testNeeding('Linux', process.platform === 'linux')(
    'more than the machine holds is told in a line, with the limit in force and how to raise it',
    async () => {
      const limited = ['prlimit', '--nofile=1500:1500']
      const args = ['lab', 'scale', '--hosts', 'process', '--connections', '2000', '--out', temporaryFolder()]
      const { status, stderr } = await run(args, {}, limited)
      expect(status).toBe(3)
      const told = stderr.split('\n').filter((line) => line.includes('--connections'))
      expect(told).toHaveLength(1)
      expect(told[0]).toContain('a process may have 1500 open descriptors here, so 1400 connections at most')
      expect(told[0]).toContain('ulimit -Hn 2100')
    },
    LAB_LIMIT_MS,
  )

  test('what is no number of connections is wrong usage, and so is any number in another lab', async () => {
    for (const [lab, number, why] of [
      ['scale', '12', 'from 100'],
      ['scale', '1e4', 'from 100'],
      ['udp', '1000', 'does not count them'],
    ] as const) {
      const { status, stderr } = await run(['lab', lab, '--connections', number])
      expect({ lab, status }).toEqual({ lab, status: 2 })
      expect(stderr).toContain(why)
    }
  })
})
