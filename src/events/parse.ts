/**
 * Lines of an event file back to events. A line that is no event is a finding of its own, never a crash.
 */
import { basename } from 'node:path'
import * as v from 'valibot'
import { parseForeignJson } from '../foreign/json.ts'
import { ForeignFileError, linesOfRegular } from '../foreign/regular-file.ts'
import {
  type EventData,
  type EventName,
  envelope,
  type LabEvent,
  recordedEnvelope,
  vocabulary,
} from './vocabulary.ts'

/** Two hours of nine clients in containers have half of it; what is larger fills the memory of who reads it. */
export const LOG_BYTES_MAX = 256_000_000
/** The longest line of a program; no event of ours is as long. A file without line ends must not fill the memory. */
export const WRITTEN_LINE_BYTES_MAX = 65_536
/**
 * The same line as the recorder writes it: a byte that is no UTF-8 has become three, `1e20` is 21 digits, and
 * time and pid are added.
 */
const LINE_BYTES_MAX = 6 * WRITTEN_LINE_BYTES_MAX
/** A message of valibot quotes what it received. */
const PROBLEM_CHARACTERS_MAX = 200

/** What events were called by the versions before: their runs are read as well. */
const RENAMED: Readonly<Record<string, EventName>> = {
  'session:started': 'http-session:started',
  'session:continued': 'http-session:continued',
  'session:refused': 'http-session:denied',
}

/** An event as its program wrote it: without what the recorder adds. */
export type WrittenEvent = Omit<LabEvent, 'time' | 'outerPid'>

/** What is wrong with a line, in words for whoever wrote the program. */
export interface BadLine {
  problem: string
}

/** Reads one line of a program's event file. */
export function parseEvent(line: string): WrittenEvent | BadLine {
  let value: unknown
  try {
    value = parseForeignJson(line)
  } catch {
    return { problem: 'expected one JSON object a line; did the program print to its event file?' }
  }
  const outer = v.safeParse(envelope, value)
  if (!outer.success)
    return { problem: `expected the envelope of src/events/vocabulary.ts: ${wording(outer)}` }
  return withData(outer.output, (name) => `expected the data of "${name}"`)
}

/** Reads one line of a run's `events.ndjson`: with what the recorder added. */
export function parseRecorded(line: string): LabEvent | BadLine {
  let value: unknown
  try {
    value = parseForeignJson(line)
  } catch {
    return { problem: 'is damaged or cut short: it is not JSON of ours' }
  }
  const outer = v.safeParse(recordedEnvelope, withNameOfToday(value))
  if (!outer.success) return { problem: `is no event of this version: ${wording(outer)}` }
  return withData(outer.output, (name) => `is no ${name} of this version`)
}

function withNameOfToday(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('name' in value)) return value
  const name = String(value.name)
  return Object.hasOwn(RENAMED, name) ? { ...value, name: RENAMED[name] } : value
}

function withData(
  event: { name: EventName; data?: unknown },
  problem: (name: EventName) => string,
): LabEvent | BadLine {
  const inner = v.safeParse(vocabulary[event.name], event.data)
  if (!inner.success) return { problem: `${problem(event.name)}: ${wording(inner)}` }
  return { ...event, data: inner.output } as unknown as LabEvent
}

function wording(result: { issues: readonly v.BaseIssue<unknown>[] | undefined }): string {
  const issue = result.issues?.[0]
  if (issue === undefined) return 'it does not fit'
  const path = v.getDotPath(issue)
  const words = path === null ? issue.message : `${path}: ${issue.message}`
  return words.slice(0, PROBLEM_CHARACTERS_MAX)
}

/** A line of a run's log, with the names of today, and as an event; or what is wrong with it. */
export type LogLine = { line: string; event: LabEvent } | (BadLine & { number: number })

/** A run's `events.ndjson`, line by line. @throws as {@link linesOfRegular} */
export function* readLogLines(file: string): Generator<LogLine> {
  let number = 0
  for (const line of linesOfRegular(file, { bytesMax: LOG_BYTES_MAX, lineBytesMax: LINE_BYTES_MAX })) {
    number += 1
    if (line === '') continue
    const event = line === null ? { problem: 'is too long' } : parseRecorded(line)
    if ('problem' in event) yield { ...event, number }
    else yield { line: line?.includes(`"${event.name}"`) ? line : JSON.stringify(event), event }
  }
}

/**
 * Reads a run's `events.ndjson`, in order of time.
 * @throws as {@link linesOfRegular}; ForeignFileError too when a line is no event
 */
export function readLog(file: string): LabEvent[] {
  const events: LabEvent[] = []
  for (const one of readLogLines(file)) {
    if ('problem' in one) throw new ForeignFileError(`line ${one.number} ${one.problem}`)
    events.push(one.event)
  }
  return events.sort(inOrder)
}

/**
 * The same for a run that has just ended, and whose report must not be lost for a line: what is no event is told
 * by one, after the line before it.
 * @throws as {@link linesOfRegular}
 */
export function readOwnLog(file: string): LabEvent[] {
  const events: LabEvent[] = []
  const refused: { line: number; problem: string; after: number }[] = []
  for (const one of readLogLines(file)) {
    if ('problem' in one) refused.push({ line: one.number, problem: one.problem, after: events.length - 1 })
    else events.push(one.event)
  }
  const told = refused.flatMap(({ line, problem, after }) => {
    const stamp = events[Math.max(0, after)]
    if (stamp === undefined) return []
    const data = { file: basename(file), line, problem, excerpt: '' }
    return [{ ...lineRefused(stamp, line, data), time: stamp.time } as LabEvent]
  })
  return [...events, ...told].sort(inOrder)
}

/** What stands in a log for a line that is no event. */
export function lineRefused(
  { mono, run, lab }: Pick<LabEvent, 'mono' | 'run' | 'lab'>,
  seq: number,
  data: EventData<'recorder:line_refused'>,
): WrittenEvent {
  const program = 'recorder'
  const who = { host: program, program, incarnation: 1, pid: process.pid, seq }
  return { mono, run, lab, ...who, name: 'recorder:line_refused', data }
}

/** By the shared clock; events of one process never change places, even with equal stamps. */
export function inOrder(one: WrittenEvent, other: WrittenEvent): number {
  const between = BigInt(one.mono) - BigInt(other.mono)
  if (between !== 0n) return between < 0n ? -1 : 1
  return one.pid === other.pid ? one.seq - other.seq : one.pid - other.pid
}
