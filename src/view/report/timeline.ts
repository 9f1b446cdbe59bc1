/** `timeline.svg`: the ladder of one cell as a picture for a page or a lecture. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan } from '../../lab/lab.ts'
import type { LabLog } from '../../lab/log.ts'
import { layout } from '../layout.ts'
import { toSvg } from '../svg.ts'
import { Cells, storyCell } from '../viewer/cells.ts'

export interface TimelineOptions {
  /** `<fault>/<mechanism>`; by default the cell that tells a reader most: see `storyCell`. */
  cell?: string
  /** The run's milliseconds; by default the cell's whole time. */
  from?: number
  to?: number
}

/** Writes `timeline.svg` into the folder of a run. @returns its path; null when the run has no such cell */
export function writeTimelineSvg(
  folder: string,
  { plan, log }: { plan: Plan; log: LabLog },
  { cell, ...window }: TimelineOptions = {},
): string | null {
  const cells = new Cells(plan, null)
  for (const event of log.events) cells.note(event)
  const chosen = cell === undefined ? storyCell(cells) : cells.all().find((one) => one.id === cell)
  if (chosen === undefined) return null
  const file = join(folder, 'timeline.svg')
  writeFileSync(
    file,
    toSvg(layout(log.events, { pair: chosen.fault, connection: chosen.mechanism, ...window })),
  )
  return file
}
