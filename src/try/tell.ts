/** What a try found, as text: a table for whoever wants to know how long, and fault by fault why. */

import { killWords } from '../events/killed.ts'
import { rhythmWords } from '../forecast/rhythm.ts'
import { printable } from '../foreign/printable.ts'
import { shortened } from '../foreign/shortened.ts'
import { type Check, countWords, observedWords } from '../lab/checks.ts'
import { problemOf } from '../lab/judging.ts'
import type { LabLog } from '../lab/log.ts'
import type { Style, Tale } from '../lab/tale.ts'
import { painted, type Told, VERDICT_WORDS } from '../lab/tell.ts'
import type { Plan } from '../plan/plan.ts'
import { asideLines } from './asides.ts'
import { seconds } from './durations.ts'
import { type CaseFindings, findingsOf } from './findings.ts'
import { slowestSeenMs } from './heartbeat.ts'
import { linkWords } from './link.ts'
import type { TrySettings } from './request.ts'
import type { RowFindings } from './row-findings.ts'
import {
  faultRows,
  hasSeveralClients,
  headText,
  legendLines,
  rowNames,
  TABLE_QUESTION,
  tableLines,
} from './table.ts'
import { rowLines } from './tell-row.ts'
import { byWords, notServedWords, retransmissionWords } from './words.ts'

