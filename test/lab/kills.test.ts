/** Somebody kills a process of a host while a lab runs, and hears of it from the lab. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import type { Report } from '../../src/lab/report.ts'
import type { CaseFindings } from '../../src/try/findings.ts'
import { allGone, descendants, start, temporaryFolder } from '../support/cli.ts'
import { describeNeeding } from '../support/needs.ts'
import { ECHO, TALKER } from '../support/try-programs.ts'

const RUN_LIMIT_MS = 90_000
const { isolation } = await findCapabilities()

interface Told {
  status: number | null
  stdout: string
  stderr: string
  report: Report
}

/** Runs the command, and kills the one process whose command line has this in it once a fault has struck. */
async function runAndKill(args: readonly string[], text: string): Promise<Told> {
  const out = temporaryFolder()
  const { child, says, ended } = start([...args, '--out', out])
  await says('the first fault strikes')
  const found = descendants(child.pid ?? 0).filter((pid) => commandLine(pid).includes(text))
  expect(found).toHaveLength(1)
  process.kill(found[0] ?? 0, 'SIGKILL')
  const told = await ended
  const report = JSON.parse(readFileSync(join(out, 'latest/report.json'), 'utf8')) as Report
  return { ...told, report }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // it has ended
  }
}

describeNeeding('network namespaces', isolation !== null)('whoever kills a process of a host', () => {
  test('of a lab is told so in its result', { timeout: RUN_LIMIT_MS }, async () => {
    const only = ['--only', 'cut/tcp-idle,freeze/tcp-idle']
    const { status, stdout, stderr, report } = await runAndKill(
      ['lab', 'keepalive', ...only, '--plain', '--no-predict'],
      '"host":"cut-b"',
    )
    const words = "the host's process on cut-b was ended by SIGKILL, which the lab had not sent"
    expect(stderr).toContain(words)
    expect(stdout).toContain(words)
    expect(report.killed).toEqual([words])
    expect(stdout).toContain('The story: the programs of freeze-b are frozen')
    const ofCut = report.checks.filter(({ id }) => id.startsWith('cut/'))
    expect(ofCut.length).toBeGreaterThan(0)
    expect(new Set(ofCut.map(({ verdict, because }) => `${verdict}: ${because}`))).toEqual(
      new Set([`inconclusive: ${words}`]),
    )
    expect([status, report.verdict]).toEqual([4, 'inconclusive'])
  })

  test.each(['netns', 'process'])(
    'of the runner itself is told so in a line, and nothing is left: %s hosts',
    {
      timeout: RUN_LIMIT_MS,
    },
    async (hosts) => {
      const { child, says, ended } = start([
        ...['lab', 'keepalive', '--only', 'kill/tcp-idle', '--hosts', hosts, '--plain', '--no-predict'],
        ...['--out', temporaryFolder()],
      ])
      await says('the first fault strikes')
      const all = descendants(child.pid ?? 0)
      const runner = all.findLast((pid) => /\/runner\.mjs/.test(commandLine(pid)))
      process.kill(runner ?? 0, 'SIGKILL')
      const { status, stderr } = await ended
      expect(stderr).toMatch(/^stillhere: the run broke off: somebody ended its runner/m)
      expect(status).toBe(3)
      expect(await allGone(all, 5000)).toEqual([])
    },
  )

  const twoFaults = [
    ...['try', '--server', ECHO, '--client', TALKER, '--faults', 'cut,freeze'],
    ...['--watch', '5s', '--recover', '2s', '--plain'],
  ]

  test('of a program under test is told so, and the other faults go on', {
    timeout: RUN_LIMIT_MS,
  }, async () => {
    const expectations = ['--expect', 'cut:unnoticed', '--expect', 'freeze:unnoticed']
    const talker = TALKER.replace('still here', 'I am here')
    const { status, stdout, report } = await runAndKill(
      [
        ...twoFaults,
        '--client',
        `[ "$STILLHERE_FOLDER" = /run/stillhere/cut ] && ${talker}; exec sleep 1000`,
        ...expectations,
      ],
      'I am here")',
    )
    const words = 'client2 on cut-a was ended by SIGKILL, which the lab had not sent'
    expect(stdout).toContain(`warning: ${words}`)
    expect(report.checks.map(({ id, verdict }) => [id.split('/')[0], verdict])).toEqual([
      ['freeze', 'pass'],
      ['cut', 'inconclusive'],
    ])
    expect((report.findings as CaseFindings[]).map(({ id }) => id)).toEqual(['freeze'])
    expect([status, report.killed]).toEqual([4, [words]])
  })

  test('of the witness of a tried program is told so without any expectation', {
    timeout: RUN_LIMIT_MS,
  }, async () => {
    const { status, stdout, report } = await runAndKill(twoFaults, '"host":"freeze-b"')
    const words = "the host's process on freeze-b was ended by SIGKILL, which the lab had not sent"
    expect(stdout).toContain(`warning: ${words}`)
    expect((report.findings as CaseFindings[]).map(({ id }) => id)).toEqual(['cut'])
    expect([status, report.killed]).toEqual([4, [words]])
  })
})
