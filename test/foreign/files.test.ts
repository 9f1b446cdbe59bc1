/** A run's folder as somebody else may have left it: nothing of it stops the reading, or fills the memory. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { claimName, openSession } from '../../src/compose/session.ts'
import { readLog } from '../../src/events/parse.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { parseForeignJson } from '../../src/foreign/json.ts'
import { linesOfRegular, readRegular } from '../../src/foreign/regular-file.ts'
import { readPredictions } from '../../src/launcher/prediction-file.ts'
import { openRun as openLabRun } from '../../src/launcher/start.ts'
import { listRuns, openRun } from '../../src/page/earlier-runs.ts'
import { Recorder } from '../../src/recorder/recorder.ts'
import { parseTryArguments } from '../../src/try/options.ts'
import { readBlocks } from '../../src/view/pcapng/read.ts'
import { run, start, temporaryFolder } from '../support/cli.ts'
import { writeRun } from '../support/hostile.ts'
import { madeUpRun } from '../support/made-up-run.ts'

/** Far above what refusing takes, far below what reading a gigabyte does to a small heap. */
const LIMIT_MS = 60_000
const HEAP = { NODE_OPTIONS: '--max-old-space-size=300' }
const SPARSE_BYTES = 5_000_000_000

const made = madeUpRun({ cases: ['cut'], mechanisms: ['tcp-idle'] })

/** What may stand where a file should be. */
const strange: [name: string, put: (path: string) => void, problem: RegExp][] = [
  ['a FIFO', (path) => execFileSync('mkfifo', [path]), /is no regular file/],
  ['a link to /dev/zero', (path) => symlinkSync('/dev/zero', path), /is a link/],
  ['a link out of the folder', (path) => symlinkSync('/etc/hostname', path), /is a link/],
  ['a folder', (path) => mkdirSync(path), /is no regular file/],
  [
    'five gigabytes of nothing',
    (path) => {
      writeFileSync(path, '')
      truncateSync(path, SPARSE_BYTES)
    },
    /is too big: more than \d+ bytes/,
  ],
]

function runWith(file: string, put: (path: string) => void): { out: string; folder: string } {
  const out = temporaryFolder()
  const folder = writeRun(out, made)
  rmSync(join(folder, file))
  put(join(folder, file))
  return { out, folder }
}

test.each([
  [undefined],
  [null],
  ['none'],
  [[]],
  [{ keepalive: 2000, userTimeoutMs: 4000 }],
  [{ keepalive: {}, userTimeoutMs: 4000 }],
])(
  'settings of a plan that are %j are named in a line, and nothing is told by them',
  async (settings) => {
    const out = temporaryFolder()
    const folder = writeRun(out, { ...made, plan: { ...made.plan, settings } as typeof made.plan })
    expect(() => openLabRun(keepalive, folder)).toThrow(/settings in its plan\.json/)
    const { status, stdout, stderr } = await run(['lab', 'keepalive', '--cell', 'cut/tcp-idle', '--out', out])
    expect({ status, stdout, lines: stderr.trim().split('\n').length }).toEqual({
      status: 2,
      stdout: '',
      lines: 1,
    })
    expect(stderr).toMatch(/settings in its plan\.json/)
    expect(openLabRun(keepalive, writeRun(temporaryFolder(), made)).plan.run).toBe(made.plan.run)
  },
  LIMIT_MS,
)

describe.each(strange)('%s', (_, put, problem) => {
  const there = () => {
    const path = join(temporaryFolder(), 'there.json')
    put(path)
    return path
  }

  test('is not read as a file, nor as lines, a capture, predictions, or for --file', () => {
    expect(() => readRegular(there(), 1e6)).toThrow(problem)
    expect(() => [...linesOfRegular(there(), { bytesMax: 1e6, lineBytesMax: 1e3 })]).toThrow(problem)
    expect(() => readLog(there())).toThrow(problem)
    expect(() => parseTryArguments(['--file', there()]).wanted()).toThrow(problem)
    const folder = temporaryFolder()
    put(join(folder, 'predictions.json'))
    expect(readPredictions(folder)).toBeNull()
    if (problem.source.includes('too big')) return
    expect(() => [...readBlocks(there())]).toThrow(problem)
  })

  test.each(['plan.json', 'report.json', 'events.ndjson'])(
    'in place of %s is named by the page and by the commands',
    async (file) => {
      const { out, folder } = runWith(file, put)
      const [listed] = await listRuns(out)
      if (file !== 'events.ndjson') expect(listed?.problem).toMatch(problem)
      const lines: string[] = []
      const read = (async () => {
        for await (const line of openRun(out, 'run-1')) lines.push(line)
      })()
      if (file === 'plan.json') await expect(read).rejects.toThrow(problem)
      else {
        await read
        expect(lines.at(-1)).toMatch(problem)
      }
      for (const args of [
        ['report', folder],
        ['lab', 'keepalive', '--cell', 'cut/tcp-idle', '--out', out],
      ]) {
        const { status, stdout, stderr } = await run(args, HEAP)
        expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
        expect(stderr).toMatch(problem)
        expect(stderr).toContain(file)
      }
    },
    LIMIT_MS,
  )

  test('among the event files is told once, and the others are recorded', () => {
    const root = temporaryFolder()
    const folder = join(root, 'events')
    mkdirSync(folder)
    put(join(folder, 'strange.1.ndjson'))
    const [event] = made.log.events
    const { time: _, outerPid: __, ...asWritten } = event as LabEvent & { outerPid?: number }
    const mono = String(process.hrtime.bigint())
    writeFileSync(join(folder, 'a.1.ndjson'), `${JSON.stringify({ ...asWritten, mono })}\n`)
    const output = join(root, 'events.ndjson')
    const recorder = new Recorder({ folder, output, run: 'r', lab: 'l', beganAt: BigInt(mono) })
    recorder.close()
    const names = readLog(output).map((one) =>
      one.name === 'recorder:line_refused' ? `${one.data.file}: ${one.data.problem}` : one.name,
    )
    expect(names).toHaveLength(2)
    expect(names).toContain(event?.name)
    expect(names.find((name) => name.startsWith('strange.1.ndjson'))).toMatch(problem)
  })

  test("in place of a container's name leaves the next name free", () => {
    const folder = temporaryFolder()
    openSession(folder)
    put(join(folder, 'names/client-1'))
    expect(claimName(folder, 'client', 'me')).toBe('client-2')
    expect(claimName(folder, 'client', 'me')).toBe('client-2')
  })
})

