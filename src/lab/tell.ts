/** What a lab prints when it is over, and one cell of it in full: the same for every lab, where it has no words of its own. */

import { pairOf } from '../events/host-names.ts'
import { addressOf, type LabEvent } from '../events/vocabulary.ts'
import { printableData } from '../foreign/printable.ts'
import { type CellName, cellId, cellOfCheck, type Plan } from '../plan/plan.ts'
import { beside, wrapped } from '../text/wrap.ts'
import { type Check, countWords, expectedWords, observedWords, overall, type Verdict } from './checks.ts'
import type { Lab } from './lab.ts'
import { LabLog, mechanismOf } from './log.ts'
import { runCommand } from './run-command.ts'
import type { Style, Tale } from './tale.ts'

/** What is told of a run. */
export interface Told {
  log: LabLog
  plan: Plan
  checks: readonly Check[]
}

/** The same for a terminal: whatever programs and peers said, words that are made of it steer nothing. */
export function printableTold({ log, plan, checks }: Told): Told {
  return {
    log: new LabLog(printableData(log.events)),
    plan: printableData(plan),
    checks: printableData(checks),
  }
}

/** What tells a lab; the rest of it makes runs. */
export type Teller = Pick<
  Lab,
  'id' | 'lessons' | 'story' | 'table' | 'board' | 'endsOfCell' | 'hasStrike' | 'play' | 'playInBrowser'
>

/** A word for each verdict that cannot be overlooked. */
export const VERDICT_WORDS: Record<Verdict, string> = {
  pass: 'pass',
  fail: 'FAIL',
  inconclusive: 'unclear',
  skipped: 'skipped',
}
const WORD_WIDTH = 9
/** Before a cell that did not pass. */
const VERDICT_MARKS: Record<Verdict, string> = { pass: '', fail: '!', inconclusive: '~', skipped: '' }
const NO_BREAK = '\u00a0'
/** How many checks that did not pass, and how many reasons why some were skipped, a screen has room for. */
const NOTABLE_MAX = 3
/** Room for the longest name of a row in keepalive's matrix; a longer one makes more. */
const ROW_NAME_WIDTH = 16
/** `12.34 s`: of most stories. */
const TERM_WIDTH = 7

/** The whole of a run (`--verbose`): a story, what was found, what each row teaches, counts, what to try next. */
export function tellRun(lab: Teller, told: Told, style: Style): string {
  return parts([tellFindings(lab, told, style), nextToTry(lab, told)])
}

/**
 * What a run ends with on a screen of 24 rows: what was found in each cell, how many checks held, and where the
 * rest is. The story comes above, where it may scroll away.
 * @param score how many predictions were right; '' where nobody was asked
 * @param report where `report.html` is
 */
export function tellEnd(lab: Teller, told: Told, style: Style, score: string, report: string): string {
  const { log, plan, checks } = told
  const board = plan.play ? '' : (lab.board?.(log, plan, checks, style) ?? boardText(told, style))
  const cell = cellToTry(lab, told)
  const foot = [
    `Look at it: ${report}`,
    ...(plan.play || cell === undefined ? [] : [`Try next: ${runCommand(lab.id, `--cell ${cell}`)}`]),
    'Every check, and what each row teaches: in report.html, and with --verbose.',
  ].flatMap((line) => wrapped(line, style.columns))
  return parts([
    tellStory(lab, told, style),
    board,
    [summaryText(checks, style, NOTABLE_MAX), score, ...foot].filter((line) => line !== '').join('\n'),
  ])
}

