/** What labs leave behind: as many as a person looks at, and of a failed test where to look. */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { KIT } from './settings.ts'

/** Finished labs whose folders are kept, the newest ones. */
const KEPT_MAX = 20
/** No lab is open for so long: its test was killed. */
const UNFINISHED_KEPT_MS = 3_600_000

const told = new Set<string>()

/** Says, once, where to look at what happened in a lab whose test failed. */
export function tell(folder: string): void {
  if (told.has(folder)) return
  told.add(folder)
  process.stderr.write(`stillhere: what each end saw: ${join(folder, 'report.html')}\n`)
}

/**
 * Removes the oldest labs that are over, in the folder of runs of one that has just been closed.
 * @param closed its own folder, which tells the time: a test may have replaced the clock
 */
export function tidy(closed: string): void {
  const out = dirname(closed)
  const untilMs = statSync(closed).mtimeMs - UNFINISHED_KEPT_MS
  const isOver = (folder: string) =>
    existsSync(join(folder, 'report.json')) || statSync(folder).mtimeMs < untilMs
  const isLab = new RegExp(`-${KIT}-[0-9a-f]{4}$`)
  const over = readdirSync(out)
    .filter((name) => isLab.test(name) && isOver(join(out, name)))
    .sort()
  for (const name of over.slice(0, -KEPT_MAX)) rmSync(join(out, name), { recursive: true, force: true })
}
