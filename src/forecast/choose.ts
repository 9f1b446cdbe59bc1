/** Which processes are meant: by name, by what they talk to, by the container they run in. */
import { readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { execute } from '../hosts/commands.ts'
import type { ForeignProcess } from '../kernel/foreign-process.ts'

/** What is asked for; all that is left out is not asked. */
export interface Choice {
  name?: string
  /** Of either end. */
  port?: number
  /** A process in the container. */
  containerPid?: number
}

/** Whether a process is one of those; its connections are chosen by {@link hasPort}. */
export function isChosen(process: ForeignProcess, { name, containerPid }: Choice): boolean {
  return (
    (name === undefined || isNamed(process.command, name)) &&
    (containerPid === undefined || pidNamespaceOf(process.pid) === pidNamespaceOf(containerPid))
  )
}

/** By its program, or by the script that an interpreter runs: `node worker.js` is a `node` and a `worker.js`. */
export function isNamed(command: string, name: string): boolean {
  const words = command.replace(/^\[|\]$/g, '').split(' ')
  const script = words.slice(1).find((word) => !word.startsWith('-'))
  return [words[0], script].some((word) => word !== undefined && basename(word).replace(/:$/, '') === name)
}

export function hasPort(end: string | null, port: number): boolean {
  return end?.endsWith(`:${port}`) === true
}

function pidNamespaceOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    // It ended, or is not ours to look at.
    return null
  }
}

/** What knows containers by name, and says the process that each was started with. */
const ENGINES = ['docker', 'podman'] as const

/** @returns that process, or why there is none */
export async function processOfContainer(name: string): Promise<{ pid: number } | { problem: string }> {
  const problems: string[] = []
  for (const engine of ENGINES) {
    const { status, stdout, stderr } = await execute([
      engine,
      'inspect',
      '--format',
      '{{.State.Pid}}',
      '--',
      name,
    ])
    const pid = Number(stdout.trim())
    if (status === 0 && pid > 0) {
      return pidNamespaceOf(pid) === pidNamespaceOf(process.pid)
        ? { problem: `container ${name} shares this system's processes: name one, --pid ${pid}` }
        : { pid }
    }
    problems.push(
      status === 0 ? `${engine}: container ${name} does not run` : `${engine}: ${stderr.split('\n')[0]}`,
    )
  }
  return { problem: problems.join('; ') }
}