/** A line for each case: what each of its cells says in a few characters, as the matrix of the report does. */
function boardText({ plan, checks }: Told, style: Style): string {
  const width = Math.max(...plan.cases.map((id) => id.length))
  const lines = plan.cases
    .flatMap((id) => {
      const cells = plan.mechanisms.flatMap((mechanism) => {
        const own = checks.filter((check) => cellOfCheck(check.id) === cellId(id, mechanism))
        return own.length === 0 ? [] : [`${mechanism} ${cellWord(own, style)}`]
      })
      // A cell's words belong together, so that a line ends between cells.
      const together = cells.map((cell) => cell.replaceAll(' ', NO_BREAK))
      return beside(`${id.padEnd(width)}  `, together.join(', '), style.columns)
    })
    .join('\n')
    .replaceAll(NO_BREAK, ' ')
  const heading = 'What was found in each cell: a value, or how many of its checks passed'
  return [...wrapped(heading, style.columns).map(style.bold), lines].join('\n')
}

/** What a cell says in a few characters. The mark before it says in a sign what its colour says. */
export function cellWord(checks: readonly Check[], style: Style): string {
  const verdict = overall(checks)
  const held = checks.filter((check) => check.verdict === 'pass').length
  const short = checks.find((check) => check.short !== undefined)?.short ?? `${held}/${checks.length}`
  return painted(verdict, verdict === 'skipped' ? verdict : `${VERDICT_MARKS[verdict]}${short}`, style)
}

/** The same without what to try next: what a page may quote. */
export function tellFindings(lab: Teller, told: Told, style: Style): string {
  return parts([tellStory(lab, told, style), tellMatrix(lab, told, style)])
}

/** What was found, without the story. */
export function tellMatrix(lab: Teller, told: Told, style: Style): string {
  const { log, plan, checks } = told
  // In play a learner strikes what they like: there is no matrix to fill.
  if (plan.play) return summaryText(checks, style)
  const found = lab.table?.(log, plan, checks, style) ?? casesText(told, plan.cases, style)
  return parts([found, lessonsText(lessonsOf(lab, plan, checks)), summaryText(checks, style)])
}

/** Case by case: its promise, then each check with what was expected and observed. */
export function casesText({ plan, checks }: Told, cases: readonly string[], style: Style): string {
  return parts(
    cases.map((id) => {
      const own = checks.filter((check) => check.id.startsWith(`${id}/`))
      const rows = plan.mechanisms.flatMap((mechanism) => {
        const ofCell = own.filter((check) => cellOfCheck(check.id) === cellId(id, mechanism))
        return ofCell.length === 0
          ? []
          : [`  ${mechanism}`, ...ofCell.map((check) => checkLines(check, style))]
      })
      return [`${style.bold(id)}: ${plan.promises[id] ?? ''}`, ...rows].join('\n')
    }),
  )
}

function checkLines(check: Check, style: Style): string {
  const word = painted(check.verdict, VERDICT_WORDS[check.verdict].padEnd(WORD_WIDTH), style)
  const { expected, formula } = check
  const leavesRoom = 'min' in expected && expected.min !== expected.max
  const told =
    check.verdict === 'skipped'
      ? `not observed: ${check.because}`
      : `observed ${observedWords(check)}${
          check.verdict === 'pass' && !leavesRoom ? ', as expected' : `; expected ${expectedWords(check)}`
        }${formula === '' ? '' : ` (${formula})`}`
  return `    ${word}${check.claim}\n    ${' '.repeat(WORD_WIDTH)}${told}`
}

export function painted(verdict: Verdict, text: string, style: Style): string {
  const paint = { pass: style.good, fail: style.bad, inconclusive: style.doubtful, skipped: style.dim }
  return paint[verdict](text)
}

/** What a lab tells of one cell; '' where it has nothing to tell. */
export function tellStory(lab: Teller, { log, plan }: Told, style: Style): string {
  const story = plan.play ? null : (lab.story?.(log, plan) ?? null)
  if (story === null) return ''
  const width = Math.max(TERM_WIDTH, ...story.entries.map(({ term }) => term.length))
  const entries = story.entries.flatMap(({ term, lines: [first = '', ...rest] }) => [
    `${term.padStart(width)}  ${first}`,
    ...rest.map((line) => `${' '.repeat(width + 2)}${line}`),
  ])
  return [style.bold(story.heading), ...entries].join('\n')
}

