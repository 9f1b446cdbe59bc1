/**
 * Where the project's own files are, told in one place, since a file that was bundled no longer knows its own; and
 * where the person stands.
 */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROJECT = new URL('../../', import.meta.url)

/** @param path from the project's root, as `labs/keepalive/recorded/run.gz`; nothing: that root, with a slash */
export function projectFile(path = ''): string {
  return fileURLToPath(new URL(path, PROJECT))
}

/** A path that somebody typed: it begins where they stand. npm changes the working directory, and says where it was. */
export function typedPath(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path)
}
