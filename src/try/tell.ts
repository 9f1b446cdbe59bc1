/** What a try found, as text: a table for whoever wants to know how long, and fault by fault why. */

import { otherRole, type Role, roles } from '../events/host-names.ts'
import { killWords } from '../events/killed.ts'
import { type Check, countWords, observedWords } from '../lab/checks.ts'
import type { LabLog } from '../lab/log.ts'
import type { Style, Tale } from '../lab/tale.ts'
import { painted, type Told, VERDICT_WORDS } from '../lab/tell.ts'
import type { Plan } from '../plan/plan.ts'
import { shortTime, signMeanings, signOf, Waits } from '../view/viewer/signs.ts'
import { strikesNeither } from './faults.ts'
import { type CaseFindings, type ConnectionFindings, type EndFindings, findingsOf } from './findings.ts'
import type { TrySettings } from './request.ts'
import { notServedWords, triggerWords } from './words.ts'

const NAME_WIDTH = 10
const COLUMN_WIDTH = 13
/** More do not fit a line of 80 columns; the rest goes into another table. */
const COLUMNS_MAX = 5
/** Connections of one end that are told; a pool has many alike. */
const CONNECTIONS_TOLD = 3

/** What cells say beside signs. */
const WORDS = [
  ['quiet', 'no change of belief for the whole watch'],
  ['(struck)', 'the fault ended it'],
  ['no data', 'after the fault neither end sent any'],
  ['never', 'after the fault no client was served, for as long as was watched'],
  ['went on', 'the fault stopped nobody: data arrived while it lasted'],
] as const

