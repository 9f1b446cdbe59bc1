/** A function as a program of its own: its text crosses to another process, and nothing that it could have seen here. */

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
 * `require` finds packages where the test's folder does.
 */
const PREAMBLE = `
import { createRequire } from 'node:module'
const require = createRequire(process.cwd() + '/')
const __name = (named) => named
const __vite_ssr_dynamic_import__ = (name) => import(name)
const { STILLHERE_SERVER: server, STILLHERE_FOLDER: folder } = process.env
`

/**
 * What starts a program: a command as it is, or a function by Node.
 * @throws RangeError for a function whose text is too long
 */
export function programOf(program: string | ProgramFunction): string | string[] {
  if (typeof program === 'string') return program
  const text = `${PREAMBLE}\nawait (${program})({ server, folder })\n`
  if (Buffer.byteLength(text) > TEXT_BYTES_MAX) {
    throw new RangeError(
      `a function of more than ${TEXT_BYTES_MAX} bytes: put it into a file, and start that`,
    )
  }
  return [process.execPath, '--input-type=module', '--eval', text]
}
