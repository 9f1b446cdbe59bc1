/** The lab itself, run as a person runs it; its own checks are the assertions. */
import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FAULTS } from '../../labs/keepalive/faults.ts'
import { readLog } from '../../src/events/parse.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import type { Report } from '../../src/lab/report.ts'
import { mechanisms } from '../../src/programs/scripts/host-messages.ts'
import { notPassed, skipped } from '../support/checks.ts'
import { claimRows } from '../support/claims.ts'
import { allGone, descendants, run, runLab, start, temporaryFolder } from '../support/cli.ts'
import { runsOf } from '../support/lab-runs.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'

const { tier } = await findCapabilities()
const runs = runsOf('keepalive', tier === 'netns')
const onLinux = testNeeding('Linux, whose /proc lists processes', process.platform === 'linux')
const LAB_LIMIT_MS = 120_000
const UP = 'connections are up'

/** The asker's own questions: a flag, a late acknowledgement, a connection that comes back, a session. */
const ASKED = [
  'cut/tcp-keepalive/no-flag',
  'cut/tcp-keepalive/no-syn',
  'cut/tcp-keepalive/half-open',
  'cut/tcp-keepalive/late-segment',
  'freeze/tcp-heartbeat/late',
  'cut/http-session/cookie',
]

describeNeeding('network namespaces', tier === 'netns')('lab:keepalive on netns hosts', () => {
  test.each(['server', 'client'])(
    'all 81 cells are there and none failed, the %s struck',
    async (strike) => {
      const { report, ended } =
        strike === 'server' ? runs.netns() : await runLab(['keepalive', '--strike', strike])

      expect(notPassed(report)).toEqual([])
      expect(report).toMatchObject({ schema: 'stillhere/report@1', tier: 'netns', strike, verdict: 'pass' })
      const cells = new Set(report.checks.map(({ id }) => id.split('/').slice(0, 2).join('/')))
      expect(cells).toEqual(
        new Set(FAULTS.flatMap((fault) => mechanisms.map((mechanism) => `${fault}/${mechanism}`))),
      )
      // Only what has no meaning may be skipped here: UDP has no connection to reset, two ends each.
      const left = skipped(report).map(({ id }) => id)
      expect(left.sort()).toEqual(
        ['udp', 'udp-heartbeat']
          .flatMap((udp) => [`reset/${udp}/detected`, `reset/${udp}/struck-end`])
          .sort(),
      )
      expect(ended.status).toBe(0)
      expect(report.kernelSampledEveryMs).toBe(50)
      const ids = report.checks.map(({ id }) => id)
      expect(ids).toEqual(expect.arrayContaining(ASKED))
      if (strike === 'server') {
        expect(checkIds(report)).toEqual(checkIds(recordedReport('keepalive')))
        const claimed = claimRows().flatMap(({ checkIds }) => checkIds.get('keepalive') ?? [])
        expect(claimed.filter((id) => !ids.includes(id))).toEqual([])
      }
    },
    LAB_LIMIT_MS,
  )

  test(
    'SIGKILL of the lab leaves no process',
    async () => {
      await killedLabLeavesNothing([], UP, 18)
    },
    LAB_LIMIT_MS,
  )

  test(
    '--play sees what somebody else does to a process, and judges it',
    async () => {
      const out = temporaryFolder()
      const { child, ended } = start(['lab', 'keepalive', '--play', '--only', 'tcp-idle', '--out', out])
      let shown = ''
      child.stdout?.on('data', (text: string) => {
        shown += text
      })
      await expect
        .poll(() => /kill -9 (\d+)\n +kill the servers/.exec(shown)?.[1], { timeout: 15_000 })
        .toBeDefined()
      const pid = Number(/kill -9 (\d+)\n +kill the servers/.exec(shown)?.[1])
      process.kill(pid, 'SIGKILL')
      await expect.poll(() => shown, { timeout: 5000 }).toContain('TRUTH  play-b is gone')
      child.kill('SIGINT')

      expect(shown).toMatch(/belief play-a +tcp-idle +up -> down \(fin\)/)
      expect((await ended).status).toBe(0)
      const events = readLog(join(out, readlinkSync(join(out, 'latest')), 'events.ndjson'))
      expect(events.some(({ name }) => name === 'run:ended')).toBe(true)
    },
    LAB_LIMIT_MS,
  )
})

