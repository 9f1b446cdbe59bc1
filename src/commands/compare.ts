/** `npm run lab:compare`: the whole course on one page, read from what the other labs observed. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compared } from '../compare/read.ts'
import { comparedSvg, comparedTable, comparedText } from '../compare/show.ts'
import { kinds } from '../compare/table.ts'
import { nearest } from '../foreign/nearest.ts'
import { UsageError } from '../foreign/usage.ts'
import { outOf, usageErrorOf } from '../plan/options.ts'
import { print } from '../text/wrap.ts'
import { writable } from '../try/options.ts'
import { sortedPage } from '../view/sorted/page.ts'

const HELP = `npm run lab:compare -- [KIND ...]

What holds a connection, and who notices its end, for each
kind side by side. No experiment of its own: each answer is
a check of another lab, by its id, as it was recorded.

KIND           ${kinds.map(({ id }) => id).join(' ')}
               (default: all)
  --runs       from the last run of each lab on this machine
  --out DIR    where those are (default: runs)
  --html FILE  a page, to be sorted by any column
  --svg FILE   a picture of the whole
`

/** @returns the exit status @throws UsageError */
export async function compareCommand(args: readonly string[]): Promise<number> {
  const { values, positionals: names } = parse(args)
  if (values.help) {
    print(process.stdout, HELP)
    return 0
  }
  const known = kinds.map(({ id }) => id)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new UsageError(`there is no kind "${unknown}"; ${nearest(unknown, known)}`)
  const [html, svg] = (['html', 'svg'] as const).map((option) =>
    values[option] === undefined ? null : writable(`--${option}`, values[option]),
  )
  const all = await compared(values.runs ? outOf(values.out) : null)
  const rows = names.length === 0 ? all : all.filter(({ kind }) => names.includes(kind.id))
  if (html) writeFileSync(html, await sortedPage(comparedTable(rows)))
  if (svg) writeFileSync(svg, comparedSvg(rows))
  if (!html && !svg) print(process.stdout, comparedText(rows))
  return 0
}

function parse(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const
  const file = { type: 'string' } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { runs: flag, out: file, html: file, svg: file, help: flag },
    })
  } catch (error) {
    throw usageErrorOf(error)
  }
}
