/**
 * `scale.svg`: what a server keeps by the number of its connections, its processor time by the heartbeats it hears, and
 * who is back when after a restart. A pure function of the run. Series differ by dash and name, not by colour alone.
 */

import { escapedXml } from '../../src/foreign/printable.ts'
import { cellOf } from '../../src/lab/cell.ts'
import type { Figure } from '../../src/lab/lab.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { round, text } from '../../src/view/svg/plot.ts'
import { GUIDE, INK, OUTLINE, PAPER, QUIET_INK } from '../../src/view/svg-style.ts'
import { stormOf } from './cases/restart.ts'
import { beatingAt } from './cases/speaking.ts'
import type { ScaleSettings } from './conditions.ts'
import { growth, kernelPoints, programPoints } from './measured.ts'

const WIDTH = 760
const LEFT = 78
const RIGHT = 174
const TOP = 104
const PANEL = 170
const GAP = 92
const BOTTOM = 64
const TICKS = 4
/** Blue and vermilion of Okabe and Ito's, dark enough for lines on white. */
const COLOURS = ['#0072b2', '#b34a00', INK, QUIET_INK] as const
const DASHES = [null, '7 4', '2 3', '10 3 2 3'] as const

interface Series {
  name: string
  /** A count, which goes up at its points and stays between them. */
  isCount?: true
  /** In order of x. */
  points: readonly (readonly [x: number, y: number])[]
}

interface Panel {
  title: string
  below: string
  series: Series[]
}

export function figuresOf(log: LabLog, plan: Plan<ScaleSettings>): Figure[] {
  const panels = [memoryPanel(log, plan), processorPanel(log, plan), returnPanel(log, plan)].filter(
    ({ series }) => series.length > 0,
  )
  return panels.length === 0 ? [] : [{ file: 'scale.svg', svg: scaleSvg(panels) }]
}

function memoryPanel(log: LabLog, plan: Plan<ScaleSettings>): Panel {
  const wanted = [
    ['idle/tcp', 'connection: program'],
    ['speaking/heartbeat', 'with a heartbeat'],
    ['sessions/http', 'HTTP session'],
  ] as const
  const megabytes = (points: { held: number; bytes: number }[]) =>
    points.map(({ held, bytes }) => [held, (bytes - (points[0]?.bytes ?? 0)) / 2 ** 20] as const)
  const series = wanted.flatMap(([id, name]) => {
    const cell = cellOf(log, plan, id)
    return cell === null ? [] : [{ name, points: megabytes(programPoints(growth(cell))) }]
  })
  const idle = cellOf(log, plan, 'idle/tcp')
  const kernel = idle && kernelPoints(growth(idle))
  return {
    title: 'Memory at the server, more than without any, MB',
    below: 'connections, or sessions',
    series: [
      ...series,
      ...(kernel ? [{ name: 'connection: kernel', points: megabytes(kernel) }] : []),
    ].filter(({ points }) => points.length > 1),
  }
}

function processorPanel(log: LabLog, plan: Plan<ScaleSettings>): Panel {
  const cell = cellOf(log, plan, 'speaking/heartbeat')
  const points = plan.settings.intervalsMs.flatMap((intervalMs) => {
    const beating = cell && beatingAt(cell, intervalMs)
    if (!beating) return []
    const { heard, processorMs, periodMs } = beating
    return [[(1000 * heard) / periodMs, (100 * processorMs) / periodMs] as const]
  })
  return {
    title: 'Processor time at the server, % of one processor',
    below: 'heartbeats heard in a second',
    series:
      points.length < 2
        ? []
        : [
            {
              name: 'heartbeats',
              points: [[0, 0] as const, ...points.sort(([one], [other]) => one - other)],
            },
          ],
  }
}

function returnPanel(log: LabLog, plan: Plan<ScaleSettings>): Panel {
  const series = (['lockstep', 'jitter'] as const).flatMap((row) => {
    const cell = cellOf(log, plan, `restart/${row}`)
    const storm = cell && stormOf(cell)
    if (!storm) return []
    let back = 0
    const points = storm.back.map(({ time, data }) => {
      back += data.peers
      return [(time - storm.lost.from) / 1000, back] as const
    })
    return points.length === 0
      ? []
      : [{ name: row, isCount: true as const, points: [[0, 0] as const, ...points] }]
  })
  return { title: 'Connections that are back', below: 'seconds after the server was killed', series }
}

