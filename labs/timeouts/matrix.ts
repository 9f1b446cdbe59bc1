/** What the lab says of a run: a table of TCP's states, and a list of the rest. */
import { type Check, overall, type Verdict } from '../../src/lab/checks.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { cellId, cellOfCheck, type Plan } from '../../src/lab/plan.ts'
import type { Style } from '../../src/lab/tale.ts'
import { beside } from '../../src/view/terminal/wrap.ts'

/** The settings that most states were looked at with; what only one has is in the list. */
const COLUMNS = ['plain', 'keepalive', 'user-timeout', 'keepalive-ut', 'set-keepalive', 'set-timeout']
const NAME_WIDTH = 13
const COLUMN_WIDTH = 11
const CELL_NAME_WIDTH = 26
const SHORT_WIDTH = 8
const NO_BREAK = '\u00a0'
/** Where a claim begins, behind its cell and what that shows. */
const CLAIM_COLUMN = 2 + CELL_NAME_WIDTH + SHORT_WIDTH + 1

/** Needs no more than the checks, so that a report is enough to tell it from. */
export function matrix(_log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  const others = otherCells(plan).map((cell) => {
    const own = checksOf(cell, checks)
    const [line = '', ...more] = beside(' '.repeat(CLAIM_COLUMN), own[0]?.claim ?? '')
    const head = `  ${cell.padEnd(CELL_NAME_WIDTH)}${shortOf(own, style, SHORT_WIDTH)} `
    return [head + line.trimStart(), ...more].join('\n')
  })
  return [
    ...statesTable(plan, checks, style),
    ...(others.length === 0 ? [] : ['', ...others]),
    '',
    '  >16.1 s  nothing has happened for so long',
    ...(checks.some(({ short }) => short?.endsWith('*'))
      ? ['  1.5 s*   setTimeout() has fired, and the connection goes on']
      : []),
    ...(checks.some(isBad('fail')) ? ['  !        a check of this cell failed'] : []),
    ...(checks.some(isBad('inconclusive')) ? ['  ~        inconclusive: this machine was too busy'] : []),
  ].join('\n')
}

/** The same without claims, and the table last. */
export function board(_log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  const others = otherCells(plan).map((cell) =>
    `${cell} ${shortOf(checksOf(cell, checks), style, 0)}`.replaceAll(' ', NO_BREAK),
  )
  const lines = [
    ...(others.length === 0 ? [] : [...beside('', others.join(', '), style.columns), '']),
    ...statesTable(plan, checks, style),
  ]
  return lines.join('\n').replaceAll(NO_BREAK, ' ')
}

function statesTable(plan: Plan, checks: readonly Check[], style: Style): string[] {
  const columns = COLUMNS.filter((mechanism) => plan.mechanisms.includes(mechanism))
  const states = plan.cases.filter((id) => columns.some((each) => plan.cells.includes(cellId(id, each))))
  const heads = [0, 1].map((line) =>
    [' '.repeat(NAME_WIDTH), ...columns.map((each) => (headOf(each)[line] ?? '').padEnd(COLUMN_WIDTH))].join(
      '',
    ),
  )
  const rows = states.map((id) => {
    const cells = columns.map((each) => shortOf(checksOf(cellId(id, each), checks), style, COLUMN_WIDTH))
    return `${id.padEnd(NAME_WIDTH)}${cells.join('')}`.trimEnd()
  })
  return [
    style.bold('How long until it gives up?'),
    ...(states.length === 0 ? [] : [...heads.map((head) => head.trimEnd()), ...rows]),
  ]
}

/** Those that are in no column of the table. */
function otherCells(plan: Plan): string[] {
  return plan.cells.filter((cell) => !COLUMNS.includes(cell.split('/')[1] ?? ''))
}

function checksOf(cell: string, checks: readonly Check[]): Check[] {
  return checks.filter((check) => cellOfCheck(check.id) === cell)
}

function isBad(verdict: Verdict): (check: Check) => boolean {
  return (check) => check.verdict === verdict
}

/** A header of two lines: `user-` above `timeout`. */
function headOf(mechanism: string): [string, string] {
  const at = mechanism.indexOf('-') + 1
  return at === 0 ? ['', mechanism] : [mechanism.slice(0, at), mechanism.slice(at)]
}

/** The mark before a cell says in a sign what its colour says. */
function shortOf(checks: readonly Check[], style: Style, width: number): string {
  if (checks.length === 0) return ' '.repeat(width)
  const verdict = overall(checks)
  const short = checks.find((check) => check.short !== undefined)?.short ?? '-'
  if (verdict === 'skipped') return style.dim('skipped'.padEnd(width))
  if (verdict === 'fail') return style.bad(`!${short}`.padEnd(width))
  if (verdict === 'inconclusive') return style.doubtful(`~${short}`.padEnd(width))
  return style.good(short.padEnd(width))
}
