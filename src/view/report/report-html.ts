/**
 * `report.html`: a run in one file that opens by double click, today and in ten years, on a machine that
 * has nothing of this project. What is essential stands in it as plain HTML; a script adds the rest.
 */
import { writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Lab } from '../../lab/lab.ts'
import type { LabLog } from '../../lab/log.ts'
import type { Told } from '../../lab/predict.ts'
import type { Report } from '../../lab/report.ts'
import type { Tale } from '../../lab/tale.ts'
import { lessonsOf } from '../../lab/tell.ts'
import type { Plan } from '../../plan/plan.ts'
import { projectFile } from '../../project/files.ts'
import { layout } from '../layout.ts'
import { narrativeOf, rowsOf } from '../narrative.ts'
import { toSvg } from '../svg.ts'
import { type Cell, Cells, storyCell } from '../viewer/cells.ts'
import { glossarySection } from '../viewer/glossary-section.ts'
import { type Child, element, htmlOf, type Markup } from '../viewer/markup.ts'
import type { RecordedCells, ViewedPlan, ViewedRun } from '../viewer/run.ts'
import {
  caseSentence,
  checkCard,
  matrixHeading,
  matrixLegend,
  matrixTable,
  rowsTable,
  secondsCaption,
  verdictMark,
} from '../viewer/tables.ts'
import { toldParts } from '../viewer/told.ts'
import { visible } from '../viewer/visible.ts'
import { reportFiles } from './bundle.ts'
import { commandGroups } from './commands.ts'
import { pack } from './pack.ts'
import { policyOf } from './policy.ts'
import { readRecordedCells } from './recorded.ts'

/** What a run left behind, and the lab that can tell it. */
export interface ReportedRun {
  plan: Plan
  report: Report
  log: LabLog
  lab: Pick<Lab, 'id' | 'question' | 'story' | 'lessons' | 'playInBrowser'>
  /** What was predicted, where somebody was asked. */
  told?: Told
}

/** The last tenth of the size would take as long as all the rest. */
const GZIP_LEVEL = 6
/** Some five screens: ten thousand arrows would make up most of the file, and nobody scrolls through them. */
const STATIC_PX_MAX = 5000

/** An hour of clicking makes more than anybody reads. */
const PLAYED_LINES_MAX = 2000

/** Writes `report.html` into the folder of a run. @returns its path */
export async function writeReportHtml(folder: string, run: ReportedRun): Promise<string> {
  const file = join(folder, 'report.html')
  writeFileSync(file, await reportHtml(run))
  return file
}

