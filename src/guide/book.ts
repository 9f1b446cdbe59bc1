/** The guide as it is kept: `guide/guide.json`, and the page that is made of it. */
import { readFileSync, writeFileSync } from 'node:fs'
import * as v from 'valibot'
import { projectFile } from '../project/files.ts'
import type { SortedTable } from '../view/sorted/page.ts'
import { entryNames, readEntry } from './entry.ts'
import { type EntryRecord, type Guide, guideSchema } from './record.ts'
import { guidePage, guideTable } from './table.ts'

const DATA = projectFile('guide/guide.json')
const PAGE = projectFile('guide/README.md')

export function readGuide(): Guide {
  return v.parse(guideSchema, JSON.parse(readFileSync(DATA, 'utf8')))
}

/** The page as it has to be. */
export function pageOf(guide: Guide): string {
  return guidePage(entryNames().map(readEntry), guide)
}

/** Its table, to be sorted. */
export function tableOf(guide: Guide): SortedTable {
  return guideTable(entryNames().map(readEntry), guide)
}

/** Read anew, since another entry may have been recorded meanwhile. */
export function keep(name: string, record: EntryRecord): void {
  const guide = readGuide()
  const entries = { ...guide.entries, [name]: record }
  const sorted = Object.fromEntries(Object.entries(entries).sort(([one], [other]) => (one < other ? -1 : 1)))
  writeGuide({ ...guide, entries: sorted })
}

export function writeGuide(guide: Guide): void {
  writeFileSync(DATA, `${JSON.stringify(guide, null, 1)}\n`)
  writeFileSync(PAGE, pageOf(guide))
}
