/** What the lab prints: three policies side by side, then several limits side by side. */
import type { Check } from '../../src/lab/checks.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import type { Style } from '../../src/lab/tale.ts'
import { type LateSettings, LIMITS_MS, limitRow, policies, rowsOf } from './conditions.ts'
import { type Conversation, conversationOf, isSyn, packetsOf } from './conversation.ts'
import { type MeasuredLimit, type MeasuredMistakes, measuredLimits } from './measured.ts'

export const LESSONS: Readonly<Record<string, string>> = {
  forgive: 'doubts, hears the late answer, and goes on: nothing was lost.',
  close: 'the late answer meets RST; nobody ever sends a SYN by itself.',
  reconnect: 'the program sends the SYN; it waits on the same slow way.',
  heartbeats: 'what all limits hear: the same arrivals.',
  ...Object.fromEntries(LIMITS_MS.map((limitMs) => [limitRow(limitMs), lessonOf(limitMs)])),
}

function lessonOf(limitMs: number): string {
  if (limitMs <= 180) return 'soon, and wrong by jitter alone.'
  return limitMs <= 250 ? 'wrong only where heartbeats are lost.' : 'seldom wrong, and late.'
}

export function matrix(
  log: LabLog,
  plan: Plan<LateSettings>,
  checks: readonly Check[],
  style: Style,
): string {
  return [answersTable(log, plan, checks, style), limitsTable(log, plan, style)].filter(Boolean).join('\n\n')
}

/** The same the other way round: the policies are what a screen ends with. */
export function board(log: LabLog, plan: Plan<LateSettings>, checks: readonly Check[], style: Style): string {
  return [limitsTable(log, plan, style), answersTable(log, plan, checks, style)].filter(Boolean).join('\n\n')
}

function answersTable(log: LabLog, plan: Plan<LateSettings>, checks: readonly Check[], style: Style): string {
  const rows = ['in-time', 'doubted', 'late', 'frozen'].flatMap((caseId) =>
    rowsOf(plan, caseId, policies).flatMap((policy) => {
      const talk = conversationOf(log, caseId, policy)
      return talk === null ? [] : [answerRow(log, talk, checks)]
    }),
  )
  if (rows.length === 0) return ''
  return [
    style.bold('A late answer, and what the client does at "down" (seconds from the first delay)'),
    ...aligned([
      ['', 'answer', 'TCP sends', '', '', 'up', 'SYNs', 'the late'],
      ['', 'comes', 'again', 'suspect', 'down', 'again', 'sent', 'answer meets'],
      ...rows,
    ]),
  ].join('\n')
}

function answerRow(log: LabLog, talk: Conversation, checks: readonly Check[]): string[] {
  const { caseId, policy, from, to, client, server, groupId, anewId, beliefs, captured, end } = talk
  const at = (time: number | undefined) => (time === undefined ? '-' : ((time - from) / 1000).toFixed(2))
  const became = (belief: string) => beliefs.find(({ data }) => data.new === belief)?.time
  const again = packetsOf(log, client, 'sent', talk, { groupId, from, to }).find(
    ({ data }) => data.kind === 'retransmission',
  )
  const anew =
    anewId === null
      ? undefined
      : log.all('tcp:connected', { host: client, from, to: end }).find((event) => event.group_id === anewId)
  const syns = [client, server].flatMap((host) => packetsOf(log, host, 'sent', talk, { from }).filter(isSyn))
  const resets = checks.find(({ id }) => id === `${caseId}/${policy}/late-meets-rst`)
  const meets =
    policy === 'forgive'
      ? 'the program'
      : resets === undefined
        ? 'not seen here'
        : typeof resets.observed.value === 'number'
          ? `${resets.observed.value} RST`
          : 'RST, says relay'
  return [
    `${caseId}/${policy}`,
    at(to),
    captured ? at(again?.time) : '?',
    at(became('suspect')),
    at(became('down')),
    anew === undefined ? at(became('up')) : `${at(anew.time)} new`,
    captured ? String(new Set(syns.map(({ data }) => data.source)).size) : '?',
    meets,
  ]
}

function limitsTable(log: LabLog, plan: Plan<LateSettings>, style: Style): string {
  const limits = measuredLimits(log, plan)
  const [first] = limits
  const traffic = (first?.crash ?? first?.jitter ?? first?.lossy)?.traffic
  if (traffic === undefined) return ''
  return [
    style.bold(
      `Several limits, the same arrivals: a heartbeat every ${Math.round(traffic.intervalMs)} ms, delays 0 to ${traffic.jitterMs} ms`,
    ),
    '(in brackets what chance says)',
    ...aligned([
      ['limit', 'crash suspected', 'wrong, no loss:', '', 'wrong, loss 10 %:', ''],
      ['ms', 'after ms (worst)', 'once in s', 'for ms', 'once in s', 'for ms'],
      ...limits.map(limitRowOf),
    ]),
    'As a picture: limits.svg, among the files of this run.',
  ].join('\n')
}

function limitRowOf({ limitMs, crash, jitter, lossy }: MeasuredLimit): string[] {
  const detected =
    crash === null
      ? '?'
      : `${Math.round(crash.meanMs)} [${Math.round(crash.theoryMs)}] (${Math.round(crash.worstMs)})`
  return [String(limitMs), detected, ...mistakesWords(jitter), ...mistakesWords(lossy)]
}

function mistakesWords(measured: MeasuredMistakes | null): [recurrence: string, duration: string] {
  if (measured === null) return ['?', '?']
  const { count, theory, durationMs, watchedMs } = measured
  const seconds = (ms: number) => (ms / 1000).toFixed(ms < 100_000 ? 2 : 0)
  const every = measured.recurrenceMs ?? (count === 0 ? null : watchedMs)
  return [
    `${every === null ? 'never' : seconds(every)} [${theory.recurrenceMs === null ? 'never' : seconds(theory.recurrenceMs)}]`,
    `${durationMs === null ? '-' : Math.round(durationMs)} [${theory.durationMs === null ? '-' : Math.round(theory.durationMs)}]`,
  ]
}

/** Columns as wide as what is in them. */
function aligned(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