/** What each row of a run teaches; of a row with a failed check, that it failed. */
export function lessonsOf(
  { lessons }: Pick<Lab, 'lessons'>,
  plan: Pick<Plan, 'mechanisms'>,
  checks: readonly Check[],
): Tale {
  const hasFailed = (mechanism: string) =>
    checks.some((check) => check.verdict === 'fail' && check.id.split('/')[1] === mechanism)
  return {
    heading: 'What each row teaches',
    entries: plan.mechanisms.flatMap((mechanism) => {
      const lesson = hasFailed(mechanism) ? '(a check of this row failed; see below)' : lessons[mechanism]
      return lesson === undefined ? [] : [{ term: mechanism, lines: [lesson] }]
    }),
  }
}

function lessonsText({ heading, entries }: Tale): string {
  if (entries.length === 0) return ''
  const width = Math.max(ROW_NAME_WIDTH, ...entries.map(({ term }) => term.length))
  return [
    `${heading}:`,
    ...entries.map(({ term, lines }) => `  ${term.padEnd(width)} ${lines.join(' ')}`),
  ].join('\n')
}

/** @param max how many of those that did not pass are told; the others are counted */
function summaryText(checks: readonly Check[], style: Style, max = Infinity): string {
  const words = countWords(checks)
  const notable = checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive')
  const skipped = new Set(checks.filter(({ verdict }) => verdict === 'skipped').map(({ because }) => because))
  return [
    notable.some(({ verdict }) => verdict === 'fail') ? style.bad(words) : words,
    ...atMost(
      max,
      notable.map(({ id, verdict, claim, because }) => `  ${verdict}: ${id}: ${claim}: ${because}`),
    ),
    ...atMost(
      max,
      [...skipped].map((because) => beside('  skipped: ', because, style.columns).join('\n')),
    ).map(style.dim),
  ].join('\n')
}

function atMost(max: number, lines: readonly string[]): string[] {
  return lines.length <= max
    ? [...lines]
    : [...lines.slice(0, max - 1), `  ... and ${lines.length - max + 1} more: --verbose`]
}

/** The cell that tells most: a failed one, the one of the story, or those that the lab shows first. */
function cellToTry(lab: Teller, { log, plan, checks }: Told): string | undefined {
  const failed = checks.find(({ verdict }) => verdict === 'fail')
  // What was skipped has nothing to show.
  const observed = new Set(
    checks.flatMap(({ id, verdict }) => (verdict === 'skipped' ? [] : [cellOfCheck(id)])),
  )
  return [
    failed && cellOfCheck(failed.id),
    lab.story?.(log, plan)?.cell,
    ...plan.showFirst,
    ...observed,
  ].find((one) => one !== undefined && observed.has(one))
}

function nextToTry(lab: Teller, told: Told): string {
  const { plan } = told
  const cell = cellToTry(lab, told)
  const other = plan.strike === 'server' ? 'client' : 'server'
  const steps: [step: string, why: string, exists?: boolean][] = [
    [`--cell ${cell}`, 'this cell in full: both ends, kernels, evidence', cell !== undefined],
    [`--strike ${other}`, `strike the ${other}'s host instead: who notices now?`, lab.hasStrike === true],
    ['--play', 'do the killing yourself, from another terminal', lab.play !== undefined],
    ['--play', 'the servers stay up, for your own browser', lab.playInBrowser !== undefined],
    [
      `--seed ${plan.seed}`,
      lab.hasStrike ? 'strike at the same phases again' : 'whatever is random, the same again',
    ],
  ]
  return [
    `Try next: ${runCommand(lab.id, '...')}`,
    ...steps.filter(([, , exists = true]) => exists).map(([step, why]) => `  ${step.padEnd(28)} ${why}`),
  ].join('\n')
}

// ---- one cell -----------------------------------------------------------------------------------

