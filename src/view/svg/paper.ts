/** What is there before anything happened: patterns, the names of hosts and columns, lines of time. */
import { shortened } from '../../foreign/shortened.ts'
import type { Column, Ladder, Lane } from '../ladder.ts'
import { GUIDE, INK, OUTLINE, type PatternName, QUIET_INK, WARNING_INK } from '../svg-style.ts'
import { CHARACTER, LINE, round, text } from './bricks.ts'

/** A narrower column has no room for the name above it. */
export const COLUMN_HEAD_MIN = 40

export function patterns(ids: string): string {
  const pattern = (name: PatternName, size: number, path: string, stroke: string, width: number) =>
    `<pattern id="${ids}-${name}" width="${size}" height="${size}" patternUnits="userSpaceOnUse">` +
    `<path d="${path}" fill="none" stroke="${stroke}" stroke-width="${width}"/></pattern>`
  const rising = (size: number) =>
    `M0 ${size}L${size} 0M-1 1L1 -1M${size - 1} ${size + 1}L${size + 1} ${size - 1}`
  const falling = (size: number) =>
    `M0 0L${size} ${size}M-1 ${size - 1}L1 ${size + 1}M${size - 1} -1L${size + 1} 1`
  return `<defs>${[
    pattern('dots', 8, 'M2 2h1.4M6 6h1.4', OUTLINE, 1.4),
    pattern('rising', 9, rising(9), OUTLINE, 1),
    pattern('falling', 9, falling(9), OUTLINE, 1),
    pattern('level', 6, 'M0 3H6', OUTLINE, 1),
    pattern('crossed', 9, `${rising(9)}${falling(9)}`, '#bbbbbb', 0.8),
    pattern('fault', 12, falling(12), '#e0a878', 0.8),
    pattern('ghost', 8, rising(8), '#d55e00', 2.6),
    pattern('unaware', 8, falling(8), '#0072b2', 1.6),
  ].join('')}</defs>`
}

export function head(ladder: Ladder): string[] {
  const [fault] = ladder.faults
  const story =
    ladder.promise ?? (fault === undefined ? 'no fault strikes it' : `${fault.fault}: ${fault.promise}`)
  const y = ladder.top
  const [client, server] = ladder.lanes
  const axis = ladder.struck ? ['seconds', 'from strike'] : ['seconds', 'from start']
  return [
    text(14, 26, titleOf(ladder), { size: 17, bold: true }),
    text(14, 46, shortened(story, Math.floor((ladder.width - 28) / CHARACTER)), {
      size: 12,
      colour: WARNING_INK,
    }),
    ...axis.map((line, index) =>
      text(60, y - 24 + index * LINE, line, { anchor: 'end', colour: QUIET_INK, size: 9.5 }),
    ),
    ...[client, server].flatMap((lane) => laneHead(lane, y)),
    text(
      (client.x + server.x) / 2,
      y - 24,
      ladder.arrows.some((arrow) => arrow.observed === 'packets') ? 'packets on the wire' : 'messages',
      {
        anchor: 'middle',
        colour: QUIET_INK,
      },
    ),
  ]
}

function laneHead(lane: Lane, y: number): string[] {
  const { truth, kernel, belief, disagreement, timers } = lane.columns
  const drawn = [truth, kernel, belief, disagreement].filter(({ width }) => width > 0)
  // On a narrow screen the other end is the edge of the wire, and nothing else.
  if (drawn.length === 0) {
    return [
      text(lane.x, y - 51, lane.host, {
        anchor: lane.role === 'server' ? 'end' : 'start',
        size: 13,
        bold: true,
      }),
    ]
  }
  const from = Math.min(...drawn.map(({ x }) => x))
  const to = Math.max(...drawn.map(({ x, width }) => x + width))
  const whole = `${lane.host}, the ${lane.role}`
  const fits = Math.floor((to - from) / 8)
  const name = whole.length <= fits ? whole : shortened(lane.host, fits)
  const column = ({ x, width }: Column, lines: [string, string], bold = false) =>
    width < COLUMN_HEAD_MIN
      ? []
      : lines.map((line, index) =>
          text(x + width / 2, y - 24 + index * LINE, line, { anchor: 'middle', bold }),
        )
  return [
    `<path d="M${from} ${y - 44}H${to}" stroke="${OUTLINE}" stroke-width="1.5"/>`,
    text((from + to) / 2, y - 51, name, { anchor: 'middle', size: 14, bold: true }),
    ...column(truth, ['truth: its', 'peer is']),
    ...column(disagreement, ['belief', '\u2260 truth'], true),
    ...column(belief, ['its program', 'believes peer'], true),
    ...column(kernel, ['its kernel', 'holds']),
    ...(timers.width === 0
      ? []
      : [text(timers.x + timers.width / 2, y - 12, 'timers', { anchor: 'middle' })]),
  ]
}

export function laneLine(ladder: Ladder, { x }: Lane): string {
  return `<path d="M${x} ${ladder.top}V${round(ladder.height - 10)}" stroke="${INK}" stroke-width="1.6"/>`
}

export function tickLine(ladder: Ladder, { at, y, text: label }: Ladder['ticks'][number]): string {
  const isStrike = ladder.struck && at === ladder.origin
  return (
    `<path d="M62 ${round(y)}H${round(ladder.width)}" stroke="${GUIDE}"/>` +
    text(60, y + 4, isStrike ? '0 s' : label, { anchor: 'end', bold: isStrike })
  )
}

export function titleOf({ pair, connection }: Ladder): string {
  return `${pair} / ${connection}`
}
