/** What should be seen, as functions of what is in force. Pure. */
import type { ScheduledCall, ScheduledVoice } from '../../src/programs/scripts/telephone/requests.ts'
import { BATCHES, batchMeans } from '../../src/wire/batches.ts'
import { PacketLine } from '../../src/wire/packet-line.ts'

/**
 * The share of calls that find no slot free (A. K. Erlang, 1917): calls come by chance, and who is refused does not
 * try again. For how long calls last makes no difference, but for their mean.
 * @param erlangs the calls that would be up at a time if all were: calls a second times seconds a call
 */
export function erlangB(erlangs: number, slots: number): number {
  let blocked = 1
  for (let n = 1; n <= slots; n++) blocked = (erlangs * blocked) / (n + erlangs * blocked)
  return blocked
}

/**
 * For how long a packet waits on average where packets come by chance and each takes the same time, in such times
 * (Pollaczek and Khinchine, 1930-32: M/D/1).
 * @param load packets a second times seconds a packet: below 1
 */
export function waitMD1(load: number): number {
  return load / (2 * (1 - load))
}

/** Of a line with more to do than it can: what is beyond its capacity is lost. */
export function lossBeyond(load: number): number {
  return Math.max(0, 1 - 1 / load)
}

/** Student's t, two-sided, for 99.99 % and one degree of freedom less than there are batches. */
const T_OF_BATCHES = 4.9

export interface Estimate {
  mean: number
  /** With a certainty of 99.99 % the true mean is not further away, as far as the batches do not depend on each other. */
  plusMinus: number
}

/** What a sample says of the mean, by the means of its parts. null: it was too small. */
export function estimateOf(means: readonly number[]): Estimate | null {
  if (means.length < BATCHES) return null
  const mean = meanOf(means)
  const variance = means.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (means.length - 1)
  return { mean, plusMinus: T_OF_BATCHES * Math.sqrt(variance / means.length) }
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** What the mean of a sample may differ from the true one by, either way: so many standard deviations. */
const DEVIATIONS = 4.5
/** Enough to know a standard deviation to some percent. */
const SAMPLES = 100

/**
 * How far off a sample of this kind may be, whatever this one says of itself: one in which by chance little happened
 * takes itself for exact.
 * @param sample makes one from a seed
 */
export function chanceOf(sample: (seed: number) => number[]): number {
  const means = Array.from({ length: SAMPLES }, (_, seed) => meanOf(batchMeans(sample(seed))))
  const mean = meanOf(means)
  return DEVIATIONS * Math.sqrt(means.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (SAMPLES - 1))
}

/** Of calls in the order of their times, 1 for each that finds no slot free. */
export function refusals(calls: readonly ScheduledCall[], slots: number): number[] {
  let ends: number[] = []
  return calls.map(({ atMs, holdMs }) => {
    ends = ends.filter((end) => end > atMs)
    if (ends.length >= slots) return 1
    ends.push(atMs + holdMs)
    return 0
  })
}

/** How long each packet waits on a line with room for all (D. V. Lindley, 1952): what the one before still needs. */
export function waitsOf(packets: readonly ScheduledVoice[], serviceMs: number): number[] {
  let freeAtMs = 0
  return packets.map(({ atMs }) => {
    const beginsAtMs = Math.max(atMs, freeAtMs)
    freeAtMs = beginsAtMs + serviceMs
    return beginsAtMs - atMs
  })
}

/** The same speech on a packet line, in arithmetic: how long a piece is under way, and how many find no room. */
export function replayed(
  voices: readonly ScheduledVoice[],
  line: { serviceMs: number; queueMax: number },
): { lost: number; meanMs: number } {
  const replay = new PacketLine<null>(line)
  const waits = voices.map(({ atMs }) => {
    replay.due(atMs)
    return replay.enter(null, atMs)
  })
  const passed = waits.filter((wait) => wait !== null)
  return { lost: waits.length - passed.length, meanMs: meanOf(passed) + line.serviceMs }
}

/** Two addresses and a type (IEEE 802.3). */
export const ETHERNET_BYTES = 14
