/** `timeline.svg`: the ladder of one cell as a picture for a page or a lecture. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan } from '../../lab/lab.ts'
import type { LabLog } from '../../lab/log.ts'
import { layout } from '../layout.ts'
import { toSvg } from '../svg.ts'
import { Cells, storyCell } from '../viewer/cells.ts'

/**
 * Writes `timeline.svg` into the folder of a run: the cell that tells a reader most (`storyCell`). Others, and
 * parts of them, are drawn by `npm run report -- --svg`.
 * @returns its path; null when the run has no cell
 */
export function writeTimelineSvg(folder: string, { plan, log }: { plan: Plan; log: LabLog }): string | null {
  const cells = new Cells(plan, null)
  for (const event of log.events) cells.note(event)
  const chosen = storyCell(cells)
  if (chosen === undefined) return null
  const file = join(folder, 'timeline.svg')
  writeFileSync(file, toSvg(layout(log.events, { pair: chosen.fault, connection: chosen.mechanism })))
  return file
}
