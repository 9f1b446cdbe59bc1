/**
 * Whether the network did to a series of datagrams what was asked of it. Pure: what was measured comes in.
 */
import type { EchoResult } from '../programs/parts/echo-series.ts'
import { type Link, plainLink } from '../wire/cable.ts'

/**
 * How sure we want to be: a network that does exactly what was asked is refused once in a million series or so
 * (the two-sided quantile of the normal distribution). An afternoon of labs and tests makes hundreds: with 4
 * two of them were refused in one of ours.
 */
const Z = 5

/**
 * The hits in `tries` that are believable if each has the probability `share`: those whose Wilson score
 * interval contains it (E. B. Wilson, 1927), which is good also near 0 and 1.
 */
export function isPlausible(hits: number, tries: number, share: number): boolean {
  if (tries === 0) return false
  // Exactly, where rounding would decide.
  if (share === 0) return hits === 0
  const observed = hits / tries
  const middle = observed + Z ** 2 / (2 * tries)
  const spread = Z * Math.sqrt((observed * (1 - observed)) / tries + Z ** 2 / (4 * tries ** 2))
  const scale = 1 + Z ** 2 / tries
  return (middle - spread) / scale <= share && share <= (middle + spread) / scale
}

/** What a question and its answer meet with on a link, where nothing else is wrong. */
export function roundTripOf({ delayMs, loss }: Link = plainLink): Link {
  return { delayMs: 2 * delayMs, loss: 1 - (1 - loss) ** 2 }
}

/** What became of a series. */
export interface SeriesSummary {
  sent: number
  /** Never came back. */
  lost: number
  /** Came back more than once. */
  doubled: number
  /** Came back after one that was sent later: reordered, as RFC 4737 section 3.3 has it. Doubles are not counted. */
  reordered: number
  /** NaN when none came back. */
  leastMs: number
  medianMs: number
  mostMs: number
}

export function summarise({ echoes }: EchoResult, sent: number): SeriesSummary {
  const times = new Map<number, number>()
  let latest = -1
  let reordered = 0
  for (const { number, afterMs } of echoes) {
    if (times.has(number)) continue
    times.set(number, afterMs)
    if (number < latest) reordered += 1
    latest = Math.max(latest, number)
  }
  const sorted = [...times.values()].sort((one, other) => one - other)
  const seen = echoes.map(({ number }) => number)
  return {
    sent,
    lost: sent - times.size,
    doubled: new Set(seen.filter((number, index) => seen.indexOf(number) < index)).size,
    reordered,
    leastMs: sorted[0] ?? Number.NaN,
    medianMs: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    mostMs: sorted.at(-1) ?? Number.NaN,
  }
}
