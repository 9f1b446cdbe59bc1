/** What the lab says of a run: a table of TCP's states, and a list of the rest. */
import type { Check } from '../../src/lab/checks.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { alignedTable, paragraphs } from '../../src/lab/table.ts'
import type { Style } from '../../src/lab/tale.ts'
import { cellWord } from '../../src/lab/tell.ts'
import { cellId, cellOfCheck, type Plan } from '../../src/plan/plan.ts'
import { beside, wrapped } from '../../src/text/wrap.ts'

/** The settings that most states were looked at with; what only one has is in the list. */
const COLUMNS = ['plain', 'keepalive', 'user-timeout', 'keepalive-ut', 'set-keepalive', 'set-timeout']
/** What is left of 80 columns beside the longest name of a cell and what it shows. */
const CLAIM_WIDTH = 44
const NO_BREAK = '\u00a0'

/** Needs no more than the checks, so that a report is enough to tell it from. */
export function table(_log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  const others = otherCells(plan).flatMap((cell) => {
    const own = checksOf(cell, checks)
    const [line = '', ...more] = wrapped(own[0]?.claim ?? '', CLAIM_WIDTH)
    return [[cell, cellWord(own, style), line], ...more.map((rest) => ['', '', rest])]
  })
  return paragraphs([
    statesTable(plan, checks, style),
    alignedTable(others).join('\n'),
    alignedTable(legend(checks)).join('\n'),
  ])
}

/** The same without claims, and the table last. */
export function board(_log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  const others = otherCells(plan).map((cell) =>
    `${cell} ${cellWord(checksOf(cell, checks), style)}`.replaceAll(' ', NO_BREAK),
  )
  const listed = others.length === 0 ? '' : beside('', others.join(', '), style.columns).join('\n')
  return paragraphs([listed.replaceAll(NO_BREAK, ' '), statesTable(plan, checks, style)])
}

function statesTable(plan: Plan, checks: readonly Check[], style: Style): string {
  const columns = COLUMNS.filter((row) => plan.mechanisms.includes(row))
  const states = plan.cases.filter((id) => columns.some((row) => plan.cells.includes(cellId(id, row))))
  const heading = style.bold('How long until it gives up?')
  if (states.length === 0) return heading
  const heads = columns.map(headOf)
  const rows = states.map((id) => [
    id,
    ...columns.map((row) => {
      const own = checksOf(cellId(id, row), checks)
      return own.length === 0 ? '' : cellWord(own, style)
    }),
  ])
  const table = alignedTable([
    ['', ...heads.map(([above]) => above)],
    ['', ...heads.map(([, below]) => below)],
    ...rows,
  ])
  return [heading, ...table].join('\n')
}

/** Those that are in no column of the table. */
function otherCells(plan: Plan): string[] {
  return plan.cells.filter((cell) => !COLUMNS.includes(cell.split('/')[1] ?? ''))
}

function checksOf(cell: string, checks: readonly Check[]): Check[] {
  return checks.filter((check) => cellOfCheck(check.id) === cell)
}

/** A header of two lines: `user-` above `timeout`. */
function headOf(row: string): [above: string, below: string] {
  const at = row.indexOf('-') + 1
  return [row.slice(0, at), row.slice(at)]
}

/** What the signs mean that are in this table. */
function legend(checks: readonly Check[]): string[][] {
  const verdicts = new Set(checks.map(({ verdict }) => verdict))
  const lines: [sign: string, meaning: string, isThere: boolean][] = [
    ['>16.1 s', 'nothing happened for as long as it was watched', true],
    [
      '1.5 s*',
      'setTimeout() has fired, and the connection goes on',
      checks.some(({ short }) => short?.endsWith('*')),
    ],
    ['!', 'a check of this cell failed', verdicts.has('fail')],
    ['~', 'inconclusive: this machine was too busy', verdicts.has('inconclusive')],
  ]
  return lines.filter(([, , isThere]) => isThere).map(([sign, meaning]) => [sign, meaning])
}
