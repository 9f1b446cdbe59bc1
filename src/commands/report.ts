/** `npm run report`: a recorded run again, as text or in a format for other tools, on standard output. */
import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { pairOf } from '../events/host-names.ts'
import { inOrder } from '../events/parse.ts'
import type { LabEvent } from '../events/vocabulary.ts'
import { printable } from '../foreign/printable.ts'
import { UsageError } from '../foreign/usage.ts'
import { countWords } from '../lab/checks.ts'
import type { Report } from '../lab/report.ts'
import { NoRunError, openRun } from '../page/earlier-runs.ts'
import type { OpenedEnd, OpenedHead } from '../page/messages.ts'
import { usageErrorOf } from '../plan/options.ts'
import { cellId, type Plan } from '../plan/plan.ts'
import { ownCommand } from '../project/package.ts'
import { fitted, print } from '../text/wrap.ts'
import { toCsv } from '../view/export/csv.ts'
import { toMermaid } from '../view/export/mermaid.ts'
import { toQlog } from '../view/export/qlog.ts'
import { layout } from '../view/layout.ts'
import { toSvg } from '../view/svg.ts'
import { textLadder } from '../view/terminal/ladder.ts'
import { endWithPipe } from '../view/terminal/pipe.ts'
import { inWindow } from '../view/viewer/time-window.ts'

const RUNS = 'runs'
const HELP = `${ownCommand('report', '[format] [case/mechanism] [run]')}

Prints a recorded run: its verdict and where its files are, or one of
  --text      one connection as a ladder: who sent, believed and noticed what
  --svg       the same as a picture; --from S and --to S choose the seconds of both
  --mermaid   the same as a Mermaid sequence diagram
  --qlog      the whole run for tools that read qlog
  --csv       the whole run for spreadsheets, one event a line
  --help      this text
case/mechanism   which connection: cut/tcp-keepalive; in a run of --play
                 play/tcp-keepalive (default: the one with most to see)
run              a folder or a run's id (default: the last run in ${RUNS}/)`

const formats = ['text', 'svg', 'mermaid', 'qlog', 'csv'] as const
/** Those that show one connection, and of these those that show a part of its time. */
const OF_ONE_CONNECTION: readonly (Format | null)[] = ['text', 'svg', 'mermaid']
const OF_A_WINDOW: readonly (Format | null)[] = ['text', 'svg']
type Format = (typeof formats)[number]

interface Request {
  /** null: the verdict and the files. */
  format: Format | null
  /** As typed. */
  cell: string | null
  /** Seconds from the strike; undefined: from the first, to the last. */
  from: number | undefined
  to: number | undefined
  run: string
}

/** A run as its files have it. */
interface RecordedRun {
  folder: string
  plan: Plan
  report: Report
  events: LabEvent[]
}

/** What a person finds in a run's folder, in the order in which they may want it. */
const FILES: Record<string, string> = {
  'report.html': 'everything to look at, in one page that needs no network',
  'timeline.svg': 'one connection as a picture',
  'merged.pcapng': 'every packet and what programs believed meanwhile, for Wireshark',
  'report.json': 'each claim, what was expected and observed, the verdict',
  'predictions.json': 'what you predicted',
  'events.ndjson': 'every event, one JSON object a line',
  'plan.json': 'what was decided before the start',
}

/**
 * Prints what is asked for.
 * @returns exit status 0: a run that was read is told, whatever its verdict
 * @throws UsageError when the request makes no sense or the run cannot be read
 */
export async function reportCommand(args: readonly string[]): Promise<number> {
  const request = parseRequest(args)
  if (request === null) {
    print(process.stdout, `${HELP}\n`)
    return 0
  }
  const run = await readRun(request.run)
  endWithPipe(process.stdout)
  process.stdout.write(written(request, run))
  return 0
}

function written({ format, cell, from, to }: Request, run: RecordedRun): string {
  if (format === null) return fitted(overview(run), process.stdout.columns)
  if (format === 'qlog') return toQlog(run.events)
  if (format === 'csv') return toCsv(run.events)
  const { pair, mechanism } = connectionOf(cell, run)
  if (format === 'mermaid') return toMermaid(run.events, pair, mechanism)
  const view = { pair, connection: mechanism }
  const whole = layout(run.events, view)
  const shown = {
    from: from === undefined ? whole.from : whole.origin + from * 1000,
    to: to === undefined ? whole.to : whole.origin + to * 1000,
  }
  if (shown.from >= shown.to || shown.to <= whole.from || shown.from >= whole.to) {
    throw new UsageError('--from and --to: there is nothing to show between these seconds')
  }
  const isWhole = from === undefined && to === undefined
  const ladder = isWhole ? whole : inWindow(layout(run.events, { ...view, ...shown }), whole)
  return format === 'svg' ? toSvg(ladder) : textLadder(ladder)
}

