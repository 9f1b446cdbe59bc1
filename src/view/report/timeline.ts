/** `timeline.svg`: the ladder of one cell as a picture for a page or a lecture. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LabLog } from '../../lab/log.ts'
import type { Report } from '../../lab/report.ts'
import type { Plan } from '../../plan/plan.ts'
import { layout } from '../layout.ts'
import { toSvg } from '../svg.ts'
import { Cells, storyCell } from '../viewer/cells.ts'

/**
 * Writes `timeline.svg` into the folder of a run: the cell that tells a reader most (`storyCell`). Others, and
 * parts of them, are drawn by `npm run report -- --svg`.
 * @returns its path; null when the run observed no cell
 */
export function writeTimelineSvg(
  folder: string,
  { plan, log, report }: { plan: Plan; log: LabLog; report: Pick<Report, 'checks'> },
): string | null {
  const cells = new Cells(plan, null)
  for (const event of log.events) cells.note(event)
  cells.setChecks(report.checks)
  const chosen = storyCell(cells, plan)
  if (chosen?.origin !== 'observed') return null
  const file = join(folder, 'timeline.svg')
  writeFileSync(file, toSvg(layout(log.events, { pair: chosen.pair, connection: chosen.mechanism })))
  return file
}
