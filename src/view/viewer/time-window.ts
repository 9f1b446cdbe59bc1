/** Zoom and pan over time: which part of a run the ladder shows. */
import type { Ladder, Span } from '../ladder.ts'
import { moment } from '../words.ts'

/** Nothing here is measured more finely than this. */
const SPAN_MS_MIN = 20
/** Windows begin at round distances from the strike, so that their ticks are round too. */
const ROUND_MS = 100
const PAN_SHARE = 0.5

export interface TimeWindow {
  from: number
  to: number
}

export type Move = 'in' | 'out' | 'earlier' | 'later'

/**
 * @param shown null: all of the ladder's time
 * @param around stays where it is as far as that is possible
 * @returns null when everything is to be shown
 */
export function moved(
  whole: Pick<Ladder, 'from' | 'to' | 'origin'>,
  shown: TimeWindow | null,
  move: Move,
  around?: number,
): TimeWindow | null {
  const now = shown ?? { from: whole.from, to: whole.to }
  const span = now.to - now.from
  const middle = around ?? (now.from + now.to) / 2
  switch (move) {
    case 'in':
      return fitted(whole, middle - span / 4, Math.max(SPAN_MS_MIN, span / 2))
    case 'out':
      return fitted(whole, middle - span, span * 2)
    case 'earlier':
      return fitted(whole, now.from - span * PAN_SHARE, span)
    case 'later':
      return fitted(whole, now.from + span * PAN_SHARE, span)
  }
}

function fitted(
  { from: first, to: last, origin }: Pick<Ladder, 'from' | 'to' | 'origin'>,
  wishedFrom: number,
  span: number,
): TimeWindow | null {
  if (span >= last - first) return null
  const step = span < 10 * ROUND_MS ? 1 : ROUND_MS
  const rounded = origin + Math.round((wishedFrom - origin) / step) * step
  const from = Math.min(Math.max(rounded, first), last - span)
  return { from, to: from + span }
}

/**
 * Puts a ladder of a window right by that of the whole time. A window knows neither what began before it
 * nor the strike that seconds count from: a ghost time would be as long as its visible part.
 */
export function inWindow(ladder: Ladder, whole: Ladder): Ladder {
  const { origin, struck } = whole
  const digits = ladder.to - ladder.from < 10 * ROUND_MS ? 3 : 1
  return {
    ...ladder,
    origin,
    struck,
    ticks: ladder.ticks.map((tick) => ({ ...tick, text: moment({ origin }, tick.at, digits) })),
    beliefs: wholeSpans(ladder.beliefs, whole.beliefs),
    kernels: wholeSpans(ladder.kernels, whole.kernels),
    truths: wholeSpans(ladder.truths, whole.truths),
    disagreements: wholeSpans(ladder.disagreements, whole.disagreements),
    faults: ladder.faults.map((fault) =>
      fault.from >= ladder.from
        ? fault
        : { ...fault, y: fault.y - OUT_OF_SIGHT_PX, height: fault.height + OUT_OF_SIGHT_PX },
    ),
  }
}

/** A fault that began before the window strikes above it, with its name. */
const OUT_OF_SIGHT_PX = 60

/** In play: what led to the strike. */
const BEFORE_STRIKE_MS = 2000
/** Before anything has struck: a few rounds of every timer. */
const QUIET_SHOWN_MS = 10_000
/** Everything that notices has noticed; a longer time is a tall picture of nothing. */
const AFTER_STRIKE_MS = 20_000

/** The time around the newest strike, and as it goes on; null: all of it is no more than that. */
export function followed(
  { from, to }: Pick<Ladder, 'from' | 'to'>,
  struckAt: number | null,
): TimeWindow | null {
  const begin =
    struckAt === null
      ? to - QUIET_SHOWN_MS
      : Math.max(struckAt - BEFORE_STRIKE_MS, to - BEFORE_STRIKE_MS - AFTER_STRIKE_MS)
  return begin <= from ? null : { from: begin, to }
}

/** What each span really was, where its visible part stands. */
function wholeSpans<T extends Span>(seen: readonly T[], all: readonly T[]): T[] {
  return seen.map((part) => {
    const real = all.find(({ host, from, to }) => host === part.host && from <= part.from && to >= part.to)
    const { x, width, y, height } = part
    return real === undefined ? part : { ...real, x, width, y, height }
  })
}
