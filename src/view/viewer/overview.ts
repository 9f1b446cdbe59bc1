/** The whole time of a cell in one strip: where something happens, and which part of it the ladder shows. */

import { shortened } from '../../foreign/shortened.ts'
import type { BeliefBand, FaultInterval, Ladder } from '../ladder.ts'
import { BELIEF_PAINT, INK, OUTLINE, QUIET_INK, WARNING_INK } from '../svg-style.ts'
import { moment } from '../words.ts'
import { element, type Markup } from './markup.ts'

/** Narrower bars could not be told apart. */
const BIN_PX = 4
const BAND_PX = 12
const MIDDLE_PX = 48
const BARS_PX = 19
const LABEL_PX = 16
/** Of a label, on average and a little more. */
const CHARACTER_PX = 6.2
/** For the first and the last moment: `-120.0 s`. */
const EDGE_PX = 60
/** For the names of the three rows. */
export const OVERVIEW_LEFT = 112
export const OVERVIEW_HEIGHT = LABEL_PX + 2 * BAND_PX + MIDDLE_PX
/** A belief is told by the height of its bar too, as a signal on an oscilloscope is. */
const LEVELS: Record<BeliefBand['belief'], number> = {
  up: 1,
  suspect: 0.6,
  connecting: 0.45,
  unknown: 0.3,
  down: 0.2,
  none: 0,
}

export interface Bin {
  arrived: number
  /** Lost, or nobody knows. */
  missing: number
}

/** Counts what the ladder draws and what it counts in boxes, in equal parts of its time. */
export function binsOf(ladder: Ladder, count: number): Bin[] {
  const bins = Array.from({ length: count }, (): Bin => ({ arrived: 0, missing: 0 }))
  const perBin = (ladder.to - ladder.from) / count || 1
  const binAt = (at: number) => Math.min(count - 1, Math.max(0, Math.floor((at - ladder.from) / perBin)))
  for (const { sentAt, outcome } of ladder.arrows) {
    const bin = bins[binAt(sentAt)]
    if (bin === undefined) continue
    if (outcome === 'arrived' || outcome === 'aside') bin.arrived++
    else bin.missing++
  }
  for (const group of ladder.groups) {
    const [first, last] = [binAt(group.from), binAt(group.to)]
    for (let index = first; index <= last; index++) {
      const bin = bins[index]
      if (bin !== undefined) bin.arrived += group.count / (last - first + 1)
    }
  }
  return bins
}

/** @param shown the part of the time that the ladder below shows; null: all of it */
export function overviewOf(whole: Ladder, shown: { from: number; to: number } | null, width: number): Markup {
  const room = width - OVERVIEW_LEFT
  const x = (at: number) => round(OVERVIEW_LEFT + ((at - whole.from) / (whole.to - whole.from || 1)) * room)
  const bins = binsOf(whole, Math.max(1, Math.floor(room / BIN_PX)))
  const highest = Math.max(1, ...bins.map(({ arrived, missing }) => Math.max(arrived, missing)))
  const top = LABEL_PX
  const axis = top + BAND_PX + MIDDLE_PX / 2
  const [client, server] = whole.lanes
  return element(
    'svg',
    {
      viewBox: `0 0 ${width} ${OVERVIEW_HEIGHT}`,
      width,
      height: OVERVIEW_HEIGHT,
      role: 'img',
      'aria-label': summary(whole, shown),
      'font-size': 10.5,
    },
    ...whole.faults.flatMap((fault) => faultMarks(fault, x)),
    ...faultNames(whole, x, width),
    ...bandBars(whole, client.host, top, x),
    ...bandBars(whole, server.host, top + BAND_PX + MIDDLE_PX, x),
    element('path', { d: `M${OVERVIEW_LEFT} ${axis}H${width}`, stroke: OUTLINE, 'stroke-width': 0.8 }),
    ...bins.flatMap(({ arrived, missing }, index) => {
      const bar = (value: number, down: boolean) => {
        const height = round(Math.max(2, (value / highest) * BARS_PX))
        return element('rect', {
          x: OVERVIEW_LEFT + index * BIN_PX,
          y: down ? axis + 1 : round(axis - height),
          width: BIN_PX - 1,
          height,
          fill: down ? WARNING_INK : '#0072b2',
        })
      }
      return [...(arrived > 0 ? [bar(arrived, false)] : []), ...(missing > 0 ? [bar(missing, true)] : [])]
    }),
    ...(shown === null
      ? []
      : [
          ...[
            [OVERVIEW_LEFT, x(shown.from)],
            [x(shown.to), width],
          ].map(([from = 0, to = 0]) =>
            element('rect', {
              x: from,
              y: top,
              width: round(Math.max(0, to - from)),
              height: OVERVIEW_HEIGHT - top,
              fill: '#ffffff',
              'fill-opacity': 0.72,
            }),
          ),
          element('rect', {
            x: x(shown.from),
            y: top + 0.75,
            width: round(Math.max(2, x(shown.to) - x(shown.from))),
            height: OVERVIEW_HEIGHT - top - 1.5,
            fill: 'none',
            stroke: INK,
            'stroke-width': 1.5,
          }),
        ]),
    rowName(`${client.host} believes`, top + BAND_PX - 2),
    rowName('messages', axis - 5),
    rowName('not arrived', axis + 13),
    rowName(`${server.host} believes`, top + 2 * BAND_PX + MIDDLE_PX - 2),
    label(OVERVIEW_LEFT, moment(whole, whole.from, 1), 'start'),
    label(width, moment(whole, whole.to, 1), 'end'),
  )
}

