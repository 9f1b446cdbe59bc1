/** `npm run guide`: makes entries of the field guide again, or says whether a run agrees with what is kept. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { UsageError } from '../foreign/usage.ts'
import { againstFormula, againstRecord } from '../guide/agree.ts'
import { keep, readGuide, tableOf, writeGuide } from '../guide/book.ts'
import { type Entry, entryNames, readEntry, tryOf, variants } from '../guide/entry.ts'
import { folderOf, versionsOf } from '../guide/packages.ts'
import { type EntryRecord, type VariantRecord, variantRecordOf } from '../guide/record.ts'
import { CannotRunError } from '../launcher/launch.ts'
import type { Outcome, Run } from '../launcher/start.ts'
import { outOf, usageErrorOf } from '../plan/options.ts'
import { print } from '../text/wrap.ts'
import type { CaseFindings } from '../try/findings.ts'
import { writable } from '../try/options.ts'
import { labOf, placeFor, startTry } from '../try/start.ts'
import { sortedPage } from '../view/sorted/page.ts'
import { Progress } from '../view/terminal/progress.ts'
import { EXIT_STATUS, INTERRUPTED, stopOnSignals } from './lab.ts'

/** Of each of the two: more that start at the same time start late. */
const AT_ONCE = 3
const HELP = `npm run guide -- NAME ...

Runs entries of the field guide (guide/README.md) under six
faults, twice: with nothing set, and with the program's own
heartbeat set. What was seen is kept in guide/guide.json,
unless it contradicts the entry's formula; the page is made
anew. npm's packages go to a cache folder of yours
(XDG_CACHE_HOME, or ~/.cache), and no script of theirs runs.

  --again NAME ...    keeps nothing but that it agreed; tells
                      what differs from what is kept
  --check NAME ...    the same, and writes nothing at all
  --page              makes guide/README.md of guide.json
  --html FILE         its table as a page, to be sorted by
                      any column
  --list              the entries, and what they need
  --plain --out DIR   as for try

Exit status: 0 as the formula says, and as kept; 1 not so;
2 wrong usage; 3 this machine cannot run it; 4 it cannot be
told: the machine was too busy.
`

/** @returns the exit status @throws UsageError, CannotRunError */
export async function guideCommand(args: readonly string[]): Promise<number> {
  const { values, positionals: names } = parse(args)
  if (values.help || values.list) {
    print(process.stdout, values.help ? HELP : `${entryNames().map(entryLine).join('\n')}\n`)
    return 0
  }
  if (values.page) {
    writeGuide(readGuide())
    return 0
  }
  if (values.html !== undefined) {
    writeFileSync(writable('--html', values.html), await sortedPage(tableOf(readGuide())))
    return 0
  }
  if (names.length === 0) throw new UsageError('name an entry, such as ws; all are in guide --list')
  const entries = names.map(readEntry)
  let worst = 0
  for (const entry of entries) {
    const status = await make(entry, { ...values, out: outOf(values.out) })
    if (status === INTERRUPTED) return status
    worst = worst === 1 ? 1 : Math.max(worst, status)
  }
  return worst
}

function parse(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const
  const options = {
    ...{ again: flag, check: flag, page: flag, list: flag, plain: flag, help: flag },
    out: { type: 'string' },
    html: { type: 'string' },
  } as const
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch (error) {
    throw usageErrorOf(error)
  }
}

function entryLine(name: string): string {
  const { title, debian } = readEntry(name)
  return `${name.padEnd(20)} ${title}${debian.length === 0 ? '' : `; Debian: ${debian.join(' ')}`}`
}

interface Wanted {
  again: boolean
  check: boolean
  plain: boolean
  out: string
}

async function make(entry: Entry, wanted: Wanted): Promise<number> {
  const kept = readGuide().entries[entry.name]
  const isSecond = wanted.again || wanted.check
  if (isSecond && kept === undefined) {
    throw new UsageError(`nothing is kept of ${entry.name} yet; run it without --again first`)
  }
  const versions = await versionsOf(entry)
  const folder = await folderOf(entry)
  const run = await runBoth(entry, folder, wanted)
  if (run === null) return INTERRUPTED
  if (typeof run === 'string') {
    print(process.stdout, `${entry.name}, ${run}\n`)
    return EXIT_STATUS.inconclusive
  }
  const wrong = [
    ...againstFormula(entry, run),
    ...(isSecond && kept ? againstRecord(entry, kept.variants, run) : []),
  ]
  for (const line of wrong) print(process.stdout, `${entry.name}, ${line}\n`)
  if (wrong.length > 0) return EXIT_STATUS.fail
  print(process.stdout, `${entry.name}: as its formula says${isSecond ? ', and as it was' : ''}\n`)
  if (wanted.check) return 0
  if (isSecond && kept) keep(entry.name, { ...kept, agreed: kept.agreed + 1 })
  else keep(entry.name, { versions, day: new Date().toISOString().slice(0, 10), agreed: 0, variants: run })
  return 0
}

/** Both at once, since most of the time they wait. @returns why it cannot be told; null: somebody interrupted it */
async function runBoth(
  entry: Entry,
  folder: string,
  { plain, out }: Wanted,
): Promise<EntryRecord['variants'] | string | null> {
  const requests = variants.map((variant) => tryOf(entry, variant))
  const here = await placeFor(requests, folder)
  const place = { ...here, atOnce: Math.min(here.atOnce, entry.atOnce ?? AT_ONCE) }
  const { name, cannotRead } = place.runAs
  if (cannotRead !== null) {
    throw new CannotRunError(
      `${name} may not read ${folder}; start it as an ordinary user, or set XDG_CACHE_HOME to a folder that everybody may read`,
    )
  }
  const runs: Run[] = []
  const stop = () => {
    for (const run of runs) run.stop()
  }
  const { signal } = stopOnSignals({ stop })
  const made = await Promise.all(
    requests.map(async (request) => {
      const lab = labOf({ ...request, ...place })
      const progress = new Progress(process.stderr, { json: false, plain: true, play: false })
      progress.announce(lab)
      const run = await startTry(lab, request, { json: false, plain, out }, (events) => progress.show(events))
      runs.push(run)
      if (signal.aborted) run.stop()
      return variantOf(await run.done.finally(() => progress.end()))
    }),
  )
  if (signal.aborted) return null
  const [byDefault, own] = made
  const problem = variants.flatMap((variant, at) =>
    typeof made[at] === 'string' ? `${variant}: ${made[at]}` : [],
  )
  if (typeof byDefault !== 'object' || typeof own !== 'object') return problem.join('; ')
  return { default: byDefault, own }
}

/** @returns why it cannot be told, in words */
function variantOf({ log, report }: Outcome): VariantRecord | string {
  if (report.killed !== undefined) return 'somebody killed a program'
  return variantRecordOf(log, Array.isArray(report.findings) ? (report.findings as CaseFindings[]) : [])
}
