/** What became of one program under one fault, in words. */
import { longDuration } from '../forecast/duration.ts'
import { roundedMs } from '../forecast/rhythm.ts'
import { printable } from '../foreign/printable.ts'
import { shortened } from '../foreign/shortened.ts'
import { keepaliveGiveUp } from '../kernel/give-up.ts'
import { seconds } from './durations.ts'
import type { CaseFindings } from './findings.ts'
import type { TrySettings } from './request.ts'
import type { ConnectionFindings, RowFindings } from './row-findings.ts'
import { isStruck, wasEnded } from './table.ts'
import { triggerWords } from './words.ts'

/** Connections of one end that are told; a pool has many alike. */
const CONNECTIONS_TOLD = 3

/** What became of it, in a sentence, and its connections. */
export function rowLines(row: RowFindings, found: CaseFindings, { down }: TrySettings): string[] {
  const { watchedMs } = found
  const { name, noticed, connections, exit, endedBefore, hasTalked } = row
  const who = `  ${name}${isStruck(row, found) ? ' (struck)' : ''}`
  if (exit !== null && wasEnded(row, found))
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

function ghostWords({ hasGhost, connections, hasDatagrams }: RowFindings): string {
  if (connections.length === 0 && !hasDatagrams) return '; it held no connection when the fault came'
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
    ...missedWords(row),
    ...icmpWords(row),
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

/** What had come in a rhythm, and came no more. */
function missedWords({ heartbeats }: RowFindings): string[] {
  const missed = heartbeats.find(({ missedMs }) => missedMs !== null)
  if (missed === undefined) return []
  const { missedMs, rhythm } = missed
  const every = longDuration(roundedMs(rhythm.everyMs ?? 0))
  const what =
    rhythm.starts === 'it'
      ? `no answer to what it sends every ${every}`
      : `nothing of what had come every ${every}`
  return [`for ${seconds(missedMs ?? 0)} ${what}`]
}

/** Where no program was seen to hear of them: nobody noticed, or the kernel gave up in the end. */
function icmpWords({ icmpErrors, noticed }: RowFindings): string[] {
  if (icmpErrors === null || (noticed !== null && noticed.by !== 'kernel_gave_up')) return []
  const { count, afterMs, what } = icmpErrors
  const messages = count === 1 ? '1 ICMP error' : `${count} ICMP errors`
  return [
    `${messages} (${what.map((one) => printable(one)).join(', ')}) had reached its host since ${seconds(afterMs)}, and no program was seen to hear of them`,
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
