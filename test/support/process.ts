/** A node process under test: what it printed, and waiting for it. */
import { type ChildProcess, spawn } from 'node:child_process'

export interface TestedProcess {
  child: ChildProcess
  stdout(): string
  stderr(): string
  /** Resolves with the match once standard output has it. */
  untilPrinted(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>
  /** Resolves with the exit status, or the signal's name. */
  ended: Promise<number | string | null>
}

/** Runs a TypeScript file through tsx, as `npx tsx <file>` does. */
export function runTypeScript(file: string, ...args: string[]): TestedProcess {
  return runNode(['--import', 'tsx', file, ...args])
}

export function runNode(args: string[], env: NodeJS.ProcessEnv = process.env): TestedProcess {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    untilPrinted(pattern, withinMs = 10_000) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(stdout)
          if (match === null) return
          clearTimeout(limit)
          child.stdout.off('data', look)
          resolve(match)
        }
        const limit = setTimeout(() => {
          child.stdout.off('data', look)
          reject(new Error(`nothing like ${pattern} within ${withinMs} ms; printed:\n${stdout}${stderr}`))
        }, withinMs)
        child.stdout.on('data', look)
        look()
      })
    },
    ended: new Promise((resolve) => {
      child.once('close', (code, signal) => resolve(code ?? signal))
    }),
  }
}

/** For hosts of plain processes whose test wants no telephone office. */
export const noOffices = (): Promise<never> => Promise.reject(new Error('no telephone office was bundled'))
