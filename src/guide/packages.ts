/** What an entry needs is put beside a copy of its programs, in a cache folder of the person's and not in the project. */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { CannotRunError } from '../launcher/launch.ts'
import { projectFile } from '../project/files.ts'
import type { Entry } from './entry.ts'

const INSTALL_LIMIT_MS = 180_000
const ASK_LIMIT_MS = 10_000
const ERROR_LINES = 3
/** What several of them use. */
const SHARED = [
  ...['guide/say.mjs', 'guide/mariadb.sh', 'guide/rabbitmq.sh', 'guide/registrar.mjs'],
  ...['labs/try/postgres.sh', 'labs/try/sshd.sh', 'labs/try/nginx-slow.conf'],
]
const DONE = 'installed.json'

/**
 * Installs the packages once, with scripts off.
 * @returns the folder to run the entry's commands in
 * @throws CannotRunError when npm cannot
 */
export async function folderOf(entry: Entry): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  const folder = join(cache, 'stillhere', 'guide', entry.name)
  mkdirSync(folder, { recursive: true })
  const wanted = JSON.stringify({ private: true, dependencies: entry.npm })
  const done = join(folder, DONE)
  if (!existsSync(done) || readFileSync(done, 'utf8') !== wanted) {
    writeFileSync(join(folder, 'package.json'), wanted)
    if (Object.keys(entry.npm).length > 0) await npmInstall(folder)
    writeFileSync(done, wanted)
  }
  for (const shared of SHARED) cpSync(projectFile(shared), join(folder, basename(shared)))
  cpSync(projectFile(`guide/${entry.name}`), folder, { recursive: true })
  return folder
}

async function npmInstall(folder: string): Promise<void> {
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  const { status, text } = await output('npm', ['install', ...quietly], INSTALL_LIMIT_MS, folder)
  if (status === 0) return
  const why = text.trim().split('\n').slice(0, ERROR_LINES).join(' ')
  throw new CannotRunError(`npm install in ${folder} ended with status ${status}: ${why}`)
}

/** The versions of a run, by package: those that are pinned, and what Debian has installed. @throws CannotRunError */
export async function versionsOf(entry: Entry): Promise<Record<string, string>> {
  const installed = await Promise.all(
    entry.debian.map(async (name) => {
      const { status, text } = await output(
        'dpkg-query',
        ['--show', '--showformat', `\${Version}`, name],
        ASK_LIMIT_MS,
      )
      if (status === 0 && text !== '') return [name, text] as const
      throw new CannotRunError(
        `${entry.name} needs Debian's ${name}: apt-get install --no-install-recommends ${entry.debian.join(' ')}`,
      )
    }),
  )
  const node = /\bnode /.test(entry.client) ? { node: process.versions.node } : {}
  return { ...node, ...entry.npm, ...Object.fromEntries(installed) }
}

function output(
  program: string,
  args: readonly string[],
  timeout: number,
  cwd?: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout, ...(cwd && { cwd }) }, (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, text: stdout || stderr }),
    )
  })
}
