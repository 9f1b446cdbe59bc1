/**
 * `capacity.svg`: calls refused, and packets that wait, by what was offered: the formulas as lines, what was measured
 * as marks with what their sample can tell. A pure function of the run.
 */

import { escapedXml } from '../../src/foreign/printable.ts'
import { cellOf } from '../../src/lab/cell.ts'
import type { Figure } from '../../src/lab/lab.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { round, text } from '../../src/view/svg/plot.ts'
import { GUIDE, INK, OUTLINE, PAPER, QUIET_INK } from '../../src/view/svg-style.ts'
import type { CircuitSettings } from './conditions.ts'
import { erlangB, waitMD1 } from './expectations.ts'
import { blocking, type Point, waiting } from './measured.ts'

const WIDTH = 760
const LEFT = 70
const GAP = 80
const TOP = 104
const PANEL_WIDTH = 280
const PANEL_HEIGHT = 220
const HEIGHT = TOP + PANEL_HEIGHT + 96
/** Blue and vermilion of Okabe and Ito's, dark enough for lines on white. */
const COLOUR = { circuit: '#0072b2', packets: '#b34a00' } as const
const STEPS = 100
/** Beyond, the formula leaves the paper. */
const LOAD_MAX = 0.9

interface Panel {
  left: number
  title: string
  below: string
  colour: string
  xTicks: number[]
  yTicks: number[]
  theory(offered: number): number
  xMax: number
  points: readonly Point[]
}

export function figuresOf(log: LabLog, plan: Plan<CircuitSettings>): Figure[] {
  const [calls, load] = [cellOf(log, plan, 'calls/circuit'), cellOf(log, plan, 'load/packets')]
  const refused = calls === null ? [] : blocking(calls)
  const waited = load === null ? [] : waiting(load)
  return refused.length + waited.length === 0
    ? []
    : [{ file: 'capacity.svg', svg: capacitySvg(refused, waited, plan.settings.slots.calls) }]
}

/** @param slots of the trunk that the calls were offered to */
export function capacitySvg(refused: readonly Point[], waited: readonly Point[], slots: number): string {
  const panels: Panel[] = [
    {
      left: LEFT,
      title: 'By circuits: share of calls refused',
      below: `calls offered, in erlangs, to ${slots} slots`,
      colour: COLOUR.circuit,
      xTicks: [0, 0.5, 1, 1.5].map((share) => share * slots),
      yTicks: [0, 0.1, 0.2, 0.3, 0.4, 0.5],
      theory: (erlangs) => erlangB(erlangs, slots),
      xMax: 1.5 * slots,
      points: refused,
    },
    {
      left: LEFT + PANEL_WIDTH + GAP,
      title: 'By packets: waiting, in service times',
      below: 'load of the line',
      colour: COLOUR.packets,
      xTicks: [0, 0.2, 0.4, 0.6, 0.8, 1],
      yTicks: [0, 1, 2, 3, 4, 5],
      theory: waitMD1,
      xMax: LOAD_MAX,
      points: waited,
    },
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"`,
    ' role="img" aria-labelledby="capacity-title capacity-desc"',
    ` font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="12" fill="${INK}">`,
    '\n<title id="capacity-title">What happens when more is wanted: a circuit refuses, packets wait</title>',
    `\n<desc id="capacity-desc">${escapedXml(described(refused, waited))}</desc>`,
    `\n<rect width="${WIDTH}" height="${HEIGHT}" fill="${PAPER}"/>`,
    `\n${text(14, 28, 'What happens when more is wanted?', 'start', 17, true)}`,
    `\n${text(14, 50, 'A circuit refuses; packets wait. Lines: Erlang B and M/D/1. Marks: measured, with what the sample can tell.', 'start', 12, false, QUIET_INK)}`,
    ...panels.flatMap(drawn).map((part) => `\n${part}`),
    '\n</svg>\n',
  ].join('')
}

function drawn({ left, title, below, colour, xTicks, yTicks, theory, xMax, points }: Panel): string[] {
  const [xLast, yLast] = [xTicks.at(-1) ?? 1, yTicks.at(-1) ?? 1]
  const bottom = TOP + PANEL_HEIGHT
  const x = (value: number) => left + (value / xLast) * PANEL_WIDTH
  const y = (value: number) => bottom - (Math.min(Math.max(value, 0), yLast) / yLast) * PANEL_HEIGHT
  const curve = Array.from({ length: STEPS + 1 }, (_, step) => (step / STEPS) * xMax)
    .map((offered) => `${round(x(offered))} ${round(y(theory(offered)))}`)
    .join('L')
  return [
    text(left, TOP - 14, title, 'start', 12, true),
    ...yTicks.flatMap((tick) => [
      `<path d="M${left} ${round(y(tick))}h${PANEL_WIDTH}" stroke="${GUIDE}"/>`,
      text(left - 8, y(tick) + 4, String(tick), 'end', 11, false, QUIET_INK),
    ]),
    ...xTicks.map((tick) => text(x(tick), bottom + 16, String(tick), 'middle', 11, false, QUIET_INK)),
    `<path d="M${left} ${TOP}V${bottom}h${PANEL_WIDTH}" fill="none" stroke="${OUTLINE}"/>`,
    `<path d="M${curve}" fill="none" stroke="${colour}" stroke-width="1.6"/>`,
    ...points.flatMap(({ offered, measured: { mean, plusMinus } }) => [
      `<path d="M${round(x(offered))} ${round(y(mean - plusMinus))}V${round(y(mean + plusMinus))}" stroke="${INK}"/>`,
      `<circle cx="${round(x(offered))}" cy="${round(y(mean))}" r="4.5" fill="${PAPER}" stroke="${INK}" stroke-width="1.6"/>`,
    ]),
    text(left + PANEL_WIDTH / 2, bottom + 40, below, 'middle'),
  ]
}

/** The same, number by number: for readers who hear the picture. */
function described(refused: readonly Point[], waited: readonly Point[]): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  return [
    ...refused.map(
      ({ offered, theory, measured }) =>
        `${offered} erlangs: ${percent(measured.mean)} of calls refused, plus or minus ${percent(measured.plusMinus)} (Erlang B: ${percent(theory)})`,
    ),
    ...waited.map(
      ({ offered, theory, measured }) =>
        `load ${percent(offered)}: a packet waits ${measured.mean.toFixed(2)} service times, plus or minus ${measured.plusMinus.toFixed(2)} (M/D/1: ${theory.toFixed(2)})`,
    ),
  ].join(' | ')
}
