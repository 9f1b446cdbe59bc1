/** What a try found, as text: a table for whoever wants to know how long, and fault by fault why. */

import { killWords } from '../events/killed.ts'
import { longDuration } from '../forecast/duration.ts'
import { printable } from '../foreign/printable.ts'
import { shortened } from '../foreign/shortened.ts'
import { keepaliveGiveUp } from '../kernel/give-up.ts'
import { type Check, countWords, observedWords } from '../lab/checks.ts'
import { problemOf } from '../lab/judging.ts'
import type { LabLog } from '../lab/log.ts'
import type { Style, Tale } from '../lab/tale.ts'
import { painted, type Told, VERDICT_WORDS } from '../lab/tell.ts'
import type { Plan } from '../plan/plan.ts'
import { type CaseFindings, findingsOf } from './findings.ts'
import type { TrySettings } from './request.ts'
import type { ConnectionFindings, RowFindings } from './row-findings.ts'
import { faultRows, headText, isStruck, legendLines, TABLE_QUESTION, tableLines } from './table.ts'
import { notServedWords, triggerWords } from './words.ts'

/** Connections of one end that are told; a pool has many alike. */
const CONNECTIONS_TOLD = 3

export function tellTry({ log, plan, checks }: Told, style: Style): string {
  const settled = plan as Plan<TrySettings>
  const found = findingsOf(log, settled)
  return [
    tableText(found, style),
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
    ...(found.rows.length > 2 ? [`  ${headText(found)} clients noticed`] : []),
    ...inOrder(found).flatMap((row) => rowLines(row, found, plan.settings)),
    ...(isWhole ? [`  afterwards ${recoveryWords(found)}`] : []),
    ...own.map((check) => checkLine(check, style)),
  ].join('\n')
}

function struckAfterLines({ struckAfter }: CaseFindings): string[] {
  if (struckAfter === null) return []
  const { name, line, afterMs } = struckAfter
  return [`  struck ${(afterMs / 1000).toFixed(2)} s after ${name} printed "${shortened(printable(line))}"`]
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
  const names = found[0]?.rows.map(({ name }) => name) ?? []
  return names.flatMap((name) => {
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
        casesOf((row) => row.endedBefore === null && !row.counts && !row.hasTalked),
        `${name} was seen to talk to nobody before the fault, and counts for no rule: give it more time with --connect-within`,
      ),
      ...warn(
        casesOf((_, one) => one.unwatched.includes(name)),
        `${name} has set neither keepalive nor a user timeout and writes nothing: its kernel would believe for ever`,
      ),
    ]
  })
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
  return {
    heading: 'What became of the program',
    entries: [
      ...found.map((found) => ({
        term: found.id,
        lines: [
          ...inOrder(found).flatMap((row) => rowLines(row, found, plan.settings).map((line) => line.trim())),
          ...(found.isWhole ? [`afterwards ${recoveryWords(found)}`] : []),
        ],
      })),
      ...(warnings.length === 0 ? [] : [{ term: 'warning', lines: warnings }]),
    ],
  }
}

function rowLines(row: RowFindings, found: CaseFindings, { down }: TrySettings): string[] {
  const { watchedMs } = found
  const { name, noticed, connections, exit, endedBefore, hasTalked } = row
  const who = `  ${name}${isStruck(row, found) ? ' (struck)' : ''}`
  if (isStruck(row, found) && exit !== null)
    return [`${who} was there no more after ${seconds(exit.afterMs)}`]
  if (endedBefore !== null && noticed === null) return [`${who} had ended before the fault`]
  if (!hasTalked && noticed === null) return [`${who} has talked to nobody, as far as was seen`]
  const noticing =
    noticed === null
      ? `notices nothing, in ${seconds(watchedMs)}${ghostWords(row)}`
      : `after ${seconds(noticed.afterMs)}: ${triggerWords(noticed.by)}${noticed === row.signs.says ? `: ${quoted(row)}` : ''}`
  return [
    `${who} ${[noticing, ...laterWords(row, down !== null, watchedMs)].join('; ')}`,
    ...connections.slice(0, CONNECTIONS_TOLD).map((one) => `    ${connectionWords(one, watchedMs)}`),
    ...(connections.length > CONNECTIONS_TOLD
      ? [`    and ${connections.length - CONNECTIONS_TOLD} more connections`]
      : []),
  ]
}