/** @returns null when help is wanted */
function parseRequest(args: readonly string[]): Request | null {
  const { values, positionals } = parse(args)
  if (values.help) return null
  const chosen = formats.filter((format) => values[format])
  if (chosen.length > 1) throw new UsageError(`--${chosen[0]} and --${chosen[1]}: choose one`)
  const format = chosen[0] ?? null
  // Both a cell and a folder have a slash; what is there is a folder.
  const cells = positionals.filter((text) => CELL.test(text) && !existsSync(text))
  const runs = positionals.filter((text) => !cells.includes(text))
  const tooMany = cells[1] ?? runs[1]
  if (tooMany !== undefined) throw new UsageError(`"${tooMany}" is one too many; try --help`)
  if (cells[0] !== undefined && !OF_ONE_CONNECTION.includes(format)) {
    throw new UsageError(`${cells[0]}: only --text, --svg and --mermaid show one connection`)
  }
  if ((values.from ?? values.to) !== undefined && !OF_A_WINDOW.includes(format)) {
    throw new UsageError('--from and --to go with --text or --svg')
  }
  const [from, to] = [secondsOf('--from', values.from), secondsOf('--to', values.to)]
  return { format, cell: cells[0] ?? null, from, to, run: runs[0] ?? join(RUNS, 'latest') }
}

function secondsOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^-?\d{1,6}(\.\d{1,3})?$/.test(text)) return Number(text)
  throw new UsageError(
    `${option} ${text}: expected seconds from the strike, such as 2.5 (before it: ${option}=-1)`,
  )
}

const CELL = /^[a-z\d-]+\/[a-z\d-]+$/

function parse(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        text: flag,
        svg: flag,
        mermaid: flag,
        qlog: flag,
        csv: flag,
        from: { type: 'string' },
        to: { type: 'string' },
        help: flag,
      },
    })
  } catch (error) {
    throw usageErrorOf(error)
  }
}

/** @throws UsageError in one line, when anything of it is missing, damaged or not of this version */
async function readRun(name: string): Promise<RecordedRun> {
  const folder = [name, join(RUNS, name)].find((path) => existsSync(path))
  if (folder === undefined) {
    throw new UsageError(
      `no run in ${name}; \`${ownCommand('lab')}\` lists the labs that make one, and see --help`,
    )
  }
  const real = realpathSync(folder)
  const lines: string[] = []
  try {
    for await (const line of openRun(dirname(real), basename(real))) lines.push(line)
  } catch (error) {
    if (!(error instanceof NoRunError)) throw error
    throw new UsageError(`cannot read the run in ${folder}: ${error.message}`)
  }
  const { plan, report } = JSON.parse(lines.shift() ?? '') as OpenedHead
  const { problems } = JSON.parse(lines.pop() ?? '') as OpenedEnd
  if (report === null || problems[0] !== undefined) {
    throw new UsageError(`cannot read the run in ${folder}: ${problems[0]}`)
  }
  const events = lines.map((line) => JSON.parse(line) as LabEvent).sort(inOrder)
  const lastMs = Math.round(events.at(-1)?.time ?? 0)
  // Cut at the end of a line it would look whole.
  if (lastMs < report.durationMs) {
    throw new UsageError(
      `cannot read the run in ${folder}: events.ndjson is cut short, at ${lastMs} of ${report.durationMs} ms`,
    )
  }
  return { folder: real, plan, report, events }
}

/** Which connection is to be shown, by the pairs and mechanisms that this run had. */
function connectionOf(
  cell: string | null,
  { plan, events }: RecordedRun,
): { pair: string; mechanism: string } {
  const started = events.filter(({ name }) => name === 'host:started' || name === 'host:process_started')
  const pairs = new Set(started.map(({ host }) => pairOf(host)).filter((pair) => pair !== null))
  const { mechanisms, showFirst } = plan
  const has = (one: string) => {
    const [pair = '', mechanism = ''] = one.split('/')
    return pairs.has(pair) && mechanisms.includes(mechanism)
  }
  const [first] = pairs
  const cells = [...showFirst, ...mechanisms.map((mechanism) => cellId(first ?? '', mechanism))]
  const [pair = '', mechanism = ''] = (cell ?? cells.find(has) ?? '').split('/')
  if (!pairs.has(pair)) throw new UsageError(`${cell}: this run has ${[...pairs].join(' ')}, not "${pair}"`)
  if (!mechanisms.includes(mechanism)) {
    throw new UsageError(`${cell}: this run has ${mechanisms.join(' ')}, not "${mechanism}"`)
  }
  return { pair, mechanism }
}

function overview({ folder, report }: RecordedRun): string {
  const files = Object.entries(FILES).filter(([name]) => existsSync(join(folder, name)))
  return [
    `lab:${report.lab}, run ${report.run}, ${report.tier} hosts, ${report.pace} pace: ${report.verdict}`,
    countWords(report.checks),
    `Files in ${relative('.', folder) || resolve(folder)}:`,
    ...files.map(([name, what]) => `  ${name.padEnd(17)} ${what}`),
    '',
  ]
    .map(printable)
    .join('\n')
}
