/** Runs the command line as a person would, and looks after what it started. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, TestRunner } from 'vitest'
import type { Report } from '../../src/lab/report.ts'

const ROOT = join(import.meta.dirname, '../..')

export interface Ended {
  status: number | null
  stdout: string
  stderr: string
}

export interface Started {
  child: ChildProcess
  /** Resolves when standard error contains the text. */
  says(text: string): Promise<void>
  ended: Promise<Ended>
}

/**
 * `npm run <...>`, without npm.
 * @param under put before the command: `['setpriv', '--no-new-privs']`
 */
export function start(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  under: readonly string[] = [],
): Started {
  const [program = '', ...rest] = [...under, process.execPath, 'src/start.mjs', ...args]
  const child = spawn(program, rest, {
    cwd: ROOT,
    env: { ...process.env, ...environment },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (status) => resolve({ status, stdout, stderr }))
  })
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => stderr.includes(text) && resolve()
      child.stderr.on('data', look)
      look()
      void ended.then(() => reject(new Error(`ended without saying "${text}": ${stderr}`)))
    })
  const end = () => {
    child.kill('SIGKILL')
  }
  // What is run before the tests of a file is awaited there.
  if (TestRunner.getCurrentTest() === undefined) process.once('exit', end)
  else onTestFinished(end)
  return { child, says, ended }
}

export function run(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  under: readonly string[] = [],
): Promise<Ended> {
  return start(args, environment, under).ended
}

/** A folder for runs, which whoever makes it removes. */
export function makeTemporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'stillhere-test-'))
}

/** A folder for runs that is gone after the test. */
export function temporaryFolder(): string {
  const folder = makeTemporaryFolder()
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** One run of a lab. */
export interface LabRun {
  report: Report
  ended: Ended
  /** Its files. */
  folder: string
}

/**
 * Runs a lab as a person does; once more when a busy machine made the first run inconclusive, or one of its hundred
 * checks failed, or its hosts did not start in time: a run that fails twice is wrong. Why is printed, since it wants a
 * reason.
 * @param out where the run is kept; by default until the test is over
 */
export async function runLab(args: readonly string[], out: string = temporaryFolder()): Promise<LabRun> {
  const once = async (): Promise<LabRun> => {
    const ended = await run(['lab', ...args, '--out', out])
    if (!existsSync(join(out, 'latest')))
      throw new Error(`lab ${args.join(' ')} did not run: ${ended.stderr}`)
    const folder = join(out, readlinkSync(join(out, 'latest')))
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report
    return { report, ended, folder }
  }
  const first = await once().catch(String)
  if (typeof first !== 'string' && first.report.verdict === 'pass') return first
  const why = typeof first === 'string' ? first : failedOf(first)
  process.stderr.write(`the lab runs again: ${args.join(' ')}: ${why}\n`)
  return once()
}

function failedOf({ report: { verdict, checks } }: LabRun): string {
  const failed = checks.filter((check) => check.verdict === 'fail')
  const seen = failed.map(({ id, observed, expected, because }) =>
    JSON.stringify({ id, observed, expected, because }),
  )
  return [verdict, ...seen].join('\n')
}

/** Every process below `pid`, as this machine sees them. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1]
      parents.set(Number(entry), Number(parent))
    } catch {
      // Ended meanwhile.
    }
  }
  const found = [pid]
  for (const at of found) for (const [child, parent] of parents) if (parent === at) found.push(child)
  return found.slice(1)
}

/** Resolves when none of these processes is left; zombies that wait for their parent count as gone. */
export async function allGone(pids: readonly number[], withinMs: number): Promise<number[]> {
  const deadline = performance.now() + withinMs
  const alive = () =>
    pids.filter((pid) => {
      try {
        return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
      } catch {
        return false
      }
    })
  while (alive().length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return alive()
}
