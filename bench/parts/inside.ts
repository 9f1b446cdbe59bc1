/** What is measured inside namespaces of its own: how it is started, commands, processor time, the middle of some values. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { findCapabilities } from '../../src/hosts/capabilities.ts'
import { environmentWithSbin } from '../../src/hosts/commands.ts'

export const ENV = environmentWithSbin()

type Isolation = NonNullable<Awaited<ReturnType<typeof findCapabilities>>['isolation']>

/**
 * Runs a file of bench/ in namespaces of its own.
 * @returns the figures that it printed, as JSON @throws Error with its own words
 */
export function measureInside<Figures>(
  { commandPrefix }: Isolation,
  file: string,
  limitMs: number,
  ...more: string[]
): Figures {
  const inside = fileURLToPath(new URL(`../${file}`, import.meta.url))
  const [program = '', ...args] = [...commandPrefix, process.execPath, '--import', 'tsx', inside, ...more]
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: ENV,
    timeout: limitMs,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`measuring ended with ${status}: ${stderr}${stdout}`)
  return JSON.parse(stdout) as Figures
}

/** @returns what it printed @throws Error with its own words */
export function run(...argv: string[]): string {
  const [program = '', ...args] = argv
  const { status, stdout, stderr } = spawnSync(program, args, { env: ENV, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
  return stdout
}

/** Of a process, all of its threads. */
export function processorMs(pid: number | undefined): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    return sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  }, 0)
}

export function median(values: readonly number[]): number {
  return atShare(values, 0.5)
}

/** The value below which this share of all is: 0.99 for the 99th of 100. */
export function atShare(values: readonly number[], share: number): number {
  const place = Math.min(values.length - 1, Math.floor(share * values.length))
  return values.toSorted((one, other) => one - other)[place] ?? 0
}