describe('lab:keepalive on process hosts', () => {
  test(
    'it needs no rights and no ip: what has no cable is skipped, the rest passes',
    async () => {
      const { report, ended } = runs.process()

      expect(notPassed(report)).toEqual([])
      expect(report.tier).toBe('process')
      const verdicts = (fault: string) =>
        new Set(
          report.checks.filter(({ id }) => id.startsWith(`${fault}/tcp-idle/`)).map(({ verdict }) => verdict),
        )
      for (const fault of ['exit', 'kill', 'freeze', 'reset'])
        expect(verdicts(fault)).toEqual(new Set(['pass']))
      // Where no packets are captured, nobody saw that none passed.
      const unseen = report.checks.filter(({ because }) => because.includes('packets are not captured'))
      expect(unseen.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([
        'none/tcp-idle/silent-wire skipped',
      ])
      expect(verdicts('none')).toEqual(new Set(['pass', 'skipped']))
      for (const fault of ['cut', 'blip', 'power-off', 'reboot'])
        expect(verdicts(fault)).toEqual(new Set(['skipped']))
      expect(ended.status).toBe(0)
    },
    LAB_LIMIT_MS,
  )

  onLinux(
    'SIGKILL of the lab leaves no process, frozen ones included',
    async () => {
      const frozenOnly = ['--hosts', 'process', '--only', 'freeze']
      await killedLabLeavesNothing(frozenOnly, 'the first fault strikes', 2)
    },
    LAB_LIMIT_MS,
  )

  onLinux(
    'Ctrl-C undoes the fault, ends every process, and writes the report so far',
    async () => {
      const out = temporaryFolder()
      const { child, ended } = start([
        'lab',
        'keepalive',
        '--hosts',
        'process',
        '--only',
        'freeze',
        '--json',
        '--out',
        out,
      ])
      await expect
        .poll(() => existsSync(out) && descendants(child.pid ?? 0).length > 2, { timeout: 10_000 })
        .toBe(true)
      const processes = () => descendants(child.pid ?? 0)
      await expect.poll(() => frozen(processes()), { timeout: 15_000 }).toBe(true)
      const all = processes()
      child.kill('SIGINT')
      const { status, stdout } = await ended

      expect(status).toBe(130)
      const report = JSON.parse(stdout) as Report
      expect(report.checks.every(({ verdict }) => verdict === 'skipped')).toBe(true)
      expect(report.checks[0]?.because).toContain('the run ended before')
      expect(await allGone(all, 3000)).toEqual([])
      const events = readLog(join(out, report.run, 'events.ndjson'))
      expect(events.some(({ name }) => name === 'fault:undone')).toBe(true)
      expect(events.at(-1)?.name === 'run:ended' || events.some(({ name }) => name === 'run:ended')).toBe(
        true,
      )
    },
    LAB_LIMIT_MS,
  )

  test(
    'two runs at once both succeed or say that the machine was too busy',
    async () => {
      const args = ['keepalive', '--hosts', 'process', '--only', 'kill,freeze']
      const [one, other] = await Promise.all([runLab(args), runLab(args)])
      expect(one.report.run).not.toBe(other.report.run)
      for (const { report } of [one, other]) {
        expect(report.checks.filter(({ verdict }) => verdict === 'fail')).toEqual([])
      }
    },
    LAB_LIMIT_MS,
  )

  test(
    'the result ends with the matrix and the score on 24 rows, and --cell tells a cell of it in full',
    async () => {
      const { ended, folder } = runs.process()
      const { stdout } = ended
      // Below it stands the prompt.
      const screen = stdout.trimEnd().split('\n').slice(-23)
      expect(screen).toContain("Who notices, and after how many seconds? (the clients' view)")
      expect(screen.join('\n')).toMatch(/^tcp-idle +FIN 0\.0/m)
      expect(screen.join('\n')).toMatch(/^\d+ checks passed, 0 failed/m)
      expect(screen.at(-1)).toBe(
        'Every check, and what each row teaches: in report.html, and with --verbose.',
      )
      // A path may be longer than any screen.
      expect(screen.filter((line) => line.length > 80 && !line.endsWith('report.html'))).toEqual([])
      expect(stdout).not.toContain('\u001b')

      const told = await run(['lab', 'keepalive', '--cell', 'kill/tcp-idle', '--out', dirname(folder)])
      for (const part of [
        'kill-a, the client',
        'kill-b, the server, struck',
        'formula',
        'evidence',
        'ghost time',
        'down at',
      ]) {
        expect(told.stdout).toContain(part)
      }
    },
    LAB_LIMIT_MS,
  )
})

test('every claim of the question has a check that observes it, or names the lab that will', () => {
  expect(claimRows()).toHaveLength(22)
  const unobserved = claimRows().filter(
    ({ row, checkIds }) => checkIds.size === 0 && !/labs? .*\(not built yet\)/.test(row),
  )
  expect(unobserved).toEqual([])
})

describe('wrong input', () => {
  const cases: [string, string[], number, RegExp][] = [
    ['an unknown lab', ['lab', 'smtp'], 2, /no lab "smtp"; there are keepalive/],
    ['an unknown command', ['launch'], 2, /no command "launch"/],
    ['an unknown option', ['lab', 'keepalive', '--loud'], 2, /--loud/],
    ['an unknown case', ['lab', 'keepalive', '--cell', 'fire/udp'], 2, /no case "fire"/],
    [
      'a cell before any run',
      ['lab', 'keepalive', '--cell', 'cut/udp', '--out', '/nonexistent'],
      2,
      /run npm run lab:keepalive first/,
    ],
    [
      'a place that cannot be written',
      ['lab', 'keepalive', '--out', '/proc/runs'],
      3,
      /choose another place with --out DIR/,
    ],
  ]
  test.each(cases)('%s: one line, its status, no stack trace', async (_, args, status, message) => {
    const ended = await run(args)
    expect(ended.stderr).toMatch(message)
    const told = ended.stderr
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('- '))
    expect(told).toHaveLength(1)
    expect(ended).toMatchObject({ status, stdout: '' })
  })

  onLinux('--hosts netns without ip: what is missing and what to install', async () => {
    const ended = await run(['lab', 'keepalive', '--hosts', 'netns', '--out', temporaryFolder()], {
      PATH: onlyNode(),
    })
    expect(ended).toMatchObject({ status: 3, stdout: '' })
    expect(ended.stderr).toMatch(/unshare.* not found.*apt-get install .*util-linux/)
  })

  test('a program that dies at its start: its reason, status 3, nothing left', async () => {
    const out = temporaryFolder()
    // Its own event file cannot be made: the folder's place is taken by a file that appears too early.
    const preload = join(out, 'die.cjs')
    mkdirSync(out, { recursive: true })
    writeFileSync(
      preload,
      `if (process.argv[1]?.endsWith("host.mjs")) {
        if (process.argv[2].includes("kill-a")) throw new Error("no memory for this host")
        // The other one starts when the run is over.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000)
      }`,
    )
    const {
      child,

      ended: ending,
    } = start(['lab', 'keepalive', '--hosts', 'process', '--only', 'kill/udp', '--out', out], {
      NODE_OPTIONS: `--require ${preload}`,
    })
    const processes = new Set<number>()
    const look = setInterval(() => {
      for (const pid of descendants(child.pid ?? 0)) processes.add(pid)
    }, 20)
    const ended = await ending
    clearInterval(look)
    // The launcher's bundler, the runner, two hosts.
    expect(processes.size).toBeGreaterThan(2)
    expect(await allGone([...processes], 5000)).toEqual([])
    expect(ended.status).toBe(3)
    expect(ended.stderr).toMatch(/Host kill-[ab] did not start.*no memory for this host/s)
  })
})

/** Kills the lab by SIGKILL once it `says` something, when it has more than `processesMin` processes. */
async function killedLabLeavesNothing(
  options: string[],
  saying: string,
  processesMin: number,
): Promise<void> {
  const { child, says, ended } = start(['lab', 'keepalive', ...options, '--out', temporaryFolder()])
  await says(saying)
  const processes = descendants(child.pid ?? 0)
  expect(processes.length).toBeGreaterThan(processesMin)
  child.kill('SIGKILL')
  await ended

  expect(await allGone(processes, 5000)).toEqual([])
}

/** A PATH in which there is nothing but what node itself needs: nothing. */
function onlyNode(): string {
  return '/nonexistent'
}

function frozen(pids: number[]): boolean {
  return pids.some((pid) => {
    try {
      return /^State:\s*T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    } catch {
      return false
    }
  })
}