export function tellTry({ log, plan, checks }: Told, style: Style): string {
  const settled = plan as Plan<TrySettings>
  const found = findingsOf(log, settled)
  return [
    tableText(found, style),
    heartbeatText(found),
    ...found.map((one) => caseText(one, checks, settled, style)),
    warningLines(log, plan, found, style).join('\n'),
    verdictText(checks, style),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** What makes a finding worth less than it looks. */
export function warningLines(
  log: LabLog,
  plan: Plan,
  found: readonly CaseFindings[],
  style: Style,
): string[] {
  return [...untoldOf(log, plan, found), ...warningsOf(found)].map((warning) =>
    style.doubtful(`warning: ${warning}`),
  )
}

/** A column for each fault, and a row for each program. */
function tableText(found: readonly CaseFindings[], style: Style): string {
  const ids = found.map(({ id }) => id)
  const lines = tableLines(ids, faultRows(found), style)
  return [TABLE_QUESTION, ...lines, ...legendLines(lines, style)].join('\n')
}

function heartbeatText(found: readonly CaseFindings[]): string {
  const lines = heartbeatLines(found)
  return lines.length === 0
    ? ''
    : ['Heartbeats, as far as packets tell:', ...lines.map((line) => `  ${line}`)].join('\n')
}

/** What programs send in a rhythm of their own: a heartbeat, as far as packets can tell. */
function heartbeatLines(found: readonly CaseFindings[]): string[] {
  return rowNames(found).flatMap((name) => {
    const casesByWords = new Map<string, string[]>()
    for (const { id, rows } of found) {
      const own = rows.find((row) => row.name === name)?.heartbeats ?? []
      const ofIts = own.filter(({ rhythm }) => rhythm.starts === 'it')
      for (const words of new Set(ofIts.map(({ rhythm }) => rhythmWords(rhythm, 0)))) {
        casesByWords.set(words, [...(casesByWords.get(words) ?? []), id])
      }
    }
    if (casesByWords.size === 0) return unseenHeartbeat(found, name)
    return [...casesByWords].map(([words, ids]) =>
      ids.length === found.length ? `${name} ${words}` : `${name} ${words} (${ids.join(', ')})`,
    )
  })
}

/** That it has none is not known: a slow one needs longer to be seen than there was before the faults. */
function unseenHeartbeat(found: readonly CaseFindings[], name: string): string[] {
  const own = found.flatMap(({ rows }) => rows.filter((row) => row.name === name))
  const isPeers = own.some(({ heartbeats }) => heartbeats.length > 0)
  const watchedMs = Math.max(0, ...own.map((row) => row.watchedBeforeMs ?? 0))
  if (isPeers || watchedMs === 0) return []
  const slowest = seconds(slowestSeenMs(watchedMs))
  return [
    `${name}: none seen in the ${seconds(watchedMs)} before a fault, in which one slower than every ${slowest} does not show (--settle)`,
  ]
}

/** Who is not struck first. */
function inOrder({ rows, struck }: CaseFindings): RowFindings[] {
  return [...rows.filter(({ end }) => end !== struck), ...rows.filter(({ end }) => end === struck)]
}

function caseText(
  found: CaseFindings,
  checks: readonly Check[],
  plan: Plan<TrySettings>,
  style: Style,
): string {
  const { id } = found
  const own = checks.filter((check) => check.id.startsWith(`${id}/`))
  const { isWhole, watchedMs } = found
  return [
    `${style.bold(id)}: ${plan.promises[id] ?? ''}${lastsWords(found.fault, plan.settings)}`,
    ...(isWhole ? [] : [style.doubtful(`  interrupted after ${seconds(watchedMs)}: so far`)]),
    style.dim(`  seen: ${found.verifiedBy}`),
    ...struckAfterLines(found),
    ...linkLines(found).map((line) => style.dim(`  ${line}`)),
    ...(hasSeveralClients([found]) ? [`  ${headText(found)} clients noticed`] : []),
    ...inOrder(found).flatMap((row) => rowLines(row, found, plan.settings)),
    ...(isWhole ? [`  ${whenWords(found)} ${recoveryWords(found)}`] : []),
    ...asideLines(found, plan.settings).map((line) => `  ${line}`),
    ...own.map((check) => checkLine(check, style)),
  ].join('\n')
}

function struckAfterLines({ struckAfter }: CaseFindings): string[] {
  if (struckAfter === null) return []
  const { name, line, afterMs } = struckAfter
  return [`  struck ${(afterMs / 1000).toFixed(2)} s after ${name} printed "${shortened(printable(line))}"`]
}

function linkLines({ link }: CaseFindings): string[] {
  return link === null ? [] : [`link: ${linkWords(link)}`]
}

/** Where somebody chose how long. */
function lastsWords(fault: CaseFindings['fault'], { lasts }: TrySettings): string {
  const forMs = lasts[fault]
  return forMs === undefined ? '' : ` (here for ${seconds(forMs)})`
}

/** Faults of which nothing can be told, and why. */
function untoldOf(log: LabLog, { cells }: Plan, found: readonly CaseFindings[]): string[] {
  const killed = log
    .all('host:killed')
    .map((kill) => `${killWords(kill)}: what was seen there counts for nothing`)
  const missing = cells.flatMap((cell) => {
    const [id = ''] = cell.split('/')
    const problem = found.some((one) => one.id === id) ? null : problemOf(log, cell)
    return problem === null ? [] : [`${id} is not in the table: ${problem}`]
  })
  return [...killed, ...missing]
}

/** Once for each row, since a program does the same whatever goes wrong. */
function warningsOf(found: readonly CaseFindings[]): string[] {
  const ofRows = rowNames(found).flatMap((name) => {
    const casesOf = (holds: (row: RowFindings, one: CaseFindings) => boolean) =>
      found.filter((one) => one.rows.some((row) => row.name === name && holds(row, one))).map(({ id }) => id)
    const warn = (cases: readonly string[], words: string) =>
      cases.length === 0 ? [] : [`${words} (${cases.join(', ')})`]
    return [
      ...warn(
        casesOf((row) => row.endedBefore !== null),
        `${name} had ended${exitWords(found, name)} when the fault came: nothing of it was judged`,
      ),
      ...warn(
        casesOf((row, one) => isUnseen(row) && one.connectionsOfNobody === 0),
        `${name} was seen to talk to nobody before the fault, and counts for no rule: give it more time with --connect-within`,
      ),
      ...warn(
        casesOf((row, one) => isUnseen(row) && one.connectionsOfNobody > 0),
        `${name} was seen to hold no connection before the fault, and counts for no rule; --ready would tell that it talks`,
      ),
      ...warn(
        casesOf((_, one) => one.unwatched.includes(name)),
        `${name} has set neither keepalive nor a user timeout and writes nothing: its kernel would believe for ever`,
      ),
    ]
  })
  const ofNobody = found.filter(({ connectionsOfNobody }) => connectionsOfNobody > 0)
  const counts = ofNobody.map(({ id, connectionsOfNobody }) => `${id}: ${connectionsOfNobody}`).join(', ')
  const words = 'connections were over too soon to see which client held them: whose they are is not known'
  return ofNobody.length === 0 ? ofRows : [...ofRows, `${words} (${counts})`]
}

function isUnseen({ endedBefore, counts, hasTalked }: RowFindings): boolean {
  return endedBefore === null && !counts && !hasTalked
}

function exitWords(found: readonly CaseFindings[], name: string): string {
  const exit = found
    .flatMap(({ rows }) => rows)
    .find((row) => row.name === name && row.endedBefore)?.endedBefore
  return exit == null ? '' : ` (${exit.signal ?? `status ${exit.code}`})`
}

/** What is told of a run in the report's page: the same, as entries. */
export function taleOf(log: LabLog, plan: Plan<TrySettings>): Tale {
  const found = findingsOf(log, plan)
  const warnings = [...untoldOf(log, plan, found), ...warningsOf(found)]
  const heartbeats = heartbeatLines(found)
  return {
    heading: 'What became of the program',
    entries: [
      ...(heartbeats.length === 0 ? [] : [{ term: 'heartbeats', lines: heartbeats }]),
      ...found.map((found) => ({
        term: found.id,
        lines: [
          ...linkLines(found),
          ...inOrder(found).flatMap((row) => rowLines(row, found, plan.settings).map((line) => line.trim())),
          ...(found.isWhole ? [`${whenWords(found)} ${recoveryWords(found)}`] : []),
          ...asideLines(found, plan.settings),
        ],
      })),
      ...(warnings.length === 0 ? [] : [{ term: 'warning', lines: warnings }]),
    ],
  }
}

/** From when that is counted. */
function whenWords({ countedFrom, mendedAt }: CaseFindings): string {
  return countedFrom < mendedAt ? 'since the fault' : 'afterwards'
}

function recoveryWords(found: CaseFindings): string {
  const { rows, recoveredAfterMs, recoveryWatchedMs, wentOn, survived, packetsMissed, retransmission } = found
  const hadConnections = rows.some(({ connections }) => connections.length > 0)
  const data = wentOn
    ? 'data had gone on flowing all the time'
    : recoveredAfterMs === null
      ? `nobody is served, in ${seconds(recoveryWatchedMs)}: ${notServedWords(found)}`
      : [
          `clients are served again after ${seconds(recoveredAfterMs)}${byWords(found.recoveredBy)}`,
          ...retransmissionWords(retransmission),
        ].join(': ')
  return [
    ...(hadConnections
      ? [survived ? 'the connections are still there' : 'the connections of before are gone']
      : []),
    data,
    ...(packetsMissed > 0 ? [`but ${packetsMissed} packets were too many to be captured`] : []),
  ].join('; ')
}

export function checkLine(check: Check, style: Style): string {
  const word = painted(check.verdict, VERDICT_WORDS[check.verdict], style)
  return `  ${word} ${check.formula || check.claim}: observed ${observedWords(check)}`
}

export function verdictText(checks: readonly Check[], style: Style): string {
  if (checks.length === 0) return "Nothing was expected, so nothing was judged: try --expect 'cut<10s'"
  const words = countWords(checks)
    .replace(/^1 checks/, '1 expectation')
    .replace('checks', 'expectations')
  const skipped = new Set(checks.filter(({ verdict }) => verdict === 'skipped').map(({ because }) => because))
  return [
    checks.some(({ verdict }) => verdict === 'fail') ? style.bad(words) : words,
    ...[...skipped].map((because) => style.dim(`  skipped: ${because}`)),
  ].join('\n')
}