export function tellTry({ log, plan, checks }: Told, style: Style): string {
  const found = findingsOf(log, plan as Plan<TrySettings>)
  return [
    tableText(found, style),
    ...found.map((one) => caseText(one, checks, plan, style)),
    [...killsOf(log), ...warningsOf(found)]
      .map((warning) => style.doubtful(`warning: ${warning}`))
      .join('\n'),
    verdictText(checks, style),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** Who noticed, and after how many seconds; and what came back. */
function tableText(found: readonly CaseFindings[], style: Style): string {
  const tables: string[] = []
  for (let at = 0; at < found.length; at += COLUMNS_MAX) {
    const some = found.slice(at, at + COLUMNS_MAX)
    const row = (name: string, cell: (one: CaseFindings) => string) =>
      `${name.padEnd(NAME_WIDTH)} ${some.map((one) => cell(one).padEnd(COLUMN_WIDTH)).join('')}`.trimEnd()
    tables.push(
      [
        style.bold(row('', ({ id }) => id)),
        row('client', (one) => noticedText(one, 'client')),
        row('server', (one) => noticedText(one, 'server')),
        row('back after', backText),
      ].join('\n'),
    )
  }
  const text = tables.join('\n\n')
  // Programs of others do not say how long they wait.
  const used = signMeanings((sign) => text.includes(` ${sign} `), new Waits())
  return [
    'Who notices, and after how many seconds? And when are clients served again?',
    text,
    ...[...used, ...WORDS.filter(([word]) => text.includes(word))].map(([sign, meaning]) =>
      style.dim(`  ${sign.padEnd(4)} ${meaning}`),
    ),
  ].join('\n')
}

function backText({ wentOn, recoveredAfterMs, wasSilent }: CaseFindings): string {
  if (wentOn) return 'went on'
  return recoveredAfterMs !== null ? shortTime(recoveredAfterMs) : wasSilent ? 'no data' : 'never'
}

function noticedText({ struck, ends }: CaseFindings, role: Role): string {
  const { noticed, exit } = ends[role]
  if (role === struck && exit !== null) return '(struck)'
  return noticed === null ? 'quiet' : `${signOf(noticed.by, 'down', '')} ${shortTime(noticed.afterMs)}`
}

function caseText(found: CaseFindings, checks: readonly Check[], plan: Plan, style: Style): string {
  const { id, ends, struck } = found
  const own = checks.filter((check) => check.id.startsWith(`${id}/`))
  return [
    `${style.bold(id)}: ${plan.promises[id] ?? ''}`,
    style.dim(`  seen: ${found.verifiedBy}`),
    ...([otherRole(struck), struck] as const).flatMap((role) => endLines(ends[role], found)),
    `  afterwards ${recoveryWords(found)}`,
    ...own.map((check) => checkLine(check, style)),
  ].join('\n')
}

function killsOf(log: LabLog): string[] {
  return log.all('host:killed').map((kill) => `${killWords(kill)}: what was seen there counts for nothing`)
}

/** Once for each end, since a program sets its sockets the same way whatever goes wrong. */
function warningsOf(found: readonly CaseFindings[]): string[] {
  return roles.flatMap((role) => {
    const cases = found.filter(({ unwatched }) => unwatched.includes(role)).map(({ id }) => id)
    return cases.length === 0
      ? []
      : [
          `the ${role} has set neither keepalive nor a user timeout and writes nothing (${cases.join(', ')}): its kernel would believe for ever`,
        ]
  })
}

/** What is told of a run in the report's page: the same, as entries. */
export function taleOf(log: LabLog, plan: Plan<TrySettings>): Tale {
  const found = findingsOf(log, plan)
  const warnings = [...killsOf(log), ...warningsOf(found)]
  return {
    heading: 'What became of the program',
    entries: [
      ...found.map((found) => ({
        term: found.id,
        lines: [
          ...([otherRole(found.struck), found.struck] as const).flatMap((role) =>
            endLines(found.ends[role], found).map((line) => line.trim()),
          ),
          `afterwards ${recoveryWords(found)}`,
        ],
      })),
      ...(warnings.length === 0 ? [] : [{ term: 'warning', lines: warnings }]),
    ],
  }
}

function endLines(end: EndFindings, found: CaseFindings): string[] {
  const { watchedMs, fault } = found
  const isStruck = end.end === found.struck && !strikesNeither(fault)
  const { noticed, connections, connectionsLeft, exit, saidAfterMs, hasGhost } = end
  if (isStruck && exit !== null)
    return [`  ${end.end} (struck) was there no more after ${seconds(exit.afterMs)}`]
  const noticing =
    noticed === null
      ? `notices nothing, in ${seconds(watchedMs)}${hasGhost ? ': it believes in a ghost' : ''}`
      : `after ${seconds(noticed.afterMs)}: ${triggerWords(noticed.by)}`
  const lost = connections.length - connectionsLeft
  const details = [
    ...(connections.length > 1 && lost > 0 && connectionsLeft > 0
      ? [`${lost} of ${connections.length} connections given up, ${connectionsLeft} left`]
      : []),
    ...(saidAfterMs === null ? [] : [`it said so after ${seconds(saidAfterMs)}`]),
    ...(exit === null
      ? []
      : [`${exit.program} ended after ${seconds(exit.afterMs)} (${exit.signal ?? `status ${exit.code}`})`]),
  ]
  return [
    `  ${end.end}${isStruck ? ' (struck)' : ''} ${[noticing, ...details].join('; ')}`,
    ...connections.slice(0, CONNECTIONS_TOLD).map((one) => `    ${connectionWords(one, watchedMs)}`),
    ...(connections.length > CONNECTIONS_TOLD
      ? [`    and ${connections.length - CONNECTIONS_TOLD} more connections`]
      : []),
  ]
}

function connectionWords(
  { local, remote, options, timer, kernelEnd, wrote }: ConnectionFindings,
  watchedMs: number,
) {
  const kernel =
    kernelEnd === null
      ? `ESTABLISHED all ${seconds(watchedMs)}`
      : `ESTABLISHED until ${seconds(kernelEnd.afterMs)}, then ${kernelEnd.state}`
  return `${local} to ${remote}, ${writingWords(wrote)}; ${optionWords(options, timer)}; kernel: ${kernel}`
}

function writingWords({ before, during }: ConnectionFindings['wrote']): string {
  if (before) return during ? 'writing' : 'writing until the fault'
  return during ? 'idle before the fault' : 'idle'
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
  const { ends, recoveredAfterMs, recoveryWatchedMs, wentOn, survived, packetsMissed } = found
  const hadConnections = ends.client.connections.length + ends.server.connections.length > 0
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

function checkLine(check: Check, style: Style): string {
  const word = painted(check.verdict, VERDICT_WORDS[check.verdict], style)
  return `  ${word} ${check.formula || check.claim}: observed ${observedWords(check)}`
}

function verdictText(checks: readonly Check[], style: Style): string {
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
