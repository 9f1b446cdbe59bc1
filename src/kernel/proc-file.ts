/** What the kernel tells in files (proc(5)), where it tells it. */
import { readFileSync } from 'node:fs'

/** Empty where there is no such file: another system has none, and that of a process goes with it. */
export function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
