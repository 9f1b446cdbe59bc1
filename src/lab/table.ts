/** A table for 80 columns: columns aligned, the first one indented by two. What is painted is as wide as it looks. */
import { stripVTControlCharacters } from 'node:util'
import type { Style } from './tale.ts'

const INDENT = '  '
const GAP = '  '

/** @param rows the head is one of them; a missing cell is empty. The last column is not padded. */
export function alignedTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, text] of row.entries())
      widths[column] = Math.max(widths[column] ?? 0, shownWidth(text))
  }
  return rows.map((row) =>
    `${INDENT}${row.map((text, column) => text + ' '.repeat((widths[column] ?? 0) - shownWidth(text))).join(GAP)}`.trimEnd(),
  )
}

/** A table under its title. @param heads above its rows; nothing at all where there is none of those */
export function titledTable(
  title: string,
  rows: readonly (readonly string[])[],
  style: Style,
  heads: readonly (readonly string[])[] = [],
): string {
  return rows.length === 0 ? '' : [style.bold(title), ...alignedTable([...heads, ...rows])].join('\n')
}

/** Those of these texts that say something, a blank line between them. */
export function paragraphs(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n\n')
}

function shownWidth(text: string): number {
  return stripVTControlCharacters(text).length
}
