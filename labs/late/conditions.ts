/** The settings of the experiment, at both paces. No timeout of the system is touched: all of them are the application's own. */
import { SLACK_MS } from '../../src/lab/checks.ts'
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions } from '../../src/plan/plan.ts'
import { HEARTBEAT_TIMING, type HeartbeatTiming } from '../../src/protocols/heartbeat/constants.ts'

/** What an application does when its limit has passed and nothing was heard. */
export const policies = ['forgive', 'close', 'reconnect'] as const
export type Policy = (typeof policies)[number]

/** The cases in which the way back stands still. */
export type Stall = 'in-time' | 'doubted' | 'late'

/** Silence that a detector allows, milliseconds: below, at and above what jitter alone can bring. */
export const LIMITS_MS = [120, 150, 180, 250, 400] as const
export const limitRow = (limitMs: number) => `limit-${limitMs}`
/** The row of what all limits are fed by. */
export const ARRIVALS = 'heartbeats'

export type LateSettings = {
  heartbeat: { intervalMs: number; suspectAfterMs: number; downAfterMs: number }
  /** For how long the way from b to a stands still. */
  stallMs: Record<Stall, number>
  /** For how long the program of b does. */
  frozenMs: number
  /** The heartbeats over UDP: one way, as in the theory. */
  stream: { intervalMs: number; jitterMs: number; loss: number; count: number; crashes: number }
}

/** Half the programs' own: four intervals of silence are down, two are a doubt. */
const QUICK_HEARTBEAT: HeartbeatTiming = { intervalMs: 500, suspectAfterMs: 1000, downAfterMs: 2000 }
/** How long after the limit the answer comes: as long again as it takes a person to see that something is wrong. */
const LATE_BY_MS = 600
/**
 * As much jitter as the interval allows: a heartbeat may come right before the next, and never overtakes one
 * (more, and the cable, which keeps their order, would change the law of the delays).
 */
const STREAM = { intervalMs: 100, jitterMs: 100, loss: 0.1 }
/** Enough for a limit of 120 ms to be passed some sixty times. */
const QUICK_STREAM = { ...STREAM, count: 190, crashes: 14 }
/** Real pace: the same rhythm, two minutes of it. */
const REAL_STREAM = { ...STREAM, count: 1200, crashes: 90 }

export function conditionsOf({ pace }: Pick<LabOptions, 'pace'>): Conditions<LateSettings> {
  const heartbeat = pace === 'quick' ? QUICK_HEARTBEAT : HEARTBEAT_TIMING
  const { intervalMs, suspectAfterMs, downAfterMs } = heartbeat
  const stream = pace === 'quick' ? QUICK_STREAM : REAL_STREAM
  return {
    settings: {
      heartbeat: { ...heartbeat },
      // What was heard last lies up to an interval before the stall: so each silence is that much wider, and
      // each stall lies in the middle of what is left.
      stallMs: {
        'in-time': 0.4 * (suspectAfterMs - intervalMs),
        doubted: (suspectAfterMs + downAfterMs - intervalMs) / 2,
        late: downAfterMs + LATE_BY_MS,
      },
      // A connection that was opened anew begins to be doubted before, and is not yet down.
      frozenMs: (downAfterMs + suspectAfterMs + 2 * downAfterMs - intervalMs) / 2,
      stream,
    },
    sysctls: {},
    watchMs: Math.max(stream.count * stream.intervalMs, stream.crashes * crashCycleMs()) + 5000,
  }
}

/** Longer than the longest limit after the last heartbeat, which may have been under way for as long as jitter lasts. */
export const CRASHED_MS = Math.max(...LIMITS_MS) + STREAM.jitterMs + SLACK_MS
/** Between two crashes every detector hears heartbeats again; the phase of the next crash is random. */
export const ALIVE_MS = 450

function crashCycleMs(): number {
  return CRASHED_MS + ALIVE_MS + STREAM.intervalMs
}