function summary(whole: Ladder, shown: { from: number; to: number } | null): string {
  const all = `Overview from ${moment(whole, whole.from, 1)} to ${moment(whole, whole.to, 1)}`
  if (shown === null) return `${all}; the ladder shows all of it.`
  return `${all}; the ladder shows ${moment(whole, shown.from)} to ${moment(whole, shown.to)}.`
}

function bandBars(whole: Ladder, host: string, top: number, x: (at: number) => number): Markup[] {
  return whole.beliefs
    .filter((band) => band.host === host && LEVELS[band.belief] > 0)
    .map(({ belief, from, to }) => {
      const height = LEVELS[belief] * (BAND_PX - 2)
      return element('rect', {
        x: x(from),
        y: round(top + BAND_PX - 1 - height),
        width: round(Math.max(1, x(to) - x(from))),
        height: round(height),
        fill: BELIEF_PAINT[belief].fill,
        stroke: OUTLINE,
        'stroke-width': 0.6,
      })
    })
}

function faultMarks(fault: FaultInterval, x: (at: number) => number): Markup[] {
  const from = x(fault.from)
  return [
    element('rect', {
      x: from,
      y: LABEL_PX,
      width: round(Math.max(1.5, x(fault.to) - from)),
      height: OVERVIEW_HEIGHT - LABEL_PX,
      fill: fault.lasting ? '#f8dfc8' : WARNING_INK,
    }),
    element('path', {
      d: `M${from} ${LABEL_PX - 3}V${OVERVIEW_HEIGHT}`,
      stroke: WARNING_INK,
      'stroke-width': 1.2,
      'stroke-dasharray': '4 2',
    }),
  ]
}

/** The newest first: in play there are more strikes than there is room for names. The lines all stay. */
function faultNames(whole: Ladder, x: (at: number) => number, width: number): Markup[] {
  // At the very edges stand the first and the last moment.
  let free = width - EDGE_PX
  return whole.faults.toReversed().flatMap((fault) => {
    const words = `${moment(whole, fault.from, 1)} ${fault.fault}`
    const wide = words.length * CHARACTER_PX + CHARACTER_PX
    const at = Math.max(OVERVIEW_LEFT + EDGE_PX, Math.min(x(fault.from), width - EDGE_PX - wide))
    if (at + wide > free) return []
    free = at
    return [label(at, words, 'start', WARNING_INK)]
  })
}

function rowName(words: string, y: number): Markup {
  return element(
    'text',
    { x: OVERVIEW_LEFT - 8, y, 'text-anchor': 'end', fill: QUIET_INK },
    shortened(words, 18),
  )
}

function label(x: number, words: string, anchor: 'start' | 'end', fill = QUIET_INK): Markup {
  return element('text', { x: round(x), y: LABEL_PX - 5, 'text-anchor': anchor, fill }, words)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
