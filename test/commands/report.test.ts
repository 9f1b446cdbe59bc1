/** `npm run report`, on the files of a real run. */
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Report } from '../../src/lab/report.ts'
import { type Ended, run, temporaryFolder } from '../support/cli.ts'

const LAB_LIMIT_MS = 60_000

let out: string
let folder: string

beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'stillhere-report-'))
  const lab = ['lab', 'keepalive', '--hosts', 'process', '--only', 'kill/tcp-idle,freeze/tcp-heartbeat']
  const { status } = spawnSync(process.execPath, ['src/start.mjs', ...lab, '--out', out])
  expect(status).toBe(0)
  folder = join(out, readdirSync(out).find((name) => name !== 'latest') ?? '')
}, LAB_LIMIT_MS)

afterAll(() => rmSync(out, { recursive: true, force: true }))

const report = (...args: string[]): Promise<Ended> => run(['report', ...args])

describe('a run as it should be', () => {
  test('without a format: the verdict, and where its files are', async () => {
    const { status, stdout, stderr } = await report(join(out, 'latest'))
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^lab:keepalive, run \S+, process hosts, quick pace: pass\n\d+ checks passed, 0 failed/,
    )
    for (const file of ['events.ndjson', 'report.json', 'plan.json']) expect(stdout).toContain(file)
    expect(stdout).not.toContain('predictions.json')
  })

  test('--text draws the connection that is asked for, in 80 columns', async () => {
    const { status, stdout } = await report('--text', 'kill/tcp-idle', folder)
    expect(status).toBe(0)
    expect(stdout).toContain('kill-a (client)')
    expect(stdout).toMatch(/kill strikes kill-b/)
    expect(stdout).toMatch(/down +. fin/)
    expect(stdout.split('\n').filter((line) => [...line].length > 80)).toEqual([])
    // Whatever the order, and the first connection when none is named.
    expect((await report(folder, 'kill/tcp-idle', '--text')).stdout).toBe(stdout)
    expect((await report('--text', folder)).stdout).toContain(' / tcp-')
  })

  test('--svg draws it as a picture, whole or between two seconds', async () => {
    const whole = await report('--svg', 'kill/tcp-idle', folder)
    expect(whole.stdout).toMatch(/^<svg[\s\S]*<\/svg>\n$/)
    expect(whole.stdout).toContain('SIGKILL')
    const part = await report('--svg', 'freeze/tcp-heartbeat', '--from=-1', '--to', '2', folder)
    expect(part.status).toBe(0)
    const all = await report('--svg', 'freeze/tcp-heartbeat', folder)
    expect(part.stdout.length).toBeLessThan(all.stdout.length)
  })

  test.each([
    [['--text', '--from', 'soon'], /--from soon: expected seconds/],
    [['--csv', '--to', '1'], /--from and --to go with --text or --svg/],
    [['--svg', '--from', '5', '--to', '5'], /nothing to show/],
    [['--svg', '--from', '9000'], /nothing to show/],
  ])('%j is refused in one line', async (args, message) => {
    const { status, stderr } = await report(...args, folder)
    expect(status).toBe(2)
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd()).not.toContain('\n')
  })

  test('--mermaid, --qlog and --csv hand over everything', async () => {
    const mermaid = await report('--mermaid', 'freeze/tcp-heartbeat', folder)
    expect(mermaid.stdout).toMatch(/^sequenceDiagram\n/)
    expect(mermaid.stdout).toContain('freeze strikes freeze-b')
    const lines = readFileSync(join(folder, 'events.ndjson'), 'utf8').trimEnd().split('\n')
    const csv = await report('--csv', folder)
    expect(csv.stdout.trimEnd().split('\r\n')).toHaveLength(lines.length + 1)
    const { traces } = JSON.parse((await report('--qlog', folder)).stdout) as {
      traces: { events: unknown[] }[]
    }
    expect(traces.reduce((sum, { events }) => sum + events.length, 0)).toBe(lines.length)
  })
})

describe('what cannot be: one line, status 2, nothing on standard output', () => {
  const wrongRequests: [string, string[], RegExp][] = [
    ['an unknown option', ['--pdf'], /Unknown option '--pdf'/],
    ['two formats', ['--csv', '--qlog'], /--qlog and --csv: choose one/],
    [
      'a cell where it has no meaning',
      ['--csv', 'kill/tcp-idle'],
      /only --text, --svg and --mermaid show one connection/,
    ],
    ['a fault that the run had not', ['--text', 'cut/tcp-idle'], /this run has .*kill.*, not "cut"/],
    ['a mechanism that nobody knows', ['--text', 'kill/smtp'], /not "smtp"/],
    ['two cells', ['--text', 'kill/tcp-idle', 'kill/udp'], /"kill\/udp" is one too many/],
  ]
  test.each(wrongRequests)('%s', async (_, args, message) => {
    refused(await report(...args, folder), message)
  })

  test('a run that is not there', async () => {
    refused(await report('nowhere'), /no run in nowhere/)
  })

  const damages: [string, (folder: string) => void, RegExp][] = [
    [
      'a run that never ended',
      (path) => rmSync(join(path, 'report.json')),
      /report.json is missing: the run did not come to its end/,
    ],
    [
      'a report cut short',
      (path) => truncateSync(join(path, 'report.json'), 500),
      /report.json is damaged or cut short/,
    ],
    [
      'a report of a newer version',
      (path) => rewrite(join(path, 'report.json'), (before) => ({ ...before, schema: 'stillhere/report@2' })),
      /"stillhere\/report@2", from another version; this one reads stillhere\/report@1/,
    ],
    [
      'a plan of something else',
      (path) => writeFileSync(join(path, 'plan.json'), '{}'),
      /plan.json is not as expected/,
    ],
    [
      'events cut in a line',
      (path) => truncateSync(join(path, 'events.ndjson'), 10_000),
      /events.ndjson line \d+ is damaged or cut short/,
    ],
    [
      'events cut between lines',
      (path) => {
        const file = join(path, 'events.ndjson')
        writeFileSync(file, readFileSync(file, 'utf8').split('\n').slice(0, 20).join('\n'))
      },
      /events.ndjson is cut short, at \d+ of \d+ ms/,
    ],
    [
      'an event that this version does not know',
      (path) => appendFileSync(join(path, 'events.ndjson'), '{"name":"quic:migrated"}\n'),
      /events.ndjson line \d+ is no event of this version/,
    ],
    ['no events', (path) => rmSync(join(path, 'events.ndjson')), /events.ndjson/],
  ]
  test.each(damages)('%s', async (_, damage, message) => {
    const copy = join(temporaryFolder(), 'run')
    cpSync(folder, copy, { recursive: true })
    damage(copy)
    refused(await report('--csv', copy), message)
  })
})

function refused({ status, stdout, stderr }: Ended, message: RegExp): void {
  expect(stderr).toMatch(message)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
}

function rewrite(file: string, change: (report: Report) => object): void {
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')) as Report)))
}
