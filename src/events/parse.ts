/**
 * Lines of an event file back to events. A line that is no event is a finding of its own, never a crash.
 */
import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { envelope, type LabEvent, vocabulary } from './vocabulary.ts'

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
    value = JSON.parse(line)
  } catch {
    return { problem: 'expected one JSON object a line; did the program print to its event file?' }
  }
  const outer = v.safeParse(envelope, value)
  if (!outer.success)
    return { problem: `expected the envelope of src/events/vocabulary.ts: ${wording(outer)}` }
  const inner = v.safeParse(vocabulary[outer.output.name], outer.output.data)
  if (!inner.success) return { problem: `expected the data of "${outer.output.name}": ${wording(inner)}` }
  return { ...outer.output, data: inner.output } as WrittenEvent
}

function wording(result: { issues: readonly v.BaseIssue<unknown>[] | undefined }): string {
  const issue = result.issues?.[0]
  if (issue === undefined) return 'it does not fit'
  const path = v.getDotPath(issue)
  return path === null ? issue.message : `${path}: ${issue.message}`
}

/**
 * Reads a run's `events.ndjson`, in order of time.
 * @throws what reading the file throws; SyntaxError when a line is not JSON
 */
export function readLog(file: string): LabEvent[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  const events = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as LabEvent)
  return events.sort(inOrder)
}

/** By the shared clock; events of one process never change places, even with equal stamps. */
export function inOrder(one: WrittenEvent, other: WrittenEvent): number {
  const between = BigInt(one.mono) - BigInt(other.mono)
  if (between !== 0n) return between < 0n ? -1 : 1
  return one.pid === other.pid ? one.seq - other.seq : one.pid - other.pid
}
