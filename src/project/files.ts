/**
 * Where the project's own files are, told in one place, since a file that was bundled no longer knows its own; and
 * where the person stands.
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BUILT, isPackage } from './package.ts'

const PROJECT = new URL('../../', import.meta.url)

/** @param path from the project's root, as `labs/keepalive/recorded/run.gz`; nothing: that root, with a slash */
export function projectFile(path = ''): string {
  return fileURLToPath(new URL(path, PROJECT))
}

/** Text that was made when the package was: `scripts/build.ts` writes them. @param name without `.json` */
export async function readBuilt<Texts>(name: string): Promise<Texts> {
  return JSON.parse(await readFile(projectFile(`${BUILT}${name}.json`), 'utf8')) as Texts
}

/**
 * A path that somebody typed: it begins where they stand. In a clone, npm has changed the working directory, and says
 * where it was. Elsewhere a script of somebody's package.json may have typed it, for the folder that npm starts it in.
 */
export function typedPath(path: string): string {
  return resolve((isPackage ? undefined : process.env.INIT_CWD) ?? process.cwd(), path)
}

/** Where runs are kept, if nobody says: with the project; nobody's installed package is written to. */
export function runsFolder(): string {
  return isPackage ? typedPath('runs') : projectFile('runs')
}
