/**
 * Whether a connection has a heartbeat of its own, found in when data went which way: in what TCP_INFO counts of it,
 * looked at again and again, or in captured packets. Segments without data (acknowledgements, keepalive) are not
 * counted.
 */
import type { DataCounts } from '../kernel/tcp-info.ts'
import { longDuration } from './duration.ts'

/** What was counted at a moment, in milliseconds of any clock. */
export interface Sample {
  atMs: number
  data: DataCounts
}

export interface Rhythm {
  /** Who sends by itself; null: nobody sent anything. */
  starts: 'it' | 'peer' | null
  /** How many times data went each way. */
  sent: number
  received: number
  /** The bytes of each sending of the end that starts, where they are the same each time; null: they differ. */
  bytes: number | null
  /** Between one and the next, where that is regular; null: it is not, or there were too few. */
  everyMs: number | null
  /** Something came back each time; null: nobody sent anything, or it is not known. */
  answered: boolean | null
}

/** Two pauses at least are needed to call them equal. */
export const TIMES_MIN = 3
/** How much pauses may differ from their mean. */
const REGULAR = 0.3

/** Data that went one way, as far as one can tell at once. */
export interface Burst {
  atMs: number
  way: 'out' | 'in'
  bytes: number
}

export function rhythmOf(samples: readonly Sample[]): Rhythm {
  const bursts = samples.slice(1).flatMap((sample, index) => burstsBetween(samples[index] as Sample, sample))
  const lookMs = ((samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0)) / (samples.length - 1)
  return rhythmOfBursts(bursts, lookMs)
}

/**
 * @param bursts in order of time
 * @param lookMs how exactly the times are known
 */
export function rhythmOfBursts(bursts: readonly Burst[], lookMs: number): Rhythm {
  const ofWay = (way: Burst['way']) => bursts.filter((burst) => burst.way === way)
  const counts = { sent: ofWay('out').length, received: ofWay('in').length }
  const starter = starterOf(bursts)
  if (starter === null) return { starts: null, ...counts, bytes: null, everyMs: null, answered: null }
  const asked = ofWay(starter)
  const sizes = new Set(asked.map(({ bytes }) => bytes))
  return {
    starts: starter === 'out' ? 'it' : 'peer',
    ...counts,
    bytes: sizes.size === 1 ? (asked[0]?.bytes ?? null) : null,
    everyMs: regularPause(asked, lookMs),
    answered: isAnswered(bursts, starter),
  }
}

/** Who sends after the longer silence asks, and what comes sooner is the answer. Null: nobody sent anything. */
function starterOf(bursts: readonly Burst[]): Burst['way'] | null {
  const [first] = bursts
  if (first === undefined) return null
  const silenceBefore = (way: Burst['way']) => {
    const silences = bursts.flatMap((burst, index) => {
      const before = bursts[index - 1]
      return burst.way === way && before !== undefined ? [burst.atMs - before.atMs] : []
    })
    return silences.sort((one, other) => one - other)[Math.floor(silences.length / 2)]
  }
  const [out, into] = [silenceBefore('out'), silenceBefore('in')]
  if (out === undefined || into === undefined || out === into) return first.way
  return out > into ? 'out' : 'in'
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

function regularPause(asked: readonly Burst[], lookMs: number): number | null {
  if (asked.length < TIMES_MIN) return null
  const pauses = asked.slice(1).map(({ atMs }, index) => atMs - (asked[index]?.atMs ?? 0))
  const meanMs = pauses.reduce((sum, pause) => sum + pause, 0) / pauses.length
  const mayDifferMs = Math.max(meanMs * REGULAR, 2 * lookMs)
  // As often as we looked is no rhythm that we could see.
  if (meanMs < 2 * lookMs) return null
  return pauses.every((pause) => Math.abs(pause - meanMs) <= mayDifferMs) ? meanMs : null
}

/** But for the last one, whose answer may be on its way. */
function isAnswered(bursts: readonly Burst[], way: Burst['way']): boolean {
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
  return `${verb} ${what} ${rhythm}${ANSWERED_WORDS[`${answered}`]}`
}

const ANSWERED_WORDS = { true: ', answered', false: ', not answered', null: '' } as const

/** As people set it. */
export function roundedMs(ms: number): number {
  const step = ms < 10_000 ? 100 : 1000
  return Math.round(ms / step) * step
}
