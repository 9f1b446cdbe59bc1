/** A function as a program of its own: its text crosses to another process, and nothing that it could have seen here. */
import { Script } from 'node:vm'

/** Of one argument of a command (MAX_ARG_STRLEN of Linux, 128 KiB), with room for what is put before it. */
const TEXT_BYTES_MAX = 120_000

/** What the function is called with, on its host. */
export interface ProgramContext {
  /** The server's address. */
  server: string
  /** A folder that the programs of both hosts share, empty at first. */
  folder: string
}

export type ProgramFunction = (context: ProgramContext) => unknown

/**
 * What transpilers have put into the function's text: esbuild names functions by a helper, vite asks for modules by one.
 * `require` finds packages where the test's folder does. What it misses is mostly a variable of the test's.
 */
const PREAMBLE = `
import { createRequire } from 'node:module'
const require = createRequire(process.cwd() + '/')
const __name = (named) => named
const __vite_ssr_dynamic_import__ = (name) => import(name)
const { STILLHERE_SERVER: server, STILLHERE_FOLDER: folder } = process.env
process.on('uncaughtExceptionMonitor', (error) => {
  if (error instanceof ReferenceError)
    console.error(error + ': a function sees its argument, and what it imports itself')
})
`

/**
 * What starts a program: a command as it is, or a function by Node.
 * @throws TypeError for what is neither, or a function that is not whole in its text; RangeError for too long a text
 */
export function programOf(program: string | ProgramFunction): string | string[] {
  if (typeof program === 'string') return program
  if (typeof program !== 'function') throw new TypeError('start: expected a command or a function')
  if (!standsAlone(String(program))) {
    throw new TypeError('start: a method, or what bind() returns, is no program: give async () => { ... }')
  }
  const text = `${PREAMBLE}\nawait (${program})({ server, folder })\n`
  if (Buffer.byteLength(text) > TEXT_BYTES_MAX) {
    throw new RangeError(
      `a function of more than ${TEXT_BYTES_MAX} bytes: put it into a file, and start that`,
    )
  }
  return [process.execPath, '--input-type=module', '--eval', text]
}

/** A method's text has no `function` before it, and that of what bind() returns is none at all. */
function standsAlone(text: string): boolean {
  if (text.endsWith('{ [native code] }')) return false
  return parses(`(${text})`) || !parses(`({ ${text} })`)
}

function parses(text: string): boolean {
  try {
    return new Script(text) !== null
  } catch {
    return false
  }
}
