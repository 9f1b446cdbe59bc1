/** What a try found as a table in Markdown, as a pull request shows it. Pure. */
import { type Check, observedWords } from '../lab/checks.ts'
import { VERDICT_WORDS } from '../lab/tell.ts'
import type { CaseFindings } from './findings.ts'
import { backText, noticedText } from './tell.ts'

/** A column for each fault, a row for each program, and below it the verdicts. */
export function toMarkdown(found: readonly CaseFindings[], name: string, checks: readonly Check[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const names = found[0]?.rows.map((row) => row.name) ?? []
  return [
    line([name, ...found.map(({ id }) => id)]),
    line(['---', ...found.map(() => '---')]),
    ...names.map((row) => line([row, ...found.map((one) => noticedText(one, row))])),
    line(['back after', ...found.map(backText)]),
    ...(checks.length === 0 ? [] : ['']),
    ...checks.map(
      (check) =>
        `- ${VERDICT_WORDS[check.verdict]} \`${check.formula || check.claim}\`: observed ${observedWords(check)}`,
    ),
    '',
  ].join('\n')
}
