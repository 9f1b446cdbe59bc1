/** Calls refused and packets that wait, each as measured beside what its formula says: for checks and for the picture. */
import type { EventOf } from '../../src/events/vocabulary.ts'
import type { Cell } from '../../src/lab/cell.ts'
import type { CircuitSettings } from './conditions.ts'
import { callsOf, packetsOf } from './conversations.ts'
import {
  chanceOf,
  type Estimate,
  erlangB,
  estimateOf,
  lossBeyond,
  refusals,
  waitMD1,
  waitsOf,
} from './expectations.ts'
import { countsOf, startedOf } from './office.ts'

export interface Point {
  /** What was offered: erlangs, or the share of the line's capacity. */
  offered: number
  /** What the formula says. */
  theory: number
  measured: Estimate
  /** How far from the formula such a sample may be: what it says of itself, or what others by chance say, if more. */
  within: number
  counted: EventOf<'exchange:counted'>
}

/** Share of calls refused, by what was offered. */
export function blocking(cell: Cell<CircuitSettings>): Point[] {
  const { erlangs, callsEach } = cell.settings
  const slots = startedOf(cell)?.data.slots ?? 0
  return pointsOf(cell, erlangs, {
    theory: (each) => erlangB(each, slots),
    means: ({ blockedShares }) => blockedShares,
    sample: (each) => (seed) => refusals(callsOf(seed, { erlangs: each, count: callsEach }), slots),
  })
}

/** Waiting time in service times, by load; only where the line can do what it is asked. */
export function waiting(cell: Cell<CircuitSettings>): Point[] {
  const { loads, loadMs } = cell.settings
  const serviceMs = startedOf(cell)?.data.serviceMs ?? Number.NaN
  const points = pointsOf(cell, loads, {
    theory: waitMD1,
    means: ({ waitsMs }) => waitsMs.map((wait) => wait / serviceMs),
    sample: (load) => (seed) =>
      waitsOf(packetsOf(seed, { load, serviceMs: 1, forMs: loadMs / serviceMs }), 1),
  })
  return points.filter(({ offered }) => offered < 1)
}

/** Share of packets dropped where the line is asked for more than it can do. */
export function dropping(cell: Cell<CircuitSettings>): Point[] {
  const points = pointsOf(cell, cell.settings.loads, {
    theory: lossBeyond,
    means: ({ droppedShares }) => droppedShares,
    sample: null,
  })
  return points.filter(({ offered }) => offered > 1)
}

interface Kind {
  theory(offered: number): number
  means(counted: EventOf<'exchange:counted'>['data']): readonly number[]
  /** Another sample of the same kind, by chance; null: this one knows by itself how exact it is. */
  sample: ((offered: number) => (seed: number) => number[]) | null
}

/** The office was asked once for each that was offered, in this order, and before the first. */
function pointsOf(
  cell: Cell<CircuitSettings>,
  offered: readonly number[],
  { theory, means, sample }: Kind,
): Point[] {
  const [, ...all] = countsOf(cell)
  return offered.flatMap((each, index) => {
    const counted = all[index]
    const measured = counted && estimateOf(means(counted.data))
    if (!counted || !measured) return []
    const chance = sample === null ? 0 : chanceOf(sample(each))
    return [
      {
        offered: each,
        theory: theory(each),
        measured,
        within: Math.max(measured.plusMinus, chance),
        counted,
      },
    ]
  })
}
