/**
 * From moments to heights. True to scale where there is room, stretched where things would touch, squeezed
 * where nothing happens for long; and never out of order.
 */
import type { Break, Tick } from '../ladder.ts'
import { duration, moment } from '../words.ts'

/** Gaps shorter than this belong to one exchange (a delayed ACK alone takes 40 ms): they say nothing of its rhythm. */
const BURST_MS = 100
/** The usual gap between two exchanges is drawn as high as this: labels fit, and ten seconds fit a screen. */
const USUAL_GAP_PX = 46
/** Only a silence so many times the usual one is squeezed: the reader should still feel the others. */
const BREAK_ABOVE_GAPS = 10
const BREAK_PX = 46
/** Two ticks closer than this would be read as one. */
const TICK_PX_MIN = 40
const TICK_STEPS_MS = [
  100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000,
]

/** A moment that must stay recognisable, and the room it needs in its own column: others may come closer. */
export interface Anchor {
  at: number
  column: string
  above?: number
  below?: number
}

/** A time of which only a summary is drawn, in this much room. */
export interface Summary {
  from: number
  to: number
  px: number
}

export interface TimeScale {
  y(at: number): number
  bottom: number
  breaks: Break[]
  ticks: Tick[]
}

interface Step {
  from: number
  to: number
  top: number
  bottom: number
  drawn: 'to scale' | 'squeezed' | 'summary'
}

export function timeScale(
  anchors: readonly Anchor[],
  summaries: readonly Summary[],
  { from, to, top, origin }: { from: number; to: number; top: number; origin: number },
): TimeScale {
  const edge = { column: 'edge' }
  const inside = [{ at: from, ...edge }, ...anchors, { at: to, ...edge }]
    .filter(({ at }) => at >= from && at <= to)
    .sort((one, other) => one.at - other.at)
  const usualMs = usualGap(inside)
  const pxPerMs = USUAL_GAP_PX / usualMs
  const steps: Step[] = []
  const breaks: Break[] = []
  /** Column by column, where what stands there ends. */
  const taken = new Map<string, number>()
  let at = from
  let y = top
  let summaryIndex = 0
  for (let index = 0; index < inside.length; ) {
    const next = inside[index]?.at ?? to
    const here = index
    let above = 0
    let free = y
    for (; inside[index]?.at === next; index++) {
      const anchor = inside[index] as Anchor
      above = Math.max(above, anchor.above ?? 0)
      free = Math.max(free, (taken.get(anchor.column) ?? top) + (anchor.above ?? 0))
    }
    while ((summaries[summaryIndex]?.to ?? Number.POSITIVE_INFINITY) <= at) summaryIndex++
    const summary = summaries[summaryIndex]
    const bottom = index === inside.length ? Math.max(free, ...taken.values()) : free
    if (summary !== undefined && at >= summary.from && next <= summary.to) {
      steps.push({ from: at, to: next, top: y, bottom: Math.max(bottom, y + summary.px), drawn: 'summary' })
    } else if (next - at > BREAK_ABOVE_GAPS * usualMs) {
      // Below every name that stands there, or the tear would go through it.
      const tear = Math.max(y, ...taken.values())
      const text = `nothing seen for ${duration(next - at, 1)}`
      breaks.push({ from: at, to: next, text, y: tear, height: BREAK_PX })
      steps.push({ from: at, to: next, top: y, bottom: tear + BREAK_PX + above, drawn: 'squeezed' })
    } else if (next > at) {
      steps.push({
        from: at,
        to: next,
        top: y,
        bottom: Math.max(bottom, y + (next - at) * pxPerMs),
        drawn: 'to scale',
      })
    }
    y = steps.at(-1)?.bottom ?? top
    at = next
    for (const { column, below = 0 } of inside.slice(here, index)) {
      taken.set(column, Math.max(taken.get(column) ?? top, y + below))
    }
  }
  return {
    y: (time) => heightAt(steps, time, top),
    bottom: y,
    breaks,
    ticks: ticksOf(steps, pxPerMs, origin),
  }
}

function usualGap(anchors: readonly Anchor[]): number {
  const gaps = anchors
    .map((anchor, index) => anchor.at - (anchors[index - 1]?.at ?? anchor.at))
    .filter((gap) => gap >= BURST_MS)
    .sort((one, other) => one - other)
  return gaps[(gaps.length - 1) >> 1] ?? BURST_MS
}

function heightAt(steps: readonly Step[], at: number, top: number): number {
  let low = 0
  let high = steps.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((steps[middle]?.to ?? 0) < at) low = middle + 1
    else high = middle
  }
  const step = steps[low]
  if (step === undefined) return top
  const share = (at - step.from) / (step.to - step.from)
  return step.top + Math.min(1, Math.max(0, share)) * (step.bottom - step.top)
}

/** Round seconds from the strike, only where time is to scale. */
function ticksOf(steps: readonly Step[], pxPerMs: number, origin: number): Tick[] {
  const stepMs = TICK_STEPS_MS.find((ms) => ms * pxPerMs >= TICK_PX_MIN) ?? (TICK_STEPS_MS.at(-1) as number)
  const ticks: Tick[] = []
  for (const { from, to, top, bottom, drawn } of steps) {
    if (drawn !== 'to scale') continue
    for (let n = Math.ceil((from - origin) / stepMs); origin + n * stepMs <= to; n++) {
      const at = origin + n * stepMs
      const y = top + ((at - from) / (to - from)) * (bottom - top)
      const previous = ticks.at(-1)
      // Zero, the strike, is never left out for a neighbour.
      if (previous !== undefined && y - previous.y < TICK_PX_MIN / 2) {
        if (at !== origin || previous.at === origin) continue
        ticks.pop()
      }
      ticks.push({ at, text: moment({ origin }, at, stepMs < 1000 ? 1 : 0), y })
    }
  }
  return ticks
}
