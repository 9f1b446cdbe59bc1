/** Reads the same processes again and again, to see whether their programs have a heartbeat of their own. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectionReport, Reading } from './read.ts'
import { type Rhythm, rhythmOf, type Sample } from './rhythm.ts'

/** How often within the time; but no faster than the machine can be asked without being kept busy. */
const LOOKS = 200
const PAUSE_MIN_MS = 50

export interface Watched {
  /** The last reading. */
  reading: Reading
  watchedMs: number
  rhythms: ReadonlyMap<ConnectionReport, Rhythm>
}

/**
 * @param first what was read already
 * @param again reads the same processes; connections that come or go meanwhile have no rhythm
 */
export async function watch(
  first: Reading,
  again: () => Promise<Reading>,
  watchMs: number,
): Promise<Watched> {
  const samples = new Map<string, Sample[]>()
  for (const [key, { facts }] of connectionsOf(first)) {
    if (facts.reading?.data) samples.set(key, [{ atMs: performance.now(), data: facts.reading.data }])
  }
  const endMs = performance.now() + watchMs
  const pauseMs = Math.max(PAUSE_MIN_MS, watchMs / LOOKS)
  let reading = first
  while (performance.now() < endMs) {
    await sleep(Math.min(pauseMs, endMs - performance.now()))
    const atMs = performance.now()
    reading = await again()
    for (const [key, { facts }] of connectionsOf(reading)) {
      if (facts.reading?.data) samples.get(key)?.push({ atMs, data: facts.reading.data })
    }
  }
  const rhythms = new Map<ConnectionReport, Rhythm>()
  for (const [key, report] of connectionsOf(reading)) {
    const of = samples.get(key)
    if (of !== undefined && of.length > 1) rhythms.set(report, rhythmOf(of))
  }
  return { reading, watchedMs: watchMs, rhythms }
}

function* connectionsOf({ processes }: Reading): Generator<[key: string, report: ConnectionReport]> {
  for (const { pid, connections } of processes) {
    for (const one of connections) yield [`${pid} ${one.descriptor} ${one.local} ${one.remote}`, one]
  }
}