/** @param panels at least one, each with at least one series */
export function scaleSvg(panels: readonly Panel[]): string {
  const height = TOP + panels.length * PANEL + (panels.length - 1) * GAP + BOTTOM
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`,
    ' role="img" aria-labelledby="scale-title scale-desc"',
    ` font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="12" fill="${INK}">`,
    '\n<title id="scale-title">What many connections cost their server, and when they are back after a restart</title>',
    `\n<desc id="scale-desc">${escapedXml(panels.map(described).join(' | '))}</desc>`,
    `\n<rect width="${WIDTH}" height="${height}" fill="${PAPER}"/>`,
    `\n${text(14, 28, 'What do many connections cost?', 'start', 17, true)}`,
    `\n${text(14, 50, 'As measured at the server; each point is one measurement.', 'start', 12, false, QUIET_INK)}`,
    ...panels.flatMap((panel, index) => drawn(panel, TOP + index * (PANEL + GAP))).map((part) => `\n${part}`),
    '\n</svg>\n',
  ].join('')
}

function drawn({ title, below, series }: Panel, top: number): string[] {
  const all = series.flatMap(({ points }) => points)
  const [xLast, yLast] = [niceEnd(all.map(([x]) => x)), niceEnd(all.map(([, y]) => y))]
  const [right, bottom] = [WIDTH - RIGHT, top + PANEL]
  const x = (value: number) => LEFT + (value / xLast) * (right - LEFT)
  const y = (value: number) => bottom - (Math.max(0, value) / yLast) * PANEL
  const ticks = Array.from({ length: TICKS + 1 }, (_, tick) => tick / TICKS)
  return [
    text(LEFT, top - 14, title, 'start', 12, true),
    ...ticks.flatMap((share) => [
      `<path d="M${LEFT} ${round(y(share * yLast))}H${right}" stroke="${GUIDE}"/>`,
      text(LEFT - 8, y(share * yLast) + 4, number(share * yLast), 'end', 11, false, QUIET_INK),
      text(x(share * xLast), bottom + 16, number(share * xLast), 'middle', 11, false, QUIET_INK),
    ]),
    `<path d="M${LEFT} ${top}V${bottom}H${right}" fill="none" stroke="${OUTLINE}"/>`,
    ...series.flatMap(({ name, points, isCount }, index) => {
      const colour = COLOURS[index % COLOURS.length] ?? INK
      const dash = DASHES[index % DASHES.length]
      const line = points
        .map(([px, py]) => [round(x(px)), round(y(py))])
        .map(([px, py], at) => (at === 0 ? `M${px} ${py}` : isCount ? `H${px}V${py}` : `L${px} ${py}`))
        .join('')
      const key = top + 8 + index * 20
      const stroke = `stroke="${colour}" stroke-width="1.8"${dash == null ? '' : ` stroke-dasharray="${dash}"`}`
      return [
        `<path d="${line}" fill="none" ${stroke}/>`,
        `<path d="M${right + 12} ${key}h22" ${stroke}/>`,
        text(right + 40, key + 4, name, 'start', 11),
      ]
    }),
    text((LEFT + right) / 2, bottom + 38, below, 'middle'),
  ]
}

/** The same, number by number: for readers who hear the picture. */
function described({ title, below, series }: Panel): string {
  const all = series.map(({ name, points }) => {
    const [last] = points.slice(-1)
    return last === undefined ? name : `${name}: ${number(last[1])} at ${number(last[0])}`
  })
  return `${title}, by ${below}: ${all.join('; ')}`
}

/** The next 1, 2 or 5 with zeros that all of them fit below. */
function niceEnd(values: readonly number[]): number {
  const largest = Math.max(...values, Number.MIN_VALUE)
  const power = 10 ** Math.floor(Math.log10(largest))
  return ([1, 2, 5, 10].find((factor) => factor * power >= largest) ?? 10) * power
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)))
}
