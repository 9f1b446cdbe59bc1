/** Times as people write them, `500ms`, `10s`, `1.5m`, and as they are told. */

const MS = { ms: 1, s: 1000, m: 60_000 } as const

/** Null for what is no time. */
export function parseTime(text: string): number | null {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? []
  return number === undefined ? null : Number(number) * MS[unit as keyof typeof MS]
}

/** `0.4 s`, `12 s`. */
export function seconds(ms: number): string {
  return ms >= 100_000
    ? `${Math.round(ms / 1000)} s`
    : `${(ms / 1000).toFixed(ms < 9950 && ms % 1000 !== 0 ? 1 : 0)} s`
}
