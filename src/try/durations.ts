/** Times as people write them: `500ms`, `10s`, `1.5m`. */

const MS = { ms: 1, s: 1000, m: 60_000 } as const

/** Null for what is no time. */
export function parseTime(text: string): number | null {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? []
  return number === undefined ? null : Number(number) * MS[unit as keyof typeof MS]
}
