/** What labs leave behind: as many as a person looks at, and of a failed test where to look. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { KIT } from './settings.ts'

/** Finished labs whose folders are kept, the newest ones. */
const KEPT_MAX = 20

const told = new Set<string>()

/** Says, once, where to look at what happened in a lab whose test failed. */
export function tell(folder: string): void {
  if (told.has(folder)) return
  told.add(folder)
  process.stderr.write(`stillhere: what each end saw: ${join(folder, 'report.html')}\n`)
}

/** Removes the oldest finished labs of a folder of runs. */
export function tidy(out: string): void {
  const isLab = new RegExp(`-${KIT}-[0-9a-f]{4}$`)
  const finished = readdirSync(out)
    .filter((name) => isLab.test(name) && existsSync(join(out, name, 'report.json')))
    .sort()
  for (const name of finished.slice(0, -KEPT_MAX)) rmSync(join(out, name), { recursive: true, force: true })
}
