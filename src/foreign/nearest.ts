/** The right word for a wrong one. */

/** This many wrong letters are a slip; more are another word. */
const SLIPS_MAX = 2

/** `did you mean "freeze"?`, and where nothing is near, all that there are. */
export function nearest(word: string, right: readonly string[]): string {
  const [best] = right
    .map((one) => ({ one, slips: slipsBetween(word, one) }))
    .sort((one, other) => one.slips - other.slips)
  if (best !== undefined && best.slips <= Math.min(SLIPS_MAX, best.one.length - 1)) {
    return `did you mean "${best.one}"?`
  }
  return `expected one of ${right.join(', ')}`
}

/** Letters to put in, to leave out, to change or to swap with the next one (Damerau's distance). */
function slipsBetween(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= one.length; row++) {
    const line = [row]
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1]
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      line.push(
        Math.min(
          (rows[row - 1]?.[column] ?? 0) + 1,
          (line[column - 1] ?? 0) + 1,
          (rows[row - 1]?.[column - 1] ?? 0) + (isSame ? 0 : 1),
          isSwapped ? (rows[row - 2]?.[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    rows.push(line)
  }
  return rows[one.length]?.[other.length] ?? 0
}
