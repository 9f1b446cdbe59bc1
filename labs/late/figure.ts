/**
 * `limits.svg`: detection time, mistake recurrence time and mistake duration against the limit, as measured and as
 * chance has it. A pure function of the run. Series differ by shape and dash, not by colour alone; what is drawn is
 * said in the description too, number by number.
 */

import { escapedXml } from '../../src/foreign/printable.ts'
import type { Figure } from '../../src/lab/lab.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { round, text } from '../../src/view/svg/plot.ts'
import { GUIDE, INK, OUTLINE, PAPER, QUIET_INK } from '../../src/view/svg-style.ts'
import type { LateSettings } from './conditions.ts'
import { type MeasuredLimit, type MeasuredMistakes, measuredLimits } from './measured.ts'
import { beyond, detection, type Traffic } from './theory.ts'

const WIDTH = 760
const LEFT = 92
const RIGHT = 24
const TOP = 96
const PANEL = 150
const GAP = 56
const BOTTOM = 92
/** Blue and vermilion of Okabe and Ito's, dark enough for lines on white. */
const COLOUR = { jitter: '#0072b2', lossy: '#b34a00', crash: INK } as const
const DASH = { jitter: null, lossy: '7 4' } as const
const LIMIT_STEP = 50
/** To measure a longer time a run would have to be longer than anybody waits. */
const RECURRENCE_MAX_S = 100

type Mistaken = 'jitter' | 'lossy'
const series: Mistaken[] = ['jitter', 'lossy']

interface Panel {
  top: number
  title: string
  ticks: number[]
  y(value: number): number
}

/** The limits along the bottom of every panel. */
interface Scale {
  from: number
  to: number
  x(limitMs: number): number
}

export function figuresOf(log: LabLog, plan: Plan<LateSettings>): Figure[] {
  const limits = measuredLimits(log, plan)
  return limits.length === 0 ? [] : [{ file: 'limits.svg', svg: limitsSvg(limits) }]
}

