/** What experiment, questions and judgement agree on. */
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions } from '../../src/plan/plan.ts'
import type { HeartbeatTiming } from '../../src/protocols/heartbeat/constants.ts'
import type { BackoffLimits } from '../../src/protocols/reconnect/backoff.ts'

type Timing = { intervalMs: number; suspectAfterMs: number; downAfterMs: number }

export type ScaleSettings = {
  connections: number
  /** They are opened in so many equal steps; memory is looked at after each. */
  steps: number
  /** While memory is measured hardly any of them speaks. */
  seldom: Timing
  /** What a heartbeat costs is measured at these intervals, for so many of each. */
  intervalsMs: number[]
  intervalsWatched: number
  /** The beats of the heartbeat whose watcher stands still, and for how long it does. */
  beats: Timing
  stallMs: number
  /** For how long there are more programs than processors. */
  hogsMs: number
  /** In a burst of datagrams the program reads nothing for so long; the same spread out take as long. */
  deafMs: number
  spreadMs: number
  /** What a program asks for that wants a larger receive buffer. */
  largeBufferBytes: number
  restart: {
    baseMs: number
    capMs: number
    steadyAfterMs: number
    /** Connections that the kernel keeps for a server that does not accept them: Node's own default. */
    backlog: number
    /** The server is back, and does nothing but read its files, for so long before the first client comes ... */
    beforeMs: number
    /** ... and for so long in all. */
    loadsMs: number
  }
}

/** Enough for memory to show above what a process does by itself; a lab of half a minute. */
export const CONNECTIONS = 1000

/** Beside its connections a host's process needs a few: its files, its channel, sockets of the lab. */
export const DESCRIPTORS_BESIDE = 100

/** Beyond what any process of the lab was seen to keep of a connection, its heartbeat among it. */
const HEAP_BYTES_EACH = 16_384
const HEAP_BESIDE_MB = 48
const MEBIBYTE = 2 ** 20

/** The busiest interval is so long that both ends together need less than half of a processor. */
const ROUNDS_PER_SECOND_MAX = 4000
const SHORTEST_INTERVAL_MS = 250

/** What its cases take one after the other, beside what depends on their number. */
const QUICK_MS = 25_000
const SPEAKING_MS_EACH = 5

const QUICK_WATCHED = 2
const REAL_WATCHED = 10

export function conditionsOf({
  pace,
  connections,
}: Pick<LabOptions, 'pace' | 'connections'>): Conditions<ScaleSettings> {
  const many = connections ?? CONNECTIONS
  const shortestMs = Math.max(SHORTEST_INTERVAL_MS, Math.ceil((1000 * many) / ROUNDS_PER_SECOND_MAX))
  const intervalsMs = [1, 2, 4].map((factor) => factor * shortestMs)
  const intervalsWatched = pace === 'quick' ? QUICK_WATCHED : REAL_WATCHED
  return {
    settings: {
      connections: many,
      steps: 10,
      seldom: timing(60_000),
      intervalsMs,
      intervalsWatched,
      beats: timing(500),
      stallMs: 1500,
      hogsMs: pace === 'quick' ? 2000 : 30_000,
      deafMs: 800 + many,
      spreadMs: 1000,
      largeBufferBytes: 4 * MEBIBYTE,
      restart: {
        baseMs: 1500,
        capMs: 3000,
        steadyAfterMs: 200,
        backlog: 511,
        beforeMs: 200,
        loadsMs: 700,
      },
    },
    // No time of the system is changed.
    sysctls: {},
    watchMs:
      QUICK_MS + many * SPEAKING_MS_EACH + intervalsWatched * intervalsMs.reduce((sum, ms) => sum + ms),
    heapMb: HEAP_BESIDE_MB + Math.ceil((many * HEAP_BYTES_EACH) / MEBIBYTE),
  }
}

/** Two intervals of silence are a doubt, four are down. */
export function timing(intervalMs: number): HeartbeatTiming & Timing {
  return { intervalMs, suspectAfterMs: 2 * intervalMs, downAfterMs: 4 * intervalMs }
}

/** With jitter the bound is twice as long: so both kinds wait equally long on average. */
export function backoffOf({ restart }: ScaleSettings, jitter: BackoffLimits['jitter']): BackoffLimits {
  const { baseMs, capMs, steadyAfterMs } = restart
  return { baseMs: jitter === 'full' ? 2 * baseMs : baseMs, capMs, steadyAfterMs, jitter }
}
