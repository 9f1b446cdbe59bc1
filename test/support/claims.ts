/** The table of README.md: each of the question's claims with the checks that observe it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ClaimRow {
  row: string
  /** By lab. */
  checkIds: Map<string, string[]>
}

/** Ids stand behind the name of their lab and a colon; without one they are of `keepalive`. */
export function claimRows(): ClaimRow[] {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  const rows = readme.split('\n').filter((line) => /^\| \d+ \|/.test(line))
  return rows.map((row) => {
    const checkIds = new Map<string, string[]>()
    for (const part of (row.split('|').at(-2) ?? '').split(';')) {
      const lab = /^ ?([a-z]+): /.exec(part)?.[1] ?? 'keepalive'
      const ids = [...part.matchAll(/`([a-z\d-]+\/[a-z\d-]+\/[a-z\d-]+)`/g)].map(([, id = '']) => id)
      if (ids.length > 0) checkIds.set(lab, [...(checkIds.get(lab) ?? []), ...ids])
    }
    return { row, checkIds }
  })
}
