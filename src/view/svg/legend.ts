/** What the signs of a picture mean, below it. */
import { inLines } from '../../text/lines.ts'
import type { ArrowKind, Ladder } from '../ladder.ts'
import { ARROW_STROKE, GUIDE, QUIET_INK } from '../svg-style.ts'
import { ARROW_WORDS } from '../words.ts'
import { CHARACTER, round, text } from './bricks.ts'
import { headShape, strokeOf, stubEnd } from './wire.ts'

const SLANT_NOTE =
  'Time is stretched where things would touch, and arrows slant more than they should, to be seen: the times stated are exact.'
const LEGEND_ROW = 22
/** The longest words of an entry fit; a picture has as many columns as have room. */
const LEGEND_COLUMN_MIN = 250

export function legendOf(ladder: Ladder): { svg: string; height: number } {
  const kinds = [...new Set(ladder.arrows.map((arrow) => arrow.kind))]
  const columns = Math.max(1, Math.floor((ladder.width - 40) / LEGEND_COLUMN_MIN))
  const cell = (index: number) => ({
    x: 20 + (index % columns) * ((ladder.width - 40) / columns),
    y: ladder.height + 30 + Math.floor(index / columns) * LEGEND_ROW,
  })
  const entries: ((at: { x: number; y: number }) => string)[] = kinds.map(
    (kind) => (at) => arrowEntry(kind, at),
  )
  if (ladder.arrows.some((arrow) => arrow.outcome === 'lost'))
    entries.push(
      (at) => stubEnd({ x: at.x + 22, y: at.y }, true) + text(at.x + 54, at.y + 4, 'never arrived'),
    )
  if (ladder.arrows.some((arrow) => arrow.outcome === 'unseen'))
    entries.push(
      (at) =>
        stubEnd({ x: at.x + 22, y: at.y }, false) + text(at.x + 54, at.y + 4, 'not read, or not captured'),
    )
  const rows = Math.ceil(entries.length / columns)
  const notesTop = ladder.height + 24 + rows * LEGEND_ROW
  const perLine = Math.floor((ladder.width - 40) / (CHARACTER * 0.95))
  const notes = [...ladder.notes, SLANT_NOTE]
    .flatMap((note) => inLines(note, perLine))
    .map((line, index) => text(20, notesTop + 12 + index * 15, line, { size: 10.5, colour: QUIET_INK }))
  const svg = [
    `<path d="M14 ${round(ladder.height + 8)}H${round(ladder.width - 14)}" stroke="${GUIDE}"/>`,
    ...entries.map((draw, index) => draw(cell(index))),
    ...notes,
  ].join('\n')
  return { svg, height: 40 + rows * LEGEND_ROW + notes.length * 15 }
}

function arrowEntry(kind: ArrowKind, { x, y }: { x: number; y: number }): string {
  const stroke = ARROW_STROKE[kind]
  const to = { x: x + 46, y }
  return `<path d="M${round(x)} ${round(y)}H${round(to.x - 5)}" ${strokeOf(stroke)}/>${headShape(stroke, { x, y }, to)}${text(x + 54, y + 4, ARROW_WORDS[kind])}`
}
