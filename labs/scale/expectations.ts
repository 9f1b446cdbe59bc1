/** What should be seen, as functions of what was measured or is in force. Pure. */
import { SYN_TIMEOUT_MS } from '../../src/kernel/give-up-by-state.ts'

/** What a program has done before, and what it will do, is in its memory too: garbage that is not found at once. */
export const MEMORY_NOISE_BYTES = 2 ** 19
/** And the next connections may find room that was made for the ones before them, or have it made. */
const MEMORY_SHARE = 0.5

export interface Point {
  held: number
  bytes: number
}

/** How much more for each: the slope of the straight line that fits best. NaN of fewer than two points. */
export function slope(points: readonly Point[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [atHeld, atBytes] = [mean(points.map(({ held }) => held)), mean(points.map(({ bytes }) => bytes))]
  const together = points.reduce((sum, { held, bytes }) => sum + (held - atHeld) * (bytes - atBytes), 0)
  return together / points.reduce((sum, { held }) => sum + (held - atHeld) ** 2, 0)
}

/**
 * How much more for each, by the step that is in the middle of all: where others share what is measured, and take or give
 * back much of it in one moment, that is one step of many.
 */
export function typicalStep(points: readonly Point[]): number {
  const steps = points
    .slice(1)
    .map(({ held, bytes }, index) => {
      const before = points[index] as Point
      return (bytes - before.bytes) / (held - before.held)
    })
    .sort((one, other) => one - other)
  return steps[Math.floor(steps.length / 2)] ?? Number.NaN
}

/**
 * What a connection of the second half may cost, if each costs the same: by those of the first half.
 * @param costOf how what each of them costs is found
 */
export function sameAgain(
  points: readonly Point[],
  costOf: (some: readonly Point[]) => number,
): { expected: { min: number; max: number }; seen: number } {
  const middle = Math.floor(points.length / 2)
  const [before, after] = [costOf(points.slice(0, middle + 1)), costOf(points.slice(middle))]
  const [first, last] = [points[middle]?.held ?? 0, points.at(-1)?.held ?? 0]
  const noise = MEMORY_NOISE_BYTES / (last - first)
  return {
    expected: {
      min: Math.floor(before * (1 - MEMORY_SHARE) - noise),
      max: Math.ceil(before * (1 + MEMORY_SHARE) + noise),
    },
    seen: Math.round(after),
  }
}

/**
 * Heartbeats that one end hears in a time: of each peer a PING an interval, and a PONG for its own. One of each may
 * fall on either side of the edges.
 */
export function beatsExpected(
  peers: number,
  periodMs: number,
  intervalMs: number,
): { min: number; max: number } {
  const rounds = periodMs / intervalMs
  return { min: Math.floor(2 * peers * (rounds - 1)), max: Math.ceil(2 * peers * (rounds + 1)) }
}

/** What a heartbeat costs hardly depends on how many there are: those that come together are cheaper, up to so much. */
const COST_RATIO_MAX = 2

/** Processor time for so many heartbeats, by what one cost when they were fewer. */
export function processorExpected(beats: number, eachMs: number): { min: number; max: number } {
  return {
    min: Math.floor((beats * eachMs) / COST_RATIO_MAX),
    max: Math.ceil(beats * eachMs * COST_RATIO_MAX),
  }
}

/**
 * What a listening socket has room for: the kernel refuses to take one more only when there are more than `backlog`
 * (sk_acceptq_is_full()).
 */
export function queueHolds(backlog: number): number {
  return backlog + 1
}

/**
 * How often the queue of a server that does not accept overflows, when so many ask at once: once for each that finds no
 * room, and again when it asks again and finds none, if at each time only a queue of them finds any.
 */
export function overflowsExpected(asking: number, room: number): { min: number; max: number } {
  let max = 0
  for (let left = asking - room; left > 0; left -= room) max += left
  return { min: Math.max(0, asking - room), max }
}

/**
 * When the last of them is in, after it has asked: the kernel's waits double. Once more than the queue makes necessary,
 * where the server has not yet accepted those before when all others ask again in one moment.
 */
export function lastIn(asking: number, room: number): { minMs: number; maxMs: number } {
  const rounds = Math.max(0, Math.ceil(asking / room) - 1)
  return {
    minMs: rounds === 0 ? 0 : SYN_TIMEOUT_MS,
    maxMs: rounds === 0 ? 0 : SYN_TIMEOUT_MS * (2 ** (rounds + 1) - 1),
  }
}

/**
 * How many of a burst the kernel throws away while nobody reads: what does not fit its buffer, each counted with all that
 * the kernel keeps for it. The one that goes over the edge is taken or not, by the version (__udp_enqueue_schedule_skb()).
 */
export function dropsExpected(
  datagrams: number,
  bufferBytes: number,
  eachBytes: number,
): { min: number; max: number } {
  const fit = Math.floor(bufferBytes / eachBytes)
  return { min: Math.max(0, datagrams - fit - 1), max: Math.max(0, datagrams - fit) }
}

/**
 * From the moment peers fall silent until they are suspected: each was heard last up to an interval before
 * (Chen, Toueg and Aguilera, IEEE TC 51(5), 2002).
 */
export function detection({ intervalMs, suspectAfterMs }: { intervalMs: number; suspectAfterMs: number }): {
  minMs: number
  maxMs: number
} {
  return { minMs: suspectAfterMs - intervalMs, maxMs: suspectAfterMs }
}
