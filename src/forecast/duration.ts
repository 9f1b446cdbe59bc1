/** Times from milliseconds to days, as people say them: `3.4 s`, `2 h 11 min 15 s`. */

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
]
/** Below this tenths of a second are worth telling. */
const TENTHS_BELOW_MS = 60_000

export function longDuration(ms: number): string {
  if (ms < TENTHS_BELOW_MS) return `${(Math.floor(ms / 100) / 10).toFixed(1).replace(/\.0$/, '')} s`
  let left = Math.round(ms / 1000)
  const parts: string[] = []
  for (const [name, seconds] of UNITS) {
    const count = Math.floor(left / seconds)
    left -= count * seconds
    if (count > 0) parts.push(`${count} ${name}`)
  }
  // Seconds tell nothing beside days.
  return parts.slice(0, 3).join(' ')
}

/** Both ends of a range, the upper one rounded up; or one where they read the same. */
export function rangeWords({ minMs, maxMs }: { minMs: number; maxMs: number }): string {
  const [from, to] = [longDuration(minMs), longDuration(roundedUp(maxMs))]
  return from === to ? from : `${from} to ${to}`
}

/** Rounded to what {@link longDuration} tells. */
function roundedUp(ms: number): number {
  const step = ms < TENTHS_BELOW_MS ? 100 : 1000
  return Math.ceil(ms / step) * step
}

/** In a few characters, for a table: `2.1 h`, `15-18 min`. */
export function shortRange({ minMs, maxMs }: { minMs: number; maxMs: number }): string {
  const [unit, seconds] = UNITS.find(([, one]) => maxMs >= 1000 * one) ?? (['s', 1] as const)
  const [from, to] = [
    Math.floor((minMs / seconds / 1000) * 10) / 10,
    Math.ceil((maxMs / seconds / 1000) * 10) / 10,
  ]
  const shown = (value: number) => (value >= 10 ? value.toFixed(0) : String(value))
  return shown(from) === shown(to) ? `${shown(to)} ${unit}` : `${shown(from)}-${shown(to)} ${unit}`
}