/**
 * `--cell cut/tcp-idle`: one cell of a run.
 * @param detail `brief`: without events, reasons and evidence, as a page quotes it
 */
export function tellCell(
  lab: Teller,
  cell: CellName,
  { log, plan, checks }: Told,
  style: Style,
  detail: 'full' | 'brief' = 'full',
): string {
  const id = cellId(cell.case, cell.mechanism)
  const own = checks.filter((check) => cellOfCheck(check.id) === id)
  const head = [
    `${style.bold(id)}  run ${plan.run}, ${plan.tier} hosts, ${plan.pace} pace`,
    `${cell.case}: ${plan.promises[cell.case] ?? ''}`,
  ]
  if (own.length === 0) {
    return [...head, `The last run did not include this cell: run it with --only ${id}`].join('\n')
  }
  return [
    ...head,
    ...(lab.endsOfCell?.(cell, log, plan, style) ?? []),
    ...(detail === 'full' ? eventsOfCell(cell, log, plan, style) : []),
    style.bold('Checks'),
    ...own.map((check) => checkInFull(check, style, detail)),
  ].join('\n')
}

/** Whatever is logged again and again, or concerns how hosts are made. */
const ROUTINE = ['command:run', 'kernel:sysctls_read', 'program:started', 'program:ready']

/** The events of a cell, from the strike or the start of its case. */
function eventsOfCell(cell: CellName, log: LabLog, plan: Plan, style: Style): string[] {
  // In play one pair is struck by every fault; else each case has its own.
  const strike = plan.play ? log.strikes.find(({ fault }) => fault === cell.case) : log.strikeOn(cell.case)
  const watch = log.watchOf(cell.case)
  const began = strike?.began ?? watch?.from
  if (began === undefined) return []
  const zero = strike?.at ?? began
  const pair = strike?.pair ?? cell.case
  const ours = log.events.filter(
    (event) =>
      event.time >= began &&
      (pairOf(event.host) === pair || ('pair' in event.data && event.data.pair === pair)) &&
      (mechanismOf(event) === cell.mechanism ||
        (event.group_id === undefined && !ROUTINE.includes(event.name))),
  )
  return [
    style.bold(`What happened, seconds after ${strike === undefined ? 'the case began' : 'the fault'}`),
    ...ours.map(
      (event) =>
        `  ${secondsAfter(event, zero).padStart(7)}  ${addressOf(event).padEnd(30)} ${event.name} ${dataWords(event)}`,
    ),
  ]
}

/** `4.580` */
export function secondsAfter(event: { time: number }, zero: number): string {
  return ((event.time - zero) / 1000).toFixed(3)
}

function dataWords(event: LabEvent): string {
  if (event.name === 'kernel:socket_updated') {
    const words = (socket: typeof event.data.old) =>
      socket === null
        ? 'no entry'
        : `${socket.state}/${socket.timer}/probes ${socket.unansweredProbes}/sent again ${socket.retransmits}`
    return `${words(event.data.old)} -> ${words(event.data.new)}`
  }
  return Object.entries(event.data)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}

function checkInFull(check: Check, style: Style, detail: 'full' | 'brief'): string {
  const verdict = check.verdict === 'fail' ? style.bad(check.verdict) : check.verdict
  const isFull = detail === 'full'
  const lines: [name: string, words: string, exists: boolean][] = [
    ['claim', check.claim, isFull],
    ['formula', check.formula, check.formula !== ''],
    ['expected', expectedWords(check), true],
    ['observed', observedWords(check), true],
    ['because', check.because, isFull],
    ['source', check.source, isFull && check.source !== ''],
    ['evidence', check.evidence.join(' '), isFull && check.evidence.length > 0],
  ]
  return [
    `  ${check.id}: ${verdict}`,
    ...lines.filter(([, , exists]) => exists).map(([name, words]) => `    ${name.padEnd(9)} ${words}`),
  ].join('\n')
}

function parts(all: readonly string[]): string {
  return all.filter((part) => part !== '').join('\n\n')
}