/** @param limits at least one */
export function limitsSvg(limits: readonly MeasuredLimit[]): string {
  const height = TOP + 3 * PANEL + 2 * GAP + BOTTOM
  const from = Math.floor((Math.min(...limits.map(({ limitMs }) => limitMs)) - 20) / LIMIT_STEP) * LIMIT_STEP
  const to = Math.ceil((Math.max(...limits.map(({ limitMs }) => limitMs)) + 20) / LIMIT_STEP) * LIMIT_STEP
  const x = (limitMs: number) => LEFT + ((limitMs - from) / (to - from)) * (WIDTH - LEFT - RIGHT)
  const scale = { from, to, x }
  const [detecting, recurring, lasting] = panelsOf(limits, to)
  const body = [
    ...[detecting, recurring, lasting].flatMap((panel) => paper(panel, scale)),
    ...detectionMarks(limits, detecting, scale),
    ...series.flatMap((which) => [
      ...theoryLine(limits, which, recurring, scale, ({ probability }, { intervalMs, loss }) =>
        probability === 0 ? null : intervalMs / (1 - loss) / probability / 1000,
      ),
      ...theoryLine(limits, which, lasting, scale, ({ probability, meanMs }) =>
        probability === 0 ? null : meanMs,
      ),
      ...marks(limits, which, recurring, scale, ({ recurrenceMs }) =>
        recurrenceMs === null ? null : recurrenceMs / 1000,
      ),
      ...marks(limits, which, lasting, scale, ({ durationMs }) => durationMs),
    ]),
    ...legend(height - BOTTOM + 58),
    text(
      (LEFT + WIDTH - RIGHT) / 2,
      height - BOTTOM + 36,
      'limit: silence that the detector allows, ms',
      'middle',
    ),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`,
    ' role="img" aria-labelledby="limits-title limits-desc"',
    ` font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="12" fill="${INK}">`,
    `\n<title id="limits-title">Several limits, the same heartbeats: how soon they are right, and how often and for how long they are wrong</title>`,
    `\n<desc id="limits-desc">${escapedXml(described(limits))}</desc>`,
    `\n<rect width="${WIDTH}" height="${height}" fill="${PAPER}"/>`,
    `\n${text(14, 28, 'How long to wait for a heartbeat?', 'start', 17, true)}`,
    `\n${text(14, 50, headline(limits), 'start', 12, false, QUIET_INK)}`,
    ...body.map((part) => `\n${part}`),
    '\n</svg>\n',
  ].join('')
}

function panelsOf(limits: readonly MeasuredLimit[], to: number): [Panel, Panel, Panel] {
  const traffic = limits.find(({ crash }) => crash !== null)?.crash?.traffic
  const slowest = traffic === undefined ? to : detection(to, traffic).maxMs
  const longest = Math.max(
    50,
    ...limits.flatMap((limit) => series.map((which) => limit[which]?.durationMs ?? 0)),
  )
  const topOf = (index: number) => TOP + index * (PANEL + GAP)
  const linear = (index: number, title: string, max: number, step: number): Panel => {
    const top = topOf(index)
    const steps = Math.ceil(max / step)
    return {
      top,
      title,
      ticks: Array.from({ length: steps + 1 }, (_, tick) => tick * step),
      y: (value) => top + PANEL - (value / (steps * step)) * PANEL,
    }
  }
  // Powers of ten from a tenth of a second: recurrence grows that fast.
  const top = topOf(1)
  const decades = Math.log10(RECURRENCE_MAX_S) + 1
  return [
    linear(0, 'Detection time: from a crash until it is suspected for good, ms', slowest, 100),
    {
      top,
      title: 'Mistake recurrence time: from one wrong suspicion to the next, s (powers of ten)',
      ticks: [0.1, 1, 10, 100],
      y: (value) => top + PANEL - ((Math.log10(value) + 1) / decades) * PANEL,
    },
    linear(2, 'Mistake duration: from a wrong suspicion until it is taken back, ms', longest, 25),
  ]
}

function paper({ top, title, ticks, y }: Panel, { from, to, x }: Scale): string[] {
  const limitTicks = Array.from(
    { length: (to - from) / LIMIT_STEP + 1 },
    (_, index) => from + index * LIMIT_STEP,
  )
  return [
    text(LEFT, top - 12, title, 'start', 12, true),
    ...ticks.flatMap((tick) => [
      `<path d="M${LEFT} ${round(y(tick))}H${WIDTH - RIGHT}" stroke="${GUIDE}"/>`,
      text(LEFT - 8, y(tick) + 4, String(tick), 'end', 11, false, QUIET_INK),
    ]),
    ...limitTicks.map((limitMs) =>
      text(x(limitMs), top + PANEL + 16, String(limitMs), 'middle', 11, false, QUIET_INK),
    ),
    `<path d="M${LEFT} ${top}V${top + PANEL}H${WIDTH - RIGHT}" fill="none" stroke="${OUTLINE}"/>`,
  ]
}

/** Each crash a dot, their mean a bar, what is possible a band, and what chance says of the mean a line through it. */
function detectionMarks(limits: readonly MeasuredLimit[], { y }: Panel, { from, to, x }: Scale): string[] {
  const traffic = limits.find(({ crash }) => crash !== null)?.crash?.traffic
  if (traffic === undefined) return []
  const [low, high] = [detection(from, traffic), detection(to, traffic)]
  const corner = (limitMs: number, value: number) => `${round(x(limitMs))} ${round(y(Math.max(0, value)))}`
  return [
    `<path d="M${corner(from, low.maxMs)}L${corner(to, high.maxMs)}L${corner(to, high.minMs)}L${corner(from, low.minMs)}Z" fill="#eeeeee" stroke="${QUIET_INK}" stroke-dasharray="2 3"/>`,
    `<path d="M${corner(from, low.meanMs)}L${corner(to, high.meanMs)}" stroke="${COLOUR.crash}" stroke-width="1.2"/>`,
    ...limits.flatMap(({ limitMs, crash }) => {
      if (crash === null) return []
      const mean = round(y(crash.meanMs))
      return [
        ...crash.timesMs.map(
          (time) =>
            `<circle cx="${round(x(limitMs))}" cy="${round(y(time))}" r="2.4" fill="${PAPER}" stroke="${INK}"/>`,
        ),
        `<path d="M${round(x(limitMs) - 11)} ${mean}h22" stroke="${INK}" stroke-width="3"/>`,
      ]
    }),
  ]
}

/** What chance says at every limit, as far as it can be drawn. */
function theoryLine(
  limits: readonly MeasuredLimit[],
  which: Mistaken,
  { y, ticks }: Panel,
  { from, to, x }: Scale,
  read: (of: ReturnType<typeof beyond>, traffic: Traffic) => number | null,
): string[] {
  const traffic = limits.find((limit) => limit[which] !== null)?.[which]?.traffic
  if (traffic === undefined) return []
  const [least, most] = [ticks[0] ?? 0, ticks.at(-1) ?? 0]
  const points: string[] = []
  for (let limitMs = Math.max(from, Math.ceil(traffic.intervalMs)); limitMs <= to; limitMs += 2) {
    const value = read(beyond(limitMs, traffic), traffic)
    if (value !== null && value >= least && value <= most)
      points.push(`${round(x(limitMs))} ${round(y(value))}`)
    else if (points.length > 0) break
  }
  if (points.length < 2) return []
  const dash = DASH[which] === null ? '' : ` stroke-dasharray="${DASH[which]}"`
  return [`<path d="M${points.join('L')}" fill="none" stroke="${COLOUR[which]}" stroke-width="1.6"${dash}/>`]
}

function marks(
  limits: readonly MeasuredLimit[],
  which: Mistaken,
  { y }: Panel,
  { x }: Scale,
  read: (measured: MeasuredMistakes) => number | null,
): string[] {
  return limits.flatMap((limit) => {
    const value = limit[which] && read(limit[which])
    return value === null ? [] : [mark(which, x(limit.limitMs), y(value))]
  })
}

function mark(which: Mistaken, cx: number, cy: number): string {
  return which === 'jitter'
    ? `<circle cx="${round(cx)}" cy="${round(cy)}" r="5" fill="${COLOUR.jitter}" stroke="${OUTLINE}"/>`
    : `<path d="M${round(cx - 7)} ${round(cy - 7)}h14v14h-14Z" fill="none" stroke="${COLOUR.lossy}" stroke-width="2"/>`
}

function legend(y: number): string[] {
  const line = (x: number, which: Mistaken) =>
    `<path d="M${x} ${y}h34" stroke="${COLOUR[which]}" stroke-width="1.6"${DASH[which] === null ? '' : ` stroke-dasharray="${DASH[which]}"`}/>`
  return [
    line(LEFT, 'jitter'),
    mark('jitter', LEFT + 17, y),
    text(LEFT + 42, y + 4, 'jitter, no loss', 'start'),
    line(LEFT + 170, 'lossy'),
    mark('lossy', LEFT + 187, y),
    text(LEFT + 212, y + 4, 'jitter and loss', 'start'),
    text(LEFT + 340, y + 4, 'lines: what chance says; marks: measured', 'start', 12, false, QUIET_INK),
    text(
      LEFT,
      y + 24,
      'Detection: a dot for each crash, a bar for their mean; the band is what is possible.',
      'start',
      11,
      false,
      QUIET_INK,
    ),
  ]
}

function headline(limits: readonly MeasuredLimit[]): string {
  const traffic = (limits[0]?.crash ?? limits[0]?.jitter ?? limits[0]?.lossy)?.traffic
  if (traffic === undefined) return ''
  return `A heartbeat every ${Math.round(traffic.intervalMs)} ms, each 0 to ${traffic.jitterMs} ms on its way. A longer limit is later, and less often wrong.`
}

/** The same, number by number: for readers who hear the picture. */
function described(limits: readonly MeasuredLimit[]): string {
  const times = (ms: number | null, unit: 's' | 'ms') => {
    if (ms === null) return 'never'
    return unit === 's' ? `${(ms / 1000).toFixed(2)} s` : `${Math.round(ms)} ms`
  }
  const wrong = (words: string, measured: MeasuredMistakes | null) =>
    measured === null
      ? []
      : [
          `${words}: ${measured.count} wrong suspicions, one in ${times(measured.recurrenceMs, 's')} (chance: ${times(measured.theory.recurrenceMs, 's')}), each for ${times(measured.durationMs, 'ms')} (chance: ${times(measured.theory.durationMs, 'ms')})`,
        ]
  return [
    headline(limits),
    ...limits.map(({ limitMs, crash, jitter, lossy }) =>
      [
        `Limit ${limitMs} ms`,
        ...(crash === null
          ? []
          : [
              `a crash is suspected after ${times(crash.meanMs, 'ms')} on average (chance: ${times(crash.theoryMs, 'ms')}), at most ${times(crash.worstMs, 'ms')}`,
            ]),
        ...wrong('without loss', jitter),
        ...wrong('with loss', lossy),
      ].join('; '),
    ),
  ].join(' | ')
}