function ghostWords({ hasGhost, connections }: RowFindings): string {
  if (connections.length === 0) return '; it held no connection when the fault came'
  return hasGhost ? ': it believes in a ghost' : ''
}

function quoted({ said }: RowFindings): string {
  return `"${shortened(printable(said ?? ''))}"`
}

/** What came after the first sign, and what did not. */
function laterWords(row: RowFindings, wordsGiven: boolean, watchedMs: number): string[] {
  const { noticed, signs, connections, connectionsLeft, exit, name } = row
  const lost = connections.length - connectionsLeft
  const { loses, says } = signs
  const toldNothing = loses !== null && says === null && exit === null && wordsGiven
  return [
    ...(connections.length > 1 && lost > 0 && connectionsLeft > 0
      ? [`${lost} of ${connections.length} connections given up, ${connectionsLeft} left`]
      : []),
    ...(says === null || says === noticed
      ? []
      : [`it said so after ${seconds(says.afterMs)}: ${quoted(row)}`]),
    ...(toldNothing ? [`it told its user nothing, in ${seconds(watchedMs)}`] : []),
    ...(row.silence === null
      ? []
      : [
          `it had printed every ${seconds(row.silence.everyMs)}, and printed nothing for the last ${seconds(row.silence.forMs)}`,
        ]),
    ...(exit === null
      ? []
      : [`${name} ended after ${seconds(exit.afterMs)} (${exit.signal ?? `status ${exit.code}`})`]),
  ]
}

function connectionWords(one: ConnectionFindings, watchedMs: number) {
  const { local, remote, options, timer, kernelEnd, wrote } = one
  const kernel =
    kernelEnd === null
      ? `ESTABLISHED all ${seconds(watchedMs)}${patienceWords(one)}`
      : `ESTABLISHED until ${seconds(kernelEnd.afterMs)}, then ${kernelEnd.state}`
  return `${local} to ${remote}, ${writingWords(wrote)}; ${optionWords(options, timer)}; kernel: ${kernel}`
}

function writingWords({ before, during }: ConnectionFindings['wrote']): string {
  if (before) return during ? 'writing' : 'writing until the fault'
  return during ? 'idle before the fault' : 'idle'
}

/** Of an idle connection on which keepalive asks: how long its kernel would have believed at most. */
function patienceWords({ options, wrote }: ConnectionFindings): string {
  if (options === null || !options.keepalive || options.userTimeoutMs > 0) return ''
  if (wrote.before || wrote.during) return ''
  const { keepaliveIdleMs: idleMs, keepaliveIntervalMs: intervalMs, keepaliveProbes: probes } = options
  const { maxMs } = keepaliveGiveUp({ idleMs, intervalMs, probes })
  return `; if nothing answers, it gives up after ${longDuration(maxMs)} at most`
}

function optionWords(options: ConnectionFindings['options'], timer: string): string {
  if (options === null) return `timer ${timer}`
  const { keepalive, keepaliveIdleMs, keepaliveIntervalMs, keepaliveProbes, userTimeoutMs } = options
  const parts = [
    keepalive
      ? `keepalive ${seconds(keepaliveIdleMs)}, then ${keepaliveProbes} x ${seconds(keepaliveIntervalMs)}`
      : 'no keepalive',
    userTimeoutMs === 0 ? 'no user timeout' : `user timeout ${seconds(userTimeoutMs)}`,
  ]
  return parts.join(', ')
}

function recoveryWords(found: CaseFindings): string {
  const { rows, recoveredAfterMs, recoveryWatchedMs, wentOn, survived, packetsMissed } = found
  const hadConnections = rows.some(({ connections }) => connections.length > 0)
  const data = wentOn
    ? 'data had gone on flowing all the time'
    : recoveredAfterMs === null
      ? `nobody is served, in ${seconds(recoveryWatchedMs)}: ${notServedWords(found)}`
      : `clients are served again after ${seconds(recoveredAfterMs)}`
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

function seconds(ms: number): string {
  return ms >= 100_000
    ? `${Math.round(ms / 1000)} s`
    : `${(ms / 1000).toFixed(ms < 9950 && ms % 1000 !== 0 ? 1 : 0)} s`
}
