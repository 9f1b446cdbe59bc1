/** A real Docker engine, as a person at a terminal has it: `docker`, and compose as its plugin or by its old name. */
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '../..')
/** Not the one that somebody who tries the lab has running. */
const PROJECT = 'stillhere-test'
const OUTPUT_BYTES_MAX = 64 * 2 ** 20
/** To build the image on a slow machine; nothing else takes a tenth of it. */
const LIMIT_MS = 540_000

export const hasEngine = spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0
const hasPlugin = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0

export interface Said {
  status: number
  stdout: string
  stderr: string
}

async function run(program: string, args: readonly string[]): Promise<Said> {
  const env = { ...process.env, COMPOSE_PROJECT_NAME: PROJECT }
  const options = { cwd: ROOT, env, maxBuffer: OUTPUT_BYTES_MAX, timeout: LIMIT_MS }
  try {
    return { status: 0, ...(await promisify(execFile)(program, args, options)) }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string }
    if (typeof code !== 'number') throw error
    return { status: code, stdout, stderr }
  }
}

export const docker = (...args: string[]): Promise<Said> => run('docker', args)

/** `docker compose`, which has to succeed. */
export async function compose(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await composeSays(...args)
  if (status !== 0) throw new Error(`compose ${args.join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}

/** `docker compose`, whatever becomes of it. */
export function composeSays(...args: string[]): Promise<Said> {
  return hasPlugin ? run('docker', ['compose', ...args]) : run('docker-compose', args)
}

/** The engine's name for the only container of a service, running or not. Compose would need a second to say it. */
export async function containerOf(service: string): Promise<string> {
  const labels = [`project=${PROJECT}`, `service=${service}`]
  const filters = labels.flatMap((label) => ['--filter', `label=com.docker.compose.${label}`])
  return (await docker('ps', '-aq', ...filters)).stdout.trim()
}

/** The engine's name for a volume of ours. */
export const volume = (name: string): string => `${PROJECT}_${name}`

/** Something in a container, as its user. */
export async function inside(service: string, ...argv: string[]): Promise<string> {
  const { status, stdout, stderr } = await docker('exec', await containerOf(service), ...argv)
  if (status !== 0) throw new Error(`${argv.join(' ')} in ${service} ended with ${status}: ${stderr}`)
  return stdout
}