test(
  'the page goes on with a hundred FIFOs, and ends by SIGTERM',
  async () => {
    const out = temporaryFolder()
    for (let number = 0; number < 100; number++) {
      mkdirSync(join(out, `run-${number}`))
      execFileSync('mkfifo', [join(out, `run-${number}`, 'plan.json')])
    }
    const { child, ended } = start(['watch', '--port', '0', '--out', out])
    const url = await new Promise<URL>((resolve) => {
      child.stdout?.on('data', (text: string) => {
        const found = /http:\S+/.exec(text)?.[0]
        if (found !== undefined) resolve(new URL(found))
      })
    })
    const headers = { 'x-stillhere-token': url.hash.slice('#token='.length), origin: url.origin }
    for (let round = 0; round < 3; round++) {
      const listed = (await (await fetch(new URL('/api/runs', url), { headers })).json()) as object[]
      expect(listed).toHaveLength(100)
      expect(listed[0]).toMatchObject({ problem: 'plan.json is no regular file' })
    }
    child.kill('SIGTERM')
    expect((await ended).status).toBe(0)
  },
  LIMIT_MS,
)

const [sample] = made.log.events.filter(({ name }) => name === 'belief:updated')
const spoiled: [what: string, change: (event: Record<string, unknown>) => unknown][] = [
  ['a time of 1e308', (event) => ({ ...event, time: 1e308 })],
  ['a time of 1e999', (event) => JSON.stringify(event).replace(/"time":[\d.]+/, '"time":1e999')],
  ['a time of long before', (event) => ({ ...event, time: -1e12 })],
  ['a stamp of twenty digits', (event) => ({ ...event, mono: '9'.repeat(20) })],
  ['a silence of 1e308 ms', (event) => ({ ...event, data: { ...(event.data as object), silentMs: 1e308 } })],
  ['a count of 1e308', (event) => ({ ...event, seq: 1e308 })],
  ['an array for a name', (event) => ({ ...event, host: ['cut-a'] })],
  ['a path for a host', (event) => ({ ...event, host: '../../etc/cut-a' })],
  ['an object for a belief', (event) => ({ ...event, data: { ...(event.data as object), new: {} } })],
  ['arrays within arrays', () => '['.repeat(60_000)],
  ['objects within objects', (event) => ({ ...event, data: nested(1000) })],
  ['a line without end', () => 'x'.repeat(3_000_000)],
  ['zeros', () => '\u0000'.repeat(1000)],
]

function nested(depth: number): object {
  let value: object = {}
  for (let level = 0; level < depth; level++) value = { value }
  return value
}

test.each(spoiled)('%s in an event is refused before anybody counts with it', async (_, change) => {
  const out = temporaryFolder()
  const folder = writeRun(out, made)
  const line = change(sample as unknown as Record<string, unknown>)
  appendFileSync(join(folder, 'events.ndjson'), `${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
  const lines: string[] = []
  for await (const one of openRun(out, 'run-1')) lines.push(one)
  expect(lines).toHaveLength(made.log.events.length + 2)
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
    problems: [expect.stringMatching(/^events\.ndjson line \d+ (is|expected) /)],
  })
  expect(() => readLog(join(folder, 'events.ndjson'))).toThrow(/^line \d+ (is|expected) /)
})

const wrongPlans: [what: string, change: object][] = [
  ['a million columns', { cases: Array.from({ length: 1_000_000 }, () => 'c') }],
  ['markup for a row', { mechanisms: ['"]<b>'] }],
  ['an endless watch', { watchMs: 1e308 }],
  ['a side that is none', { strike: 'both' }],
  ['a depth without end', { settings: nested(100) }],
]
test.each(wrongPlans)('%s in a plan is refused', async (_, change) => {
  const out = temporaryFolder()
  const folder = writeRun(out, made)
  writeFileSync(join(folder, 'plan.json'), JSON.stringify({ ...made.plan, ...change }))
  expect((await listRuns(out))[0]?.problem).toMatch(/^plan\.json is /)
})

test('JSON of any shape is looked through in one pass', () => {
  for (const text of [
    '\\"'.repeat(1_000_000),
    '"'.repeat(1_000_001),
    '['.repeat(1_000_000),
    '{"a":'.repeat(100_000),
  ]) {
    expect(() => parseForeignJson(text)).toThrow(SyntaxError)
  }
  const string = '"[[[[\\"[[[["'
  expect(parseForeignJson(`{"a":[${string.repeat(1)}]}`)).toEqual({ a: ['[[[["[[[['] })
})

test('a file that grows while it is read is read to its limit', () => {
  const path = join(temporaryFolder(), 'grows')
  writeFileSync(path, 'a\n'.repeat(40_000))
  const lines = linesOfRegular(path, { bytesMax: 100_000, lineBytesMax: 10 })
  expect(lines.next().value).toBe('a')
  appendFileSync(path, 'b\n'.repeat(40_000))
  expect(() => [...lines]).toThrow(/is too big/)
})
