/**
 * Whether a connection has a heartbeat of its own: what TCP_INFO counts of data, looked at again and again. Segments
 * without data (acknowledgements, keepalive) are not counted; what is in them, or what the program makes of an answer
 * that does not come, nobody can see from outside.
 */
import type { DataCounts } from '../kernel/tcp-info.ts'
import { longDuration } from './duration.ts'

/** What was counted at a moment, in milliseconds of any clock. */
export interface Sample {
  atMs: number
  data: DataCounts
}

export interface Rhythm {
  /** Who sends first; null: nobody sent anything. */
  starts: 'it' | 'peer' | null
  /** How many times data went each way. */
  sent: number
  received: number
  /** The bytes of each sending of the end that starts, where they are the same each time; null: they differ. */
  bytes: number | null
  /** Between one and the next, where that is regular; null: it is not, or there were too few. */
  everyMs: number | null
  /** Something came back each time; null: nobody sent anything. */
  answered: boolean | null
}

/** Two pauses at least are needed to call them equal. */
const TIMES_MIN = 3
/** How much pauses may differ from their mean. */
const REGULAR = 0.3

type Way = 'out' | 'in'
interface Burst {
  atMs: number
  way: Way
  bytes: number
}

export function rhythmOf(samples: readonly Sample[]): Rhythm {
  const bursts = samples.slice(1).flatMap((sample, index) => burstsBetween(samples[index] as Sample, sample))
  const [first] = bursts
  const ofWay = (way: Way) => bursts.filter((burst) => burst.way === way)
  const counts = { sent: ofWay('out').length, received: ofWay('in').length }
  if (first === undefined) return { starts: null, ...counts, bytes: null, everyMs: null, answered: null }
  const asked = ofWay(first.way)
  const sizes = new Set(asked.map(({ bytes }) => bytes))
  return {
    starts: first.way === 'out' ? 'it' : 'peer',
    ...counts,
    bytes: sizes.size === 1 ? (asked[0]?.bytes ?? null) : null,
    everyMs: regularPause(asked, samples),
    answered: isAnswered(bursts, first.way),
  }
}

/** Within one pause between two looks, a question and its answer look like one moment: whose segments came first is not known. */
function burstsBetween(before: Sample, { atMs, data }: Sample): Burst[] {
  const out = data.segmentsOut - before.data.segmentsOut
  const into = data.segmentsIn - before.data.segmentsIn
  return [
    ...(out > 0 ? [{ atMs, way: 'out' as const, bytes: data.bytesOut - before.data.bytesOut }] : []),
    ...(into > 0 ? [{ atMs, way: 'in' as const, bytes: data.bytesIn - before.data.bytesIn }] : []),
  ]
}

function regularPause(asked: readonly Burst[], samples: readonly Sample[]): number | null {
  if (asked.length < TIMES_MIN) return null
  const pauses = asked.slice(1).map(({ atMs }, index) => atMs - (asked[index]?.atMs ?? 0))
  const meanMs = pauses.reduce((sum, pause) => sum + pause, 0) / pauses.length
  // No finer than we looked.
  const lookMs = ((samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0)) / (samples.length - 1)
  const mayDifferMs = Math.max(meanMs * REGULAR, 2 * lookMs)
  // As often as we looked is no rhythm that we could see.
  if (meanMs < 2 * lookMs) return null
  return pauses.every((pause) => Math.abs(pause - meanMs) <= mayDifferMs) ? meanMs : null
}

/** But for the last one, whose answer may be on its way. */
function isAnswered(bursts: readonly Burst[], way: Way): boolean {
  const asked = bursts.flatMap((burst, index) => (burst.way === way ? [index] : []))
  return (
    asked.slice(0, -1).every((index, count) => {
      const next = asked[count + 1] ?? bursts.length
      return bursts.slice(index + 1, next).length > 0
    }) &&
    (asked.length > 1 || bursts.length > 1)
  )
}

/** `sends 2 bytes every 10 s, answered`. */
export function rhythmWords(
  { starts, sent, received, bytes, everyMs, answered }: Rhythm,
  watchedMs: number,
): string {
  const watched = longDuration(watchedMs)
  if (starts === null) return `none seen in ${watched}: nobody sent anything`
  const [verb, times] = starts === 'it' ? ['sends', sent] : ['receives', received]
  const what = bytes === null ? 'data' : `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`
  const rhythm =
    everyMs === null ? `${times} times in ${watched}` : `every ${longDuration(roundedMs(everyMs))}`
  return `${verb} ${what} ${rhythm}, ${answered ? 'answered' : 'not answered'}`
}

/** As people set it. */
function roundedMs(ms: number): number {
  const step = ms < 10_000 ? 100 : 1000
  return Math.round(ms / step) * step
}
