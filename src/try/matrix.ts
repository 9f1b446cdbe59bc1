/** Several variants of the same programs beside one another, each from a run of its own (`--matrix`). Pure. */
import type { Check } from '../lab/checks.ts'
import type { Style } from '../lab/tale.ts'
import type { Told } from '../lab/tell.ts'
import type { Plan } from '../plan/plan.ts'
import { allCases } from './faults.ts'
import { type CaseFindings, findingsOf } from './findings.ts'
import type { TrySettings } from './request.ts'
import { caseRows, legendLines, TABLE_QUESTION, type TableRow, tableLines } from './table.ts'
import { checkLine, verdictText, warningLines } from './tell.ts'

/** What was found of one, and how its expectations were judged. */
export interface Variant {
  name: string
  found: readonly CaseFindings[]
  checks: readonly Check[]
}

/** What is told of one: its run, and where its files are. */
export interface ToldVariant {
  told: Told
  where: string
}

/** One program under one fault, with a cell for each variant. */
export interface MatrixRow extends TableRow {
  fault: string
}

/** The cell of a variant in whose run the fault was not seen to happen. */
const NOT_SEEN = '-'

export function matrixRows(variants: readonly Variant[]): MatrixRow[] {
  const seen = allCases.filter(({ id }) => variants.some(({ found }) => found.some((one) => one.id === id)))
  return seen.flatMap(({ id: fault }) => {
    const ofFault = variants.map(({ found }) => found.find(({ id }) => id === fault))
    return caseRows(ofFault.filter((one) => one !== undefined)).map(({ head, cell }) => ({
      fault,
      head,
      cells: ofFault.map((one) => (one === undefined ? NOT_SEEN : cell(one))),
    }))
  })
}

/** The table of all, and of each variant its verdicts, warnings and files. */
export function tellMatrix(all: readonly ToldVariant[], style: Style): string {
  const variants = all.map(({ told: { log, plan, checks } }) => {
    const settled = plan as Plan<TrySettings>
    const found = findingsOf(log, settled)
    return { name: settled.settings.name, found, checks, warnings: warningLines(log, settled, found, style) }
  })
  const table = tableLines(
    variants.map(({ name }) => name),
    withFaults(matrixRows(variants)),
    style,
  )
  return [
    [TABLE_QUESTION, ...table, ...legendLines(table, style)].join('\n'),
    ...variants.map(({ name, checks, warnings }, index) =>
      [
        style.bold(name),
        ...checks.map((check) => checkLine(check, style)),
        ...warnings.map((warning) => `  ${warning}`),
        ...(all[index]?.where ?? '').split('\n').map((line) => `  ${line}`),
      ].join('\n'),
    ),
    verdictText(
      variants.flatMap(({ checks }) => checks),
      style,
    ),
  ].join('\n\n')
}

/** The name of a fault before the first of its rows. */
function withFaults(rows: readonly MatrixRow[]): TableRow[] {
  const width = Math.max(0, ...rows.map(({ fault }) => fault.length)) + 1
  return rows.map(({ fault, head, cells }, index) => {
    const isFirst = rows[index - 1]?.fault !== fault
    return { head: `${(isFirst ? fault : '').padEnd(width)}${head}`, cells }
  })
}