/** @param recorded fills the cells that this run had to skip; by default what ships with the lab */
export async function reportHtml(
  run: ReportedRun,
  recorded: RecordedCells | undefined = readRecordedCells(run.lab.id),
): Promise<string> {
  const { log, report } = run
  const plan = viewed(run.plan)
  const cells = new Cells(plan, recorded ?? null)
  for (const event of log.events) cells.note(event)
  cells.setChecks(report.checks)
  const isFilled = cells.all().some(({ origin }) => origin === 'recorded')
  const about: Omit<ViewedRun, 'events'> = {
    plan,
    report: { checks: report.checks },
    ...(recorded === undefined || !isFilled ? {} : { recorded }),
  }
  const [{ script, style }, events] = await Promise.all([
    reportFiles(),
    promisify(gzip)(withoutPaths(pack(about, log.events), run.plan), { level: GZIP_LEVEL }),
  ])
  const body = withoutPaths(bodyOf(run, plan, cells, recorded ?? null), run.plan)
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    policyOf(script, style),
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    htmlOf(element('title', {}, `${run.lab.question} ${plan.run}`)),
    `<style>${style}</style>`,
    `<script>${script}</script>`,
    '</head>',
    '<body>',
    body,
    // Last, so that of a file that was cut short everything else is still there.
    `<script type="application/octet-stream" id="events">${events.toString('base64')}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

/** Chosen one by one: what a plan will hold some day is not to be published by accident. */
function viewed(plan: Plan): ViewedPlan {
  const { run, lab, tier, because, pace, strike, seed, play, environment } = plan
  const { cases, mechanisms, cells, promises, showFirst } = plan
  const looked = { cases, mechanisms, cells, promises, showFirst }
  return { run, lab, tier, because, pace, strike, seed, play, environment, ...looked }
}

/** Commands and error messages can name folders, which name people. */
function withoutPaths(text: string, { folder }: Plan): string {
  const places: [string, string][] = [
    [folder, '(run)'],
    [projectFile().slice(0, -1), '(project)'],
    [homedir(), '~'],
  ]
  // A home of "/" or of one short word would be found everywhere.
  return places
    .filter(([path]) => path.length > 4)
    .flatMap(([path, name]): [string, string][] => [
      // As it stands in JSON, where the separators of Windows are doubled.
      [JSON.stringify(path).slice(1, -1), name],
      [path, name],
    ])
    .reduce((rest, [path, name]) => rest.replaceAll(path, name), text)
}

// ---- the page without its script ----------------------------------------------------------------

function bodyOf(run: ReportedRun, plan: ViewedPlan, cells: Cells, recorded: RecordedCells | null): string {
  const story = plan.play ? null : (run.lab.story?.(run.log, run.plan) ?? null)
  const lessons = lessonsOf(run.lab, plan, run.report.checks)
  const cell = storyCell(cells, plan)
  return [
    htmlOf(headerOf(run, plan)),
    '<main>',
    ...(run.told === undefined
      ? []
      : [htmlOf(element('section', { class: 'predictions' }, ...toldParts(run.told)))]),
    ...(plan.play ? [htmlOf(playedSection(run))] : []),
    ...(story === null ? [] : [htmlOf(taleSection('story', story))]),
    '<div id="viewer">',
    htmlOf(staticMatrix(cells, plan, recorded)),
    staticCell(run.log, plan, cell),
    '</div>',
    ...(plan.play || lessons.entries.length === 0 ? [] : [htmlOf(taleSection('lessons', lessons))]),
    ...(run.report.checks.length === 0 ? [] : [htmlOf(allChecks(cells, plan))]),
    htmlOf(commandsOf(run.log, plan)),
    htmlOf(environmentOf(run.report)),
    htmlOf(glossarySection()),
    '</main>',
  ].join('\n')
}

/** What came of it, told as it came: of a lab whose player is a browser there is no strike to count from. */
function playedSection({ lab, log }: ReportedRun): Markup | string {
  const { playInBrowser } = lab
  if (playInBrowser === undefined) return ''
  const lines = log.events.flatMap((event) => playInBrowser.line(event) ?? [])
  const shown = lines.slice(0, PLAYED_LINES_MAX)
  return element(
    'section',
    { class: 'played' },
    element('h2', {}, 'What happened'),
    ...(shown.length === 0 ? [element('p', {}, 'Nothing: no browser came.')] : []),
    ...(shown.length === 0 ? [] : [element('pre', {}, shown.join('\n'))]),
    ...(lines.length === shown.length
      ? []
      : [
          element(
            'p',
            {},
            `The first ${shown.length} of ${lines.length} lines; all of them are in events.ndjson.`,
          ),
        ]),
  )
}

function taleSection(name: string, { heading, entries }: Tale): Markup {
  return element(
    'section',
    { class: name },
    element('h2', {}, heading),
    element(
      'dl',
      { class: 'tale' },
      ...entries.flatMap(({ term, lines }) => [
        element('dt', {}, term),
        element('dd', {}, ...lines.map((line) => element('p', {}, line))),
      ]),
    ),
  )
}

function headerOf({ lab, report }: ReportedRun, plan: ViewedPlan): Markup {
  const count = (verdict: string) => report.checks.filter((check) => check.verdict === verdict).length
  const counts = (['pass', 'fail', 'inconclusive', 'skipped'] as const)
    .filter((verdict) => count(verdict) > 0)
    .map(
      (verdict) =>
        `${count(verdict)} ${verdict === 'pass' ? 'passed' : verdict === 'fail' ? 'failed' : verdict}`,
    )
  const facts = [
    `lab ${lab.id}`,
    `${plan.tier} hosts`,
    `${plan.pace} pace`,
    ...(plan.play ? ['in play'] : plan.strike === null ? [] : [`the ${plan.strike}s' host was struck`]),
    `${report.startedAt.slice(0, 16).replace('T', ' ')} UTC`,
    `${(report.durationMs / 1000).toFixed(1)} s`,
  ]
  return element(
    'header',
    {},
    element('h1', {}, lab.question),
    element('p', { class: 'facts' }, facts.join(' \u00b7 ')),
    element(
      'p',
      { class: 'outcome' },
      ...(report.checks.length === 0 ? [] : [verdictMark(report.verdict)]),
      ...(report.checks.length === 0
        ? ['nothing was claimed, so nothing was judged.']
        : [` ${report.checks.length} checks: ${counts.join(', ')}.`]),
    ),
  )
}

