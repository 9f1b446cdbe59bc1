/** What is measured with inside namespaces of its own: commands, processor time, the middle of some values. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { environmentWithSbin } from '../../src/hosts/commands.ts'

export const ENV = environmentWithSbin()

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
