/** A table for 80 columns: plain text, columns aligned, the first one indented by two. */

const INDENT = '  '
const GAP = '  '

/** @param rows the head is one of them; a missing cell is empty. The last column is not padded. */
export function alignedTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, text] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, text.length)
  }
  return rows.map((row) =>
    `${INDENT}${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(GAP)}`.trimEnd(),
  )
}
