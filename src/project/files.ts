/** Where the project's own files are: told in one place, since a file that was bundled no longer knows its own. */
import { fileURLToPath } from 'node:url'

const PROJECT = new URL('../../', import.meta.url)

/** @param path from the project's root, as `labs/keepalive/recorded/run.gz`; nothing: that root, with a slash */
export function projectFile(path = ''): string {
  return fileURLToPath(new URL(path, PROJECT))
}
