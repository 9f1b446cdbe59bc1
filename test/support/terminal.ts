/** Runs the command line on a terminal of its own, as a person at a keyboard does. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { testNeeding } from './needs.ts'

/** Of bsdutils: runs a command on a pseudo-terminal. */
const SCRIPT = 'script'
const ROOT = join(import.meta.dirname, '../..')
/** `stty -g` before and after: what a program changed of its terminal and did not give back. */
const BEFORE = 'terminal before: '
const AFTER = 'terminal after: '

export interface AtTerminal {
  press(keys: string): void
  /** All that was written to the terminal so far, control sequences included. */
  readonly written: string
  /** Resolves when that contains the text, from `since` on. */
  shows(text: string, since?: number): Promise<void>
  signal(name: NodeJS.Signals): void
  ended: Promise<{ status: number | null; isRestored: boolean }>
}

/** Needs `script`, which every Debian has; that of other systems has other options. */
export const onTerminal = testNeeding(
  'script (bsdutils) for a terminal of its own',
  process.platform === 'linux',
)

/** `npm run <...>`, without npm, on a terminal of 24 rows. */
export function startOnTerminal(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  columns = 80,
): AtTerminal {
  const command = [
    `stty columns ${columns} rows 24`,
    `echo "${BEFORE}$(stty -g)"`,
    `"$NODE" src/start.mjs ${args.map((arg) => `'${arg}'`).join(' ')} & node=$!`,
    // In the foreground of the terminal, and still known by its pid.
    'echo "pid $node"; fg >/dev/null; status=$?',
    `echo "${AFTER}$(stty -g)"`,
    'exit $status',
  ].join('\n')
  const { CI: _, NO_COLOR: __, ...own } = process.env
  const child = spawn(SCRIPT, ['-qec', `bash -mc '${command.replaceAll("'", `'\\''`)}'`, '/dev/null'], {
    cwd: ROOT,
    env: { ...own, TERM: 'xterm-256color', NODE: process.execPath, ...environment },
  })
  let written = ''
  const look = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text
    for (const one of look) one()
  })
  const ended = new Promise<{ status: number | null; isRestored: boolean }>((resolve) => {
    child.once('close', (status) => {
      const settings = (label: string) => new RegExp(`${label}(\\S+)`).exec(written)?.[1]
      resolve({ status, isRestored: settings(AFTER) !== undefined && settings(AFTER) === settings(BEFORE) })
    })
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return {
    get written() {
      return written
    },
    press: (keys) => child.stdin.write(keys),
    shows: (text, since = 0) =>
      new Promise((resolve, reject) => {
        const one = () => {
          if (!written.includes(text, since)) return
          look.delete(one)
          resolve()
        }
        look.add(one)
        one()
        void ended.then(() => reject(new Error(`ended without showing "${text}":\n${written.slice(since)}`)))
      }),
    signal: (name) => process.kill(Number(/^pid (\d+)/m.exec(written)?.[1]), name),
    ended,
  }
}
