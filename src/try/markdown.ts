/** What a try found as a table in Markdown, as a pull request shows it. Pure. */
import { type Check, observedWords } from '../lab/checks.ts'
import { VERDICT_WORDS } from '../lab/tell.ts'
import { matrixRows, type Variant } from './matrix.ts'
import { faultRows, type TableRow } from './table.ts'

/** A column for each fault, a row for each program, and below it the verdicts. */
export function toMarkdown({ name, found, checks }: Variant): string {
  return markdownOf([name, ...found.map(({ id }) => id)], faultRows(found), verdictLines(checks))
}

/** A column for each variant, a row for each program under each fault, and below it the verdicts. */
export function matrixToMarkdown(variants: readonly Variant[]): string {
  const verdicts = variants.flatMap(({ name, checks }) =>
    verdictLines(checks).map((line) => `${name}: ${line}`),
  )
  const rows = matrixRows(variants).map(({ fault, head, cells }) => ({ head: `${fault}: ${head}`, cells }))
  return markdownOf(['', ...variants.map(({ name }) => name)], rows, verdicts)
}

function markdownOf(head: readonly string[], rows: readonly TableRow[], verdicts: readonly string[]): string {
  // What a program answers may be in a cell.
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [
    line(head),
    line(head.map(() => '---')),
    ...rows.map((row) => line([row.head, ...row.cells])),
    ...(verdicts.length === 0 ? [] : ['']),
    ...verdicts.map((verdict) => `- ${verdict}`),
    '',
  ].join('\n')
}

function verdictLines(checks: readonly Check[]): string[] {
  return checks.map(
    (check) =>
      `${VERDICT_WORDS[check.verdict]} \`${check.formula || check.claim}\`: observed ${observedWords(check)}`,
  )
}
