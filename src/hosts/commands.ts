/**
 * Commands of the operating system, run so that a learner can repeat them: each one becomes an event.
 */
import { spawn } from 'node:child_process'
import type { Emitter } from '../events/emit.ts'

/** Nothing we run takes longer; what does hangs, and is ended. */
const COMMAND_LIMIT_MS = 5000
/** Enough for any table we read; a command that prints more is not one of ours. */
const OUTPUT_LIMIT_BYTES = 1_000_000

/** A command that failed: `message` says which and why. */
export class CommandError extends Error {
  override name = 'CommandError'
}

export interface CommandResult {
  status: number | null
  stdout: string
  stderr: string
}

/** Debian keeps `ip` and its like in sbin, which is not in an ordinary user's PATH. */
export function environmentWithSbin(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` }
}

/**
 * Runs one command to its end without blocking this process, which has timers to keep.
 * Resolves also when the command failed; `status` is null when it was ended or could not be started.
 */
export function execute(argv: readonly string[], input = ''): Promise<CommandResult> {
  return new Promise((resolve) => {
    const [program = '', ...args] = argv
    const child = spawn(program, args, {
      env: environmentWithSbin(),
      timeout: COMMAND_LIMIT_MS,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (stdout.length < OUTPUT_LIMIT_BYTES) stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      if (stderr.length < OUTPUT_LIMIT_BYTES) stderr += chunk
    })
    child.on('error', (error) => resolve({ status: null, stdout, stderr: error.message }))
    child.on('close', (status) => resolve({ status, stdout, stderr: stderr.trim() }))
    // A command that ends without reading its input is no reason to fall over.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/**
 * Runs one command and logs it.
 * @returns what it printed
 * @throws CommandError when it does not end with status 0
 */
export async function run(argv: readonly string[], emit: Emitter): Promise<string> {
  const began = performance.now()
  const result = await execute(argv)
  report([argv], result, performance.now() - began, emit)
  return result.stdout
}

/**
 * Runs many `ip` commands in one process (`ip -batch`), which is several times faster than one process
 * each. They are logged one by one, since that is how a person would type them.
 * @param onHost the network namespace to run them in; without it, where the lab itself is
 */
export async function ipBatch(
  commands: readonly string[],
  emit: Emitter,
  onHost?: { readonly name: string },
): Promise<void> {
  const ip = onHost === undefined ? ['ip'] : ['ip', '-n', onHost.name]
  const began = performance.now()
  const result = await execute([...ip, '-batch', '-'], `${commands.join('\n')}\n`)
  report(
    commands.map((command) => [...ip, ...command.split(' ')]),
    result,
    performance.now() - began,
    emit,
  )
}

function report(commands: (readonly string[])[], result: CommandResult, durationMs: number, emit: Emitter) {
  for (const argv of commands) {
    emit('command:run', {
      argv: [...argv],
      status: result.status,
      durationMs,
      ...(result.stderr === '' ? {} : { stderr: result.stderr.slice(0, 500) }),
    })
  }
  if (result.status !== 0) {
    const shown = commands.map((argv) => argv.join(' ')).join('; ')
    throw new CommandError(`${shown}: ${result.stderr || `ended with status ${result.status}`}`)
  }
}
