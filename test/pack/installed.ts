/** The package as somebody else gets it: packed, and installed from the registry into an empty project. */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Ended, makeTemporaryFolder } from '../support/cli.ts'

const ROOT = join(import.meta.dirname, '../..')
const ASK_LIMIT_MS = 10_000
/** A short run of a lab, on a busy machine. */
const RUN_LIMIT_MS = 60_000

export interface Installed {
  /** What is in the tarball. */
  files: string[]
  /** The project that it was installed into; whoever asked for it removes it. */
  folder: string
  /** Where the package is. */
  own: string
}

/** Whether this machine reaches a registry that has what the package needs. */
export const hasRegistry =
  spawnSync('npm', ['view', 'koffi', 'version', '--fetch-retries=0', `--fetch-timeout=${ASK_LIMIT_MS}`], {
    timeout: ASK_LIMIT_MS,
    shell: process.platform === 'win32',
  }).status === 0

/**
 * Packs it, which builds it first, and installs it. No package runs a script of its own.
 * @param others what else is installed beside it
 */
export async function install(...others: string[]): Promise<Installed> {
  const folder = makeTemporaryFolder()
  // Root's `try` runs programs as nobody.
  chmodSync(folder, 0o755)
  const packed = await npm(ROOT, 'pack', '--json', '--pack-destination', folder)
  // What the build says comes first.
  const [{ filename, files }] = JSON.parse(packed.slice(packed.indexOf('[\n'))) as [
    { filename: string; files: { path: string }[] },
  ]
  const project = join(folder, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "name": "somebody", "private": true }\n')
  await npm(
    project,
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    join(folder, filename),
    ...others,
  )
  const own = join(project, 'node_modules/stillhere')
  return { files: files.map(({ path }) => path).sort(), folder: project, own }
}

async function npm(folder: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)('npm', args, { cwd: folder, env: environment() })).stdout
}

/** As in a terminal of somebody's own: an `npm test` around us says of itself where it is. */
export function environment(): NodeJS.ProcessEnv {
  const own = /^(npm_(package|lifecycle|config_local_prefix)|INIT_CWD|NODE_ENV|NODE_OPTIONS|VITEST)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)))
}

/** `npx stillhere <args>`, in a folder of the project. @param node another than this one */
export async function stillhere(
  { folder }: Pick<Installed, 'folder'>,
  args: readonly string[],
  { cwd = folder, node = process.execPath } = {},
): Promise<Ended> {
  const child = spawn(node, [join(folder, 'node_modules/.bin/stillhere'), ...args], {
    cwd,
    env: environment(),
    timeout: RUN_LIMIT_MS,
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, ...said }))
  })
}

/** From the start of a process until it has printed something, in milliseconds. */
export function firstLineMs(folder: string, argv: readonly string[]): Promise<number> {
  const began = performance.now()
  const [program = '', ...args] = argv
  const child = spawn(program, args, { cwd: folder, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  return new Promise((resolve, reject) => {
    const first = async () => {
      const took = performance.now() - began
      child.kill('SIGINT')
      await ended
      resolve(took)
    }
    child.stdout.once('data', first)
    child.stderr.once('data', first)
    child.once('error', reject)
  })
}

export interface File {
  path: string
  bytes: number
  /** Changes with every write. */
  mtimeMs: number
}

/** Every file below a folder. */
export function filesBelow(folder: string): File[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return paths.flatMap((path) => {
    const { size, mtimeMs, mode } = lstatSync(join(folder, path))
    return (mode & 0o170000) === 0o040000 ? [] : [{ path, bytes: size, mtimeMs }]
  })
}

export function textsBelow(folder: string): Map<string, string> {
  return new Map(filesBelow(folder).map(({ path }) => [path, readFileSync(join(folder, path), 'latin1')]))
}
