/** What the lab prints: three policies side by side, then several limits side by side. */
import { cellOf } from '../../src/lab/cell.ts'
import type { Check } from '../../src/lab/checks.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { isNew, sent } from '../../src/lab/packets.ts'
import { alignedTable, paragraphs, titledTable } from '../../src/lab/table.ts'
import type { Style } from '../../src/lab/tale.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { type LateSettings, LIMITS_MS, limitRow } from './conditions.ts'
import { type Cell, type Conversation, conversationOf } from './conversation.ts'
import { portsOf, synsSent } from './kernels.ts'
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
  return limitMs <= 250 ? 'wrong only where heartbeats are lost.' : 'rarely wrong, and late.'
}

export function table(log: LabLog, plan: Plan<LateSettings>, checks: readonly Check[], style: Style): string {
  return paragraphs([answersTable(log, plan, checks, style), limitsTable(log, plan, style)])
}

/** The same in the opposite order: a screen ends with the policies. */
export function board(log: LabLog, plan: Plan<LateSettings>, checks: readonly Check[], style: Style): string {
  return paragraphs([limitsTable(log, plan, style), answersTable(log, plan, checks, style)])
}

function answersTable(log: LabLog, plan: Plan<LateSettings>, checks: readonly Check[], style: Style): string {
  const rows = plan.cells.flatMap((id) => {
    const cell = cellOf(log, plan, id)
    const talk = cell && conversationOf(cell)
    return talk === null ? [] : [answerRow(talk, checks)]
  })
  const title = 'A late answer, and what the client does at "down" (seconds from the first delay)'
  return titledTable(title, rows, style, [
    ['', 'answer', 'TCP', '', '', 'up', 'SYNs', 'the answer'],
    ['', 'comes', 'repeats', 'suspect', 'down', 'again', 'sent', 'meets'],
  ])
}

function answerRow({ cell, client, anew, stall, since }: Conversation, checks: readonly Check[]): string[] {
  const at = (event: { time: number } | undefined) =>
    event === undefined ? '-' : ((event.time - since.from) / 1000).toFixed(2)
  const packets = sent(client.packets(stall))
  const syns = synsSent(cell, since)
  const connected = anew?.first('tcp:connected')
  return [
    cell.id,
    at({ time: stall.to }),
    packets === null ? '?' : at(packets.find((packet) => !isNew(packet))),
    at(client.became('suspect', since)),
    at(client.became('down', since)),
    connected === undefined ? at(client.became('up', since)) : `${at(connected)} new`,
    syns === null ? '?' : String(portsOf(syns)),
    meets(cell, checks),
  ]
}

function meets({ id, row }: Cell, checks: readonly Check[]): string {
  if (row === 'forgive') return 'program'
  const resets = checks.find((check) => check.id === `${id}/late-meets-rst`)
  if (resets === undefined || resets.verdict === 'skipped') return 'not seen'
  const { value } = resets.observed
  return typeof value === 'number' ? `${value} RST` : 'RST'
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
    ...alignedTable([
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
