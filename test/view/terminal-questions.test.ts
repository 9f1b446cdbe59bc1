/** Predict, observe, explain, as somebody at a keyboard meets it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { type Predictions, parsePredictions } from '../../src/lab/predict.ts'
import { start, temporaryFolder } from '../support/cli.ts'
import { onTerminal, startOnTerminal } from '../support/terminal.ts'

const LAB_LIMIT_MS = 90_000
const LAB = ['lab', 'keepalive', '--hosts', 'process', '--only', 'none,kill,exit,freeze']

function predictionsIn(folder: string): Predictions | null {
  const file = join(folder, 'predictions.json')
  return existsSync(file) ? parsePredictions(readFileSync(file, 'utf8')) : null
}

onTerminal(
  'questions come before anything of the result; answers are locked, judged, and a mistake comes first next time',
  async () => {
    const out = temporaryFolder()
    const first = startOnTerminal([...LAB, '--out', out])
    await first.shows('1 of 4')
    const folder = join(out, readdirSync(out)[0] ?? '')

    // Not a choice, no key of ours, and then: an idle system sends nothing.
    first.press('9x2')
    await first.shows('2 of 4')
    // "All of them notice a frozen program": they do not.
    first.press('1')
    await first.shows('3 of 4')
    // The run goes on meanwhile; Enter skips.
    await expect
      .poll(() => readFileSync(join(folder, 'events.ndjson'), 'utf8'), { timeout: 20_000 })
      .toContain('fault:struck')
    first.press('\r')
    await first.shows('4 of 4')
    expect(first.written).not.toMatch(/connections are up|Who notices, and after|\[=\]|\[x\]/)
    expect(predictionsIn(folder)).toBeNull()
    first.press('3')
    await first.shows('connections are up')
    const locked = predictionsIn(folder)
    expect(locked?.predictions.map(({ question, choice }) => [question, choice])).toEqual([
      ['os-heartbeat', 'none'],
      ['frozen', 'all'],
      ['kill-or-exit', null],
      ['late-answer', 'up'],
    ])
    expect(locked?.predictions.map(({ observed }) => observed)).toEqual([null, null, null, null])

    // After the last answer a key is only a key.
    first.press('1111')
    expect(await first.ended).toEqual({ status: 0, isRestored: true })
    const told = first.written.slice(first.written.indexOf('What you predicted'))
    expect(told).toContain('[=]')
    expect(told).toContain('[x]')
    expect(told).toContain('freeze/tcp-heartbeat/late:')
    expect(told).toContain('You predicted 2 of 3 correctly.')
    const { predictions = [] } = predictionsIn(folder) ?? {}
    expect(predictions.map(({ choice, observed }) => [choice, observed])).toEqual([
      ['none', 'none'],
      ['all', 'askers'],
      [null, 'same'],
      ['up', 'up'],
    ])
    expect(predictions.map(({ answeredAt }) => answeredAt)).toEqual(
      locked?.predictions.map(({ answeredAt }) => answeredAt),
    )

    const second = startOnTerminal([...LAB, '--out', out])
    await second.shows('1 of 4')
    await second.shows('Your prediction')
    expect(second.written).toMatch(/1 of 4.*A program hangs/)
    // Ctrl-C: the terminal, the processes and the files in order, and no predictions.
    second.press('\u0003')
    expect(await second.ended).toEqual({ status: 130, isRestored: true })
    const runs = readdirSync(out)
      .filter((name) => name !== 'latest')
      .sort()
    expect(runs).toHaveLength(2)
    expect(predictionsIn(join(out, runs[1] ?? ''))).toBeNull()
    expect(existsSync(join(out, runs[1] ?? '', 'report.json'))).toBe(true)
  },
  LAB_LIMIT_MS,
)

onTerminal(
  'q skips the rest, and the terminal is as before while the run goes on',
  async () => {
    const terminal = startOnTerminal([...LAB, '--out', temporaryFolder()])
    await terminal.shows('1 of 4')
    terminal.press('q')
    await terminal.shows('connections are up')
    expect(terminal.written).not.toContain('2 of 4')
    // An ordinary Ctrl-C again: the terminal itself makes a signal of it.
    terminal.press('\u0003')
    expect(await terminal.ended).toEqual({ status: 130, isRestored: true })
  },
  LAB_LIMIT_MS,
)

onTerminal(
  '--no-predict, --json and CI ask nothing, and SIGTERM gives the terminal back',
  async () => {
    const started = async (more: string[], environment: NodeJS.ProcessEnv = {}) => {
      const out = temporaryFolder()
      const terminal = startOnTerminal([...LAB, ...more, '--out', out], environment)
      const log = () => readdirSync(out).map((run) => join(out, run, 'events.ndjson'))
      await expect.poll(() => log().some(existsSync), { timeout: 15_000 }).toBe(true)
      return terminal
    }
    const ended = async (terminal: Awaited<ReturnType<typeof started>>) => {
      terminal.signal('SIGTERM')
      expect(await terminal.ended).toEqual({ status: 130, isRestored: true })
    }
    for (const terminal of [
      await started(['--no-predict']),
      await started(['--json']),
      await started([], { CI: 'true' }),
    ]) {
      await ended(terminal)
      expect(terminal.written).not.toContain('Predict first')
    }
    const asked = await started(['--plain', '--predict'])
    await asked.shows('Predict first')
    await ended(asked)
  },
  LAB_LIMIT_MS,
)

test(
  'a pipe is asked nothing, be it with --predict',
  async () => {
    const { child, says, ended } = start([...LAB, '--predict', '--out', temporaryFolder()])
    await says('connections are up')
    child.kill('SIGINT')
    const { status, stdout, stderr } = await ended
    expect(status).toBe(130)
    expect(stdout + stderr).not.toContain('Predict first')
  },
  LAB_LIMIT_MS,
)

onTerminal(
  'on 60 columns no word is broken: questions, progress, the result, --cell, --help',
  async () => {
    const out = temporaryFolder()
    const asked = startOnTerminal([...LAB, '--out', out], {}, 60)
    await asked.shows('Your prediction')
    asked.press('q')
    await asked.ended
    const cell = startOnTerminal(['lab', 'keepalive', '--cell', 'freeze/tcp-heartbeat', '--out', out], {}, 60)
    await cell.ended
    const help = startOnTerminal(['lab', 'keepalive', '--help'], {}, 60)
    await help.ended
    const lines = [asked, cell, help].flatMap(({ written }) =>
      stripVTControlCharacters(written).split(/[\r\n]+/),
    )
    // A path is one word, as long as it is.
    const isWord = (line: string) => !line.trim().includes(' ')
    expect(lines.length).toBeGreaterThan(100)
    expect(
      lines.filter((line) => line.length > 60 && !isWord(line) && !line.startsWith('terminal ')),
    ).toEqual([])
  },
  LAB_LIMIT_MS,
)
