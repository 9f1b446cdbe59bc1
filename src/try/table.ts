/** The table of a try: what made each program notice, after how many seconds, and what came back. Pure. */
import type { Style } from '../lab/tale.ts'
import { shortTime, signMeanings, signOf, Waits } from '../view/viewer/signs.ts'
import { askText, laterText } from './asides.ts'
import { ENDS_THE_STRUCK, strikesNeither } from './faults.ts'
import type { CaseFindings } from './findings.ts'
import type { RowFindings } from './row-findings.ts'
import { ASK, LATER, SECOND } from './rows.ts'

export const TABLE_QUESTION = 'Who notices, and after how many seconds? And when are clients served again?'

/** A terminal at its narrowest; the rest goes into another table. */
const WIDTH = 80
const HEAD_WIDTH_MIN = 10
const CELL_WIDTH_MIN = 12

/** What cells say beside signs. */
const WORDS = [
  ['quiet', 'no change of belief for the whole watch'],
  ['ended', 'its program had ended before the fault'],
  ['apart', 'it held no connection when the fault came, and counts for no rule'],
  ['(struck)', 'the fault ended it'],
  ['no data', 'after the fault neither end sent any'],
  ['never', 'after the fault no client was served, for as long as was watched'],
  ['runs on', 'what came later had not ended when the run was over'],
  ['went on', 'the fault stopped nobody: data arrived while it lasted'],
] as const

export interface TableRow {
  head: string
  cells: readonly string[]
}

/** As lines, as many tables as it takes. */
export function tableLines(columns: readonly string[], rows: readonly TableRow[], style: Style): string[] {
  const headWidth = Math.max(HEAD_WIDTH_MIN, ...rows.map(({ head }) => head.length)) + 1
  const cellWidth = Math.max(CELL_WIDTH_MIN, ...columns.map(({ length }) => length)) + 1
  const atOnce = Math.max(1, Math.floor((WIDTH - headWidth) / cellWidth))
  const line = (head: string, cells: readonly string[]) =>
    `${head.padEnd(headWidth)}${cells.map((cell) => cell.padEnd(cellWidth)).join('')}`.trimEnd()
  const lines: string[] = []
  for (let at = 0; at < columns.length; at += atOnce) {
    if (at > 0) lines.push('')
    lines.push(style.bold(line('', columns.slice(at, at + atOnce))))
    for (const { head, cells } of rows) lines.push(line(head, cells.slice(at, at + atOnce)))
  }
  return lines
}

/** What the signs and words of a table mean that are used in it. */
export function legendLines(table: readonly string[], style: Style): string[] {
  const text = table.join('\n')
  // Programs of others do not say how long they wait.
  const used = signMeanings((sign) => text.includes(` ${sign} `), new Waits())
  return [...used, ...WORDS.filter(([word]) => text.includes(word))].map(([sign, meaning]) =>
    style.dim(`  ${sign.padEnd(4)} ${meaning}`),
  )
}

/** What is told of a fault: of each program, and when clients were served again. */
export function caseRows(
  found: readonly CaseFindings[],
): { head: string; cell(one: CaseFindings): string }[] {
  const names = [...new Set(found.flatMap((one) => rowNames([one])))]
  return [
    ...names.map((name) => ({ head: name, cell: (one: CaseFindings) => noticedText(one, name) })),
    ...(hasSeveralClients(found) ? [{ head: 'noticed', cell: headText }] : []),
    { head: 'back after', cell: backText },
    ...(found.some(({ later }) => later !== null)
      ? [{ head: LATER, cell: ({ later }: CaseFindings) => laterText(later) }]
      : []),
    ...(found.some(({ ask }) => ask !== null)
      ? [{ head: ASK, cell: ({ ask }: CaseFindings) => askText(ask) }]
      : []),
  ]
}

/** Of which it makes sense to say how many noticed. */
export function hasSeveralClients(found: readonly CaseFindings[]): boolean {
  return (found[0]?.rows.filter(({ end }) => end === 'client').length ?? 0) > 1
}

/** The same, with a cell for each fault. */
export function faultRows(found: readonly CaseFindings[]): TableRow[] {
  return caseRows(found).map(({ head, cell }) => ({ head, cells: found.map(cell) }))
}

/** The clients, then the server; of one fault as of the others. */
export function rowNames(found: readonly CaseFindings[]): string[] {
  return found[0]?.rows.map(({ name }) => name) ?? []
}

/** After how many seconds clients were served again. */
function backText({ isWhole, wentOn, recoveredAfterMs, wasSilent }: CaseFindings): string {
  if (!isWhole) return '-'
  if (wentOn) return 'went on'
  return recoveredAfterMs !== null ? shortTime(recoveredAfterMs) : wasSilent ? 'no data' : 'never'
}

/** What made a row notice, and after how many seconds. */
function noticedText(found: CaseFindings, name: string): string {
  const row = found.rows.find((one) => one.name === name)
  if (row === undefined) return ''
  if (wasEnded(row, found)) return '(struck)'
  if (row.noticed !== null) return `${signOf(row.noticed.by, 'down', '')} ${shortTime(row.noticed.afterMs)}`
  if (row.endedBefore !== null) return 'ended'
  return row.counts ? 'quiet' : 'apart'
}

/** `3 of 4`: how many have noticed, of the clients that could. */
export function headText({ rows }: CaseFindings): string {
  const clients = rows.filter(({ end, counts }) => end === 'client' && counts)
  return `${clients.filter(({ noticed }) => noticed !== null).length} of ${clients.length}`
}

/** The fault itself has ended its program, which so had nothing to notice. */
export function wasEnded(row: RowFindings, found: CaseFindings): boolean {
  return row.exit !== null && isStruck(row, found) && ENDS_THE_STRUCK.includes(found.fault)
}

export function isStruck({ end, name }: RowFindings, { struck, fault }: CaseFindings): boolean {
  return end === struck && name !== SECOND && !strikesNeither(fault)
}