function staticMatrix(cells: Cells, plan: ViewedPlan, recorded: RecordedCells | null): Markup {
  return element(
    'section',
    {},
    element('h2', {}, matrixHeading(plan)),
    element(
      'div',
      { class: 'wide' },
      matrixTable(cells, plan, ({ id, checks }, words) =>
        checks.length === 0
          ? element('span', {}, ...words)
          : element('a', { href: `#checks-${id}` }, ...words),
      ),
    ),
    matrixLegend(cells, recorded),
  )
}

function staticCell({ events }: LabLog, plan: ViewedPlan, cell: Cell | undefined): string {
  if (cell === undefined || cell.origin !== 'observed') return ''
  const whole = layout(events, { pair: cell.pair, connection: cell.mechanism })
  const isLong = whole.height > STATIC_PX_MAX
  const ladder = isLong ? { ...visible(whole, 0, STATIC_PX_MAX), height: STATIC_PX_MAX } : whole
  return [
    `<section>${htmlOf(element('h2', {}, `${cell.pair} / ${cell.mechanism}`))}`,
    htmlOf(element('p', {}, caseSentence(plan, whole) + narrativeOf(whole))),
    ...(isLong ? [htmlOf(element('p', {}, 'Without its script this page draws only the beginning.'))] : []),
    `<div class="static-ladder wide">${toSvg(ladder)}</div>`,
    htmlOf(
      element(
        'details',
        {},
        element('summary', {}, 'The same as a table'),
        rowsTable(rowsOf(ladder), secondsCaption(whole)),
      ),
    ),
    '</section>',
  ].join('\n')
}

/** Case by case; each cell is a target for the matrix's links. */
function allChecks(cells: Cells, plan: ViewedPlan): Markup {
  const address = (text: string): Child => element('code', {}, text)
  return element(
    'section',
    { class: 'all-checks' },
    element('h2', {}, 'Every check'),
    ...cells.columns.map((pair) => {
      const own = cells.all().filter((cell) => cell.pair === pair && cell.checks.length > 0)
      const checks = own.flatMap((cell) => cell.checks)
      const bad = checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive').length
      return element(
        'details',
        bad > 0 ? { open: true } : {},
        element(
          'summary',
          {},
          element(
            'h3',
            {},
            `${pair}: ${checks.length} checks${bad > 0 ? `, ${bad} of them not passed` : ''}`,
          ),
        ),
        ...(plan.promises[pair] === undefined ? [] : [element('p', {}, plan.promises[pair])]),
        ...own.map((cell) =>
          element(
            'div',
            { class: `cards ${cell.origin}`, id: `checks-${cell.id}` },
            ...cell.checks.map((check) => checkCard(check, address)),
          ),
        ),
      )
    }),
  )
}

const LITTLE_TO_SET_UP = {
  process: 'Hosts of this run were plain processes, so there was little to set up.',
  compose: 'Hosts of this run were containers, which docker compose had set up.',
}

function commandsOf({ events }: LabLog, plan: ViewedPlan): Markup {
  const groups = commandGroups(events, plan.cases)
  const how: Child[] =
    plan.tier === 'netns'
      ? [
          'To repeat those of one pair, enter namespaces of your own, in which nothing can be broken, and begin with "before all hosts": ',
          element('code', {}, 'unshare --user --map-root-user --net --mount --pid --fork --mount-proc bash'),
          '. Everything is gone when you leave them.',
        ]
      : [LITTLE_TO_SET_UP[plan.tier]]
  return element(
    'section',
    { class: 'commands' },
    element('h2', {}, 'The commands that were run'),
    ...(groups.length === 0 ? [element('p', {}, 'None.')] : [element('p', {}, ...how)]),
    ...groups.map(({ title, lines }) =>
      element(
        'details',
        {},
        element('summary', {}, `${title} (${lines.length})`),
        element('pre', {}, lines.join('\n')),
      ),
    ),
  )
}

function environmentOf(report: Report): Markup {
  const { sysctls, ...environment } = report.environment
  const lines: [string, string][] = [
    ['run', report.run],
    ['hosts', `${report.tier}: ${report.tierBecause}`],
    ['seed', String(report.seed)],
    [
      'kernels read',
      report.kernelSampledEveryMs === null ? 'not on this system' : `every ${report.kernelSampledEveryMs} ms`,
    ],
    ...Object.entries(environment).map(([name, value]): [string, string] => [name, String(value)]),
    ...Object.entries(typeof sysctls === 'object' ? sysctls : {}),
  ]
  return element(
    'section',
    {},
    element('h2', {}, 'Environment'),
    element(
      'dl',
      { class: 'environment' },
      ...lines.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
    ),
  )
}
