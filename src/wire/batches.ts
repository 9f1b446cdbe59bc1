/**
 * A long row of observations that depend on each other (who finds a queue long leaves it long for the next), as the
 * means of equal parts of it. The parts hardly depend on each other; how they differ tells how exact their mean is.
 */

export const BATCHES = 20
/** At its beginning nobody is there yet, which is not what the formulas are about. */
const WARM_UP_SHARE = 0.1

/** @returns as many means as {@link BATCHES}; none where there are not two observations for each */
export function batchMeans(values: readonly number[]): number[] {
  const settled = values.slice(Math.floor(values.length * WARM_UP_SHARE))
  const each = Math.floor(settled.length / BATCHES)
  if (each < 2) return []
  return Array.from({ length: BATCHES }, (_, batch) => {
    const part = settled.slice(batch * each, (batch + 1) * each)
    return part.reduce((sum, value) => sum + value, 0) / each
  })
}
