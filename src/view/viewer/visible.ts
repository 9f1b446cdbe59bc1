/** Parts of a ladder: the rows that are on the screen, what one end alone can know, the signs it uses. */
import type { Arrow, Ladder } from '../ladder.ts'

/** A message that its sender cannot follow is drawn to here. */
const STUB_SHARE = 0.55

/**
 * What lies between two heights. A ladder of ten thousand arrows takes seconds to draw; what fits a screen
 * takes milliseconds.
 */
export function visible(ladder: Ladder, top: number, bottom: number): Ladder {
  const spans = <T extends { y: number; height: number }>(list: readonly T[]) =>
    list.filter(({ y, height }) => y <= bottom && y + height >= top)
  const points = <T extends { y: number }>(list: readonly T[]) =>
    list.filter(({ y }) => y <= bottom && y >= top)
  return {
    ...ladder,
    ticks: points(ladder.ticks),
    breaks: spans(ladder.breaks),
    beliefs: spans(ladder.beliefs),
    kernels: spans(ladder.kernels),
    kernelMarks: points(ladder.kernelMarks),
    truths: spans(ladder.truths),
    disagreements: spans(ladder.disagreements),
    arrows: ladder.arrows.filter(({ from, to }) => from.y <= bottom && to.y >= top),
    groups: spans(ladder.groups),
    timers: spans(ladder.timers),
    faults: spans(ladder.faults),
  }
}

/**
 * What one end can know: what it believes, what its kernel holds, what it sent and what arrived. Nobody
 * tells it the truth, what happened to what it sent, or that something was sent that never arrived.
 */
export function fromOneEnd(ladder: Ladder, host: string): Ladder {
  const own = <T extends { host: string }>(list: readonly T[]) => list.filter((one) => one.host === host)
  return {
    ...ladder,
    beliefs: own(ladder.beliefs),
    kernels: own(ladder.kernels),
    kernelMarks: own(ladder.kernelMarks),
    timers: own(ladder.timers),
    truths: [],
    disagreements: [],
    faults: [],
    arrows: ladder.arrows.flatMap((arrow) => {
      if (arrow.source === host) return [withoutArrival(arrow)]
      return arrow.outcome === 'arrived' && arrow.destination === host ? [arrow] : []
    }),
  }
}

function withoutArrival(arrow: Arrow): Arrow {
  const share = arrow.outcome === 'arrived' ? STUB_SHARE : 1
  const { from, to } = arrow
  return {
    ...arrow,
    arrivedAt: null,
    outcome: 'unseen',
    to: { x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) },
    evidence: arrow.evidence.slice(0, 1),
  }
}

/** One arrow of each sort and the notes: a ladder that draws only the legend of the whole. */
export function legendOnly(ladder: Ladder): Ladder {
  const sorts = new Map<string, Arrow>()
  for (const arrow of ladder.arrows) {
    const sort = `${arrow.kind} ${arrow.outcome}`
    if (!sorts.has(sort)) sorts.set(sort, { ...arrow, labelAt: null })
  }
  return { ...visible(ladder, -1, -1), arrows: [...sorts.values()] }
}

/** The names of lanes and columns alone. */
export function headOnly(ladder: Ladder): Ladder {
  return { ...visible(ladder, -1, -1), arrows: ladder.arrows.slice(0, 1), notes: [] }
}
