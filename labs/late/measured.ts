/** Each limit, as a run measured it and as chance has it: what the table and the figure show. */
import { cellOf } from '../../src/lab/cell.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { detectionsOf, mean, mistakesOf, recurrenceMs, streamOf } from './arrivals.ts'
import { type LateSettings, LIMITS_MS, limitRow } from './conditions.ts'
import type { Cell } from './conversation.ts'
import { beyond, detection, type Traffic } from './theory.ts'

/** null: this run did not measure it, or it did not happen. */
export interface MeasuredLimit {
  limitMs: number
  crash: MeasuredDetection | null
  jitter: MeasuredMistakes | null
  lossy: MeasuredMistakes | null
}

export interface MeasuredDetection {
  traffic: Traffic
  timesMs: number[]
  meanMs: number
  worstMs: number
  /** What chance says of the mean. */
  theoryMs: number
}

export interface MeasuredMistakes {
  traffic: Traffic
  count: number
  watchedMs: number
  /** From one to the next. */
  recurrenceMs: number | null
  durationMs: number | null
  theory: { recurrenceMs: number | null; durationMs: number | null }
}

export function measuredLimits(log: LabLog, plan: Plan<LateSettings>): MeasuredLimit[] {
  return LIMITS_MS.flatMap((limitMs) => {
    const looked = (caseId: string) => {
      const id = `${caseId}/${limitRow(limitMs)}`
      return plan.cells.includes(id) ? cellOf(log, plan, id) : null
    }
    const measured = {
      limitMs,
      crash: detectionIn(looked('crash'), limitMs),
      jitter: mistakesIn(looked('jitter'), limitMs),
      lossy: mistakesIn(looked('lossy'), limitMs),
    }
    return (measured.crash ?? measured.jitter ?? measured.lossy) ? [measured] : []
  })
}

function detectionIn(cell: Cell | null, limitMs: number): MeasuredDetection | null {
  const stream = cell && streamOf(cell)
  if (cell === null || stream === null) return null
  const timesMs = detectionsOf(cell).filter((time) => time !== null)
  if (timesMs.length === 0) return null
  const { traffic } = stream
  const { meanMs: theoryMs } = detection(limitMs, traffic)
  return { traffic, timesMs, meanMs: mean(timesMs), worstMs: Math.max(...timesMs), theoryMs }
}

function mistakesIn(cell: Cell | null, limitMs: number): MeasuredMistakes | null {
  const stream = cell && streamOf(cell)
  if (cell === null || stream === null) return null
  const [from = 0, to = 0] = [stream.heardAt[0], stream.heardAt.at(-1)]
  const mistakes = mistakesOf(cell, stream)
  if (mistakes === undefined) return null
  const { probability, meanMs } = beyond(limitMs, stream.traffic)
  const { intervalMs, loss } = stream.traffic
  return {
    traffic: stream.traffic,
    count: mistakes.length,
    watchedMs: to - from,
    recurrenceMs: recurrenceMs(mistakes),
    durationMs: mistakes.length === 0 ? null : mean(mistakes.map(({ durationMs }) => durationMs)),
    theory: {
      // A silence lasts on average an interval for each heartbeat that was sent in it.
      recurrenceMs: probability === 0 ? null : intervalMs / (1 - loss) / probability,
      durationMs: probability === 0 ? null : meanMs,
    },
  }
}
