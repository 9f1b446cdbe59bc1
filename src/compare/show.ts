/** The comparison as text in 80 columns, as a table to be sorted, and as a picture. Pure. */
import { escapedXml } from '../foreign/printable.ts'
import { observedWords } from '../lab/checks.ts'
import { beside } from '../text/wrap.ts'
import type { SortedCell, SortedTable } from '../view/sorted/page.ts'
import { text } from '../view/svg/plot.ts'
import { GUIDE, INK, OUTLINE, PAPER, QUIET_INK } from '../view/svg-style.ts'
import type { Answer, Compared } from './read.ts'
import { questions } from './table.ts'

const NOT_OBSERVED = 'not observed'
const TITLE = 'What holds a connection, and who notices its end'

export function comparedText(rows: readonly Compared[]): string {
  return rows
    .map(({ kind, answers }) => {
      const lines = questions.flatMap(({ id, title }) => [
        ...beside('  ', title),
        ...beside('      ', answerText(answers[id])),
      ])
      return [kind.title, '-'.repeat(kind.title.length), ...lines, ''].join('\n')
    })
    .join('\n')
}

/** A row's place in a column is how long it took, or how much it was, where that was measured. */
export function comparedTable(rows: readonly Compared[]): SortedTable {
  return {
    title: TITLE,
    about: [
      'Each cell is a check of a lab, by its id: what it claims, and what was observed. Where a kind was not observed, the cell says so.',
    ],
    columns: ['kind', ...questions.map(({ title }) => title)],
    rows: rows.map(({ kind, answers }): SortedCell[] => [
      { text: kind.title },
      ...questions.map(({ id }) => ({ text: answerText(answers[id]), by: amountOf(answers[id]) })),
    ]),
  }
}

function answerText(answer: Answer | null): string {
  if (answer === null) return NOT_OBSERVED
  const { lab, check } = answer
  return `${check.claim}: ${observedWords(check)} (${lab} ${check.id})`
}

function amountOf(answer: Answer | null): number | null {
  const value = answer?.check.observed.value
  return typeof value === 'number' ? value : null
}

// ---- the picture ----------------------------------------------------------------------------------

const HEAD_HEIGHT = 150
const NAME_WIDTH = 140
const CELL = { width: 84, height: 30 }
/** Where the last heading ends. */
const RIGHT = 90
const FOOT_HEIGHT = 30
/** What fits a cell. */
const CHARACTERS_MAX = 13

/** All of it at a glance: what was observed, short; what it means stands in the table. */
export function comparedSvg(rows: readonly Compared[]): string {
  const width = NAME_WIDTH + CELL.width * questions.length + RIGHT
  const height = HEAD_HEIGHT + CELL.height * rows.length + FOOT_HEIGHT
  const columnX = (at: number) => NAME_WIDTH + CELL.width * at
  const rowY = (at: number) => HEAD_HEIGHT + CELL.height * at
  const heads = questions.map(({ title }, at) => {
    const [x, y] = [columnX(at) + CELL.width / 2, HEAD_HEIGHT - 10]
    return `<g transform="rotate(-35 ${x} ${y})">${text(x, y, title, 'start', 11)}</g>`
  })
  const lines = rows.flatMap(({ kind, answers }, row) => [
    `<line x1="0" x2="${width}" y1="${rowY(row)}" y2="${rowY(row)}" stroke="${GUIDE}"/>`,
    text(8, rowY(row) + 19, kind.title, 'start', 12, true),
    ...questions.map(({ id }, at) => {
      const answer = answers[id]
      const words = answer === null ? '' : shortWords(answer)
      return text(columnX(at) + CELL.width / 2, rowY(row) + 19, words, 'middle', 11, false, inkOf(answer))
    }),
  ])
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, 'DejaVu Sans', Verdana, sans-serif" role="img" aria-label="${escapedXml(TITLE)}">`,
    `<title>${escapedXml(TITLE)}</title>`,
    `<rect width="${width}" height="${height}" fill="${PAPER}" stroke="${OUTLINE}"/>`,
    ...heads,
    ...lines,
    text(
      8,
      height - 10,
      'nothing: in the whole time of the watch. Empty: observed in no lab.',
      'start',
      11,
      false,
      QUIET_INK,
    ),
    '</svg>',
    '',
  ].join('\n')
}

function inkOf(answer: Answer | null): string {
  return answer?.check.observed.value === null ? QUIET_INK : INK
}

function shortWords({ check }: Answer): string {
  const { value, unit } = check.observed
  if (value === null) return 'nothing'
  const words =
    typeof value === 'number' && unit === 'ms'
      ? `${(value / 1000).toFixed(value < 100 ? 2 : 1)} s`
      : observedWords(check)
  return words.length > CHARACTERS_MAX ? `${words.slice(0, CHARACTERS_MAX - 2)}..` : words
}
