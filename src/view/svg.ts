/**
 * A ladder as one SVG file that needs nothing else: for `timeline.svg`, the report and the live page.
 *
 * Looks are given by attributes, without a style sheet or a script, so that it works as a file, on paper and
 * under the page's content security policy. Every text goes through {@link escapedXml}: host names and payloads
 * are whatever somebody sent.
 */

import { escapedXml } from '../foreign/printable.ts'
import { shortened } from '../foreign/shortened.ts'
import { inLines } from '../text/lines.ts'
import type {
  Arrow,
  ArrowKind,
  BeliefBand,
  Column,
  Disagreement,
  FaultInterval,
  KernelBand,
  Ladder,
  Lane,
  TimerBracket,
  TruthBand,
} from './ladder.ts'
import { narrativeOf } from './narrative.ts'
import {
  ARROW_STROKE,
  BELIEF_PAINT,
  COOL_INK,
  GUIDE,
  HEADS,
  INK,
  KERNEL_PAINT,
  OUTLINE,
  PAPER,
  type Paint,
  type PatternName,
  QUIET_INK,
  type Stroke,
  TRUTH_PAINT,
  WARNING_INK,
} from './svg-style.ts'
import {
  ARROW_WORDS,
  arrowSentence,
  beliefSentence,
  disagreementSentence,
  duration,
  faultSentence,
  moment,
} from './words.ts'

const LINE = 12.5
const TEXT = 11
/** A DejaVu or Arial of 11 px is on average not wider; used only to decide whether a text fits. */
const CHARACTER = 6.1
/** The name of a band is written again so often, for those who scroll. */
const REPEAT = 620
const SLANT_NOTE =
  'Time is stretched where things would touch, and arrows slant more than they should, to be seen: the times stated are exact.'
/** Keeps a text readable where a line runs through it. */
const HALO = `stroke="${PAPER}" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke"`
/** As wide as the wire. */
const BANNER_CHARACTERS_MAX = 44
/** From the left edge to where the first column can begin. */
const AXIS = 66
/** A narrower column has no room for the name above it. */
const COLUMN_HEAD_MIN = 40
const LEGEND_ROW = 22
/** The longest words of an entry fit; a picture has as many columns as have room. */
const LEGEND_COLUMN_MIN = 250

export function toSvg(ladder: Ladder): string {
  const legend = legendOf(ladder)
  const width = Math.ceil(ladder.width)
  const height = Math.ceil(ladder.height + legend.height)
  const ids = idPrefix(ladder)
  const parts = [
    `<title id="${ids}-title">${escapedXml(`${titleOf(ladder)}: what each end believed, and what was true`)}</title>`,
    `<desc id="${ids}-desc">${escapedXml(narrativeOf(ladder))}</desc>`,
    patterns(ids),
    `<rect width="${width}" height="${height}" fill="${PAPER}"/>`,
    ...head(ladder),
    ...ladder.ticks.map((tick) => tickLine(ladder, tick)),
    ...ladder.faults.map((fault) => faultShape(ladder, fault, ids)),
    ...ladder.faults.map((fault) => faultLines(ladder, fault)),
    ...ladder.lanes.map((lane) => laneLine(ladder, lane)),
    ...ladder.truths.map((band) => truthShape(ladder, band, ids)),
    ...ladder.beliefs.map((band) => beliefShape(ladder, band, ids)),
    ...ladder.kernels.map((band) => kernelShape(ladder, band, ids)),
    ...kernelMarks(ladder),
    ...ladder.disagreements.map((one) => disagreementShape(ladder, one, ids)),
    ...ladder.breaks.map((gap) => breakShape(ladder, gap)),
    ...ladder.arrows.map((arrow) => arrowShape(ladder, arrow)),
    ...ladder.arrows.map((arrow) => arrowLabel(arrow)),
    ...ladder.groups.map((group) => groupShape(ladder, group)),
    ...ladder.faults.map((fault) => faultBanners(ladder, fault)),
    ...ladder.timers.map((timer) => timerShape(ladder, timer)),
    legend.svg,
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    // `graphics-document` and not `img`: what is inside has names of its own, and is to be reached.
    ` role="graphics-document document" aria-labelledby="${ids}-title ${ids}-desc"`,
    ` font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="${TEXT}" fill="${INK}">`,
    ...parts.map((part) => `\n${part}`),
    '\n</svg>\n',
  ].join('')
}

function titleOf({ pair, connection }: Ladder): string {
  return `${pair} / ${connection}`
}

/** Several of these may stand in one page, and ids are the page's. */
function idPrefix({ pair, connection, from }: Ladder): string {
  return `ladder-${`${pair}-${connection}-${Math.round(from)}`.replace(/[^\w-]/g, '-')}`
}

// ---- the paper ----------------------------------------------------------------------------------

function patterns(ids: string): string {
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

function head(ladder: Ladder): string[] {
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

function laneLine(ladder: Ladder, { x }: Lane): string {
  return `<path d="M${x} ${ladder.top}V${round(ladder.height - 10)}" stroke="${INK}" stroke-width="1.6"/>`
}

function tickLine(ladder: Ladder, { at, y, text: label }: Ladder['ticks'][number]): string {
  const isStrike = ladder.struck && at === ladder.origin
  return (
    `<path d="M62 ${round(y)}H${round(ladder.width)}" stroke="${GUIDE}"/>` +
    text(60, y + 4, isStrike ? '0 s' : label, { anchor: 'end', bold: isStrike })
  )
}

// ---- columns ------------------------------------------------------------------------------------

function beliefShape(ladder: Ladder, band: BeliefBand, ids: string): string {
  const label = beliefSentence(ladder, band)
  const why = band.why.map((reason) => `${reason.address}: ${reason.text}`)
  const tooltip = [label, ...(why.length === 0 ? [] : ['Why:', ...why])].join('\n')
  if (band.belief === 'none') {
    const lines = ['no program', ...(band.height > 3 * LINE ? [moment(ladder, band.from)] : [])]
    const parts = [box(band, { ...BELIEF_PAINT.none, ids, dash: '3 4' }), ...plaque(band, band.y, lines)]
    return group(label, tooltip, true, parts, lines)
  }
  const proof = band.certainty === 'unknown' && band.trigger !== null && band.trigger !== 'started'
  const lines = [
    band.belief,
    ...(band.trigger === null ? [] : [moment(ladder, band.from), ...causeLines(band.trigger, proof)]),
  ]
  // A dashed outline says what the word says: it is only silence that speaks.
  const outlined = box(band, { ...BELIEF_PAINT[band.belief], ids, dash: proof ? '4 2' : null })
  return (
    group(label, tooltip, true, [outlined, ...plaque(band, band.y, lines)], lines) + again(band, lines[0])
  )
}

/** The cause of a change in the band's own narrow lines. */
function causeLines(trigger: string, onlySilence: boolean): string[] {
  const cause = trigger.replaceAll('_', ' ')
  return onlySilence
    ? [cause.replace('heartbeat', 'beat'), '(no proof)']
    : [cause.replace('heartbeat', 'beat')]
}

function truthShape(ladder: Ladder, band: TruthBand, ids: string): string {
  if (band.truth === 'absent') return ''
  const label = `In truth ${band.peer} is ${band.truth} for ${band.host} from ${moment(ladder, band.from)} to ${moment(ladder, band.to)}`
  const parts = [box(band, { ...TRUTH_PAINT[band.truth], ids }), ...plaque(band, band.y, [band.truth])]
  return group(label, label, false, parts, [band.truth]) + again(band, band.truth)
}

function kernelShape(ladder: Ladder, band: KernelBand, ids: string): string {
  const timer = band.timer === 'none' ? 'no timer' : `${band.timer} timer`
  const label = `The kernel of ${band.host} holds ${band.state}, ${timer}, from ${moment(ladder, band.from)} to ${moment(ladder, band.to)}`
  const lines = [band.state, ...(band.timer === 'none' ? [] : [timer.replace('zero-window-probe', 'window')])]
  const outlined = box(band, {
    ...KERNEL_PAINT[band.state],
    ids,
    dash: band.state === 'no entry' ? '3 4' : null,
  })
  return (
    group(label, `${label}\n${band.address}`, false, [outlined, ...plaque(band, band.y, lines)], lines) +
    again(band, lines[0])
  )
}

/** A line for each that the kernel counts up; its text only where it touches neither a name nor another one. */
function kernelMarks(ladder: Ladder): string[] {
  return ladder.lanes.flatMap(({ host }) => {
    const bands = ladder.kernels.filter((band) => band.host === host)
    let index = 0
    let taken = 0
    return ladder.kernelMarks.flatMap((mark) => {
      if (mark.host !== host) return []
      while ((bands[index + 1]?.y ?? Number.POSITIVE_INFINITY) <= mark.y) index++
      const band = bands[index]
      const { x, width, y } = mark
      const line = `<path d="M${x} ${round(y)}h${width}" stroke="${OUTLINE}" stroke-width="0.8" stroke-dasharray="2 2"/>`
      const names = (band?.y ?? 0) + 2 * LINE + 4
      if (y < names) return []
      if (y < taken || band === undefined || y + LINE > band.y + band.height) return [line]
      taken = y + LINE
      return [line, text(x + width / 2, y + 11, mark.text, { anchor: 'middle', size: 9.5 })]
    })
  })
}

function disagreementShape(ladder: Ladder, one: Disagreement, ids: string): string {
  const label = disagreementSentence(ladder, one)
  const ghost = one.kind === 'ghost'
  const colour = ghost ? WARNING_INK : COOL_INK
  const parts = [
    box(one, { fill: PAPER, pattern: ghost ? 'ghost' : 'unaware', ids, outline: colour }),
    ...ghostTime(one, colour),
  ]
  return group(label, label, true, parts, [GHOST_WORDS[one.kind], one.text])
}

const GHOST_WORDS: Record<Disagreement['kind'], string> = { ghost: 'ghost time', unaware: 'unaware' }

/** The number that the whole picture is about, larger than anything beside it. */
function ghostTime(one: Disagreement, colour: string): string[] {
  const { x, y, width, height } = one
  const middle = x + width / 2
  const [time = '', ending] = one.text.split(/ (?=and no end)/)
  const lines = [
    text(middle, y + 13, GHOST_WORDS[one.kind], {
      anchor: 'middle',
      size: 10,
      colour,
    }),
    text(middle, y + 27, time, { anchor: 'middle', size: 14, bold: true, colour }),
    ...(ending === undefined ? [] : [text(middle, y + 39, ending, { anchor: 'middle', size: 10, colour })]),
  ]
  const depth = ending === undefined ? 31 : 43
  if (height < depth || width < COLUMN_HEAD_MIN) return []
  return [
    `<rect x="${x + 2.5}" y="${round(y + 2.5)}" width="${width - 5}" height="${depth - 2}" rx="3" fill="${PAPER}" fill-opacity="0.95"/>`,
    ...lines,
  ]
}

function timerShape(ladder: Ladder, timer: TimerBracket): string {
  const { x, y, height, width, marks, text: words } = timer
  const outward = timer.host === ladder.lanes[0].host
  // The open side of the bracket faces its lane, the text stands on the other.
  const spine = outward ? x + 12 : x + width - 12
  const tip = outward ? x + width - 3 : x + 3
  const label = `Timer of ${timer.host}: ${words}, from ${moment(ladder, timer.from)} to ${moment(ladder, timer.to)}`
  const fits = words.length * CHARACTER * 0.86 < height
  const middle = round(y + height / 2)
  const textX = outward ? spine - 3 : spine + 10
  return group(label, label, false, [
    `<path d="M${tip} ${round(y + 1)}H${spine}V${round(y + height - 1)}H${tip}" fill="none" stroke="${COOL_INK}" stroke-width="1.5"${timer.kind === 'retransmission' ? ' stroke-dasharray="6 2"' : ''}/>`,
    ...marks.map(
      (mark) => `<path d="M${tip} ${round(mark.y)}H${spine}" stroke="${COOL_INK}" stroke-width="1.5"/>`,
    ),
    ...(fits
      ? [
          `<text transform="translate(${round(textX)} ${middle}) rotate(-90)" text-anchor="middle" font-size="9.5" fill="${COOL_INK}" ${HALO}>${escapedXml(words)}</text>`,
        ]
      : []),
  ])
}

// ---- the wire -----------------------------------------------------------------------------------

function arrowShape(ladder: Ladder, arrow: Arrow): string {
  const label = arrowSentence(ladder, arrow)
  const stroke = ARROW_STROKE[arrow.kind]
  const tooltip = [label, ...arrow.evidence].join('\n')
  const lost = arrow.outcome === 'lost'
  const { from, to } = arrow
  const end = arrow.outcome === 'arrived' ? headShape(stroke, from, to) : stubEnd(to, lost)
  // Stop the line inside its head, or it shows beside the tip.
  const short = arrow.outcome === 'arrived' ? 5 * Math.sign(to.x - from.x) : 0
  return group(label, tooltip, lost, [
    `<path d="M${from.x} ${round(from.y)}L${to.x - short} ${round(to.y)}" ${strokeOf(stroke)}/>`,
    end,
  ])
}

function strokeOf({ colour, width, dash }: Stroke): string {
  return `fill="none" stroke="${colour}" stroke-width="${width}"${dash === null ? '' : ` stroke-dasharray="${dash}"`}`
}

function headShape({ colour, head }: Stroke, from: Arrow['from'], to: Arrow['to']): string {
  const degrees = (Math.atan2(to.y - from.y, to.x - from.x) * 180) / Math.PI
  const { path, filled } = HEADS[head]
  const fill = filled ? colour : head === 'open' ? 'none' : PAPER
  return `<path d="${path}" transform="translate(${round(to.x)} ${round(to.y)}) rotate(${round(degrees)})" fill="${fill}" stroke="${colour}" stroke-width="1.3"/>`
}

/** A cross: lost. A ring: nobody knows. */
function stubEnd({ x, y }: Arrow['to'], lost: boolean): string {
  const at = `transform="translate(${round(x)} ${round(y)})"`
  if (lost) return `<path d="M-5 -5L5 5M-5 5L5 -5" ${at} stroke="${WARNING_INK}" stroke-width="2.6"/>`
  return `<circle r="4" ${at} fill="${PAPER}" stroke="${OUTLINE}" stroke-width="1.4"/>`
}

function arrowLabel(arrow: Arrow): string {
  if (arrow.labelAt === null) return ''
  const lost = arrow.outcome === 'lost'
  const quiet = arrow.kind === 'ack'
  return text(arrow.labelAt.x, arrow.labelAt.y, lost ? `${arrow.label}, lost` : arrow.label, {
    anchor: 'middle',
    size: quiet ? 9 : 10.5,
    colour: lost ? WARNING_INK : quiet ? QUIET_INK : INK,
    halo: true,
  })
}

function groupShape(ladder: Ladder, crowd: Ladder['groups'][number]): string {
  const { x, y, width, height, count } = crowd
  const label = `${count} arrivals, ${crowd.text}, from ${moment(ladder, crowd.from)} to ${moment(ladder, crowd.to)}`
  const perLine = Math.floor(width / CHARACTER)
  const whole = `${count} more in ${duration(crowd.to - crowd.from, 1)}, all arrived`
  const lines = [whole.length <= perLine ? whole : `${count} more`, shortened(crowd.text, perLine)]
  const parts = [
    `<rect x="${x}" y="${round(y)}" width="${width}" height="${height}" rx="8" fill="#f6f6f6" stroke="${OUTLINE}" stroke-dasharray="2 3"/>`,
    text(x + width / 2, y + 18, lines[0] ?? '', { anchor: 'middle', bold: true }),
    text(x + width / 2, y + 33, lines[1] ?? '', { anchor: 'middle', size: 10 }),
  ]
  return group(label, label, false, parts, lines)
}

function faultShape(ladder: Ladder, fault: FaultInterval, ids: string): string {
  if (!fault.lasting) return ''
  const label = sentence(faultSentence(ladder, fault))
  return group(label, label, false, [
    `<rect x="${fault.x}" y="${round(fault.y)}" width="${fault.width}" height="${round(fault.height)}" fill="#fdf1e6"/>`,
    `<rect x="${fault.x}" y="${round(fault.y)}" width="${fault.width}" height="${round(fault.height)}" fill="url(#${ids}-fault)"/>`,
  ])
}

/** Below the bands: their words are to stay readable, and the truth changes colour there anyway. */
function faultLines(ladder: Ladder, fault: FaultInterval): string {
  return faultMoments(ladder, fault)
    .map(
      ({ y }) =>
        `<path d="M66 ${round(y)}H${round(ladder.width - 4)}" stroke="${WARNING_INK}" stroke-width="1.6" stroke-dasharray="7 3"/>`,
    )
    .join('')
}

function faultBanners(ladder: Ladder, fault: FaultInterval): string {
  return faultMoments(ladder, fault)
    .map(({ y, words }) => {
      const width = words.length * 7.2 + 20
      const middle = besideAxis(ladder, width)
      return (
        `<rect x="${round(middle - width / 2)}" y="${round(y - 25)}" width="${round(width)}" height="19" rx="4" fill="${PAPER}" stroke="${WARNING_INK}" stroke-width="1.4"/>` +
        text(middle, y - 11.5, words, { anchor: 'middle', size: 12, bold: true, colour: WARNING_INK })
      )
    })
    .join('')
}

/** Where the middle of a text stands: that of the wire, unless it would run over an edge of the picture. */
function besideAxis({ lanes: [client, server], width }: Ladder, textWidth: number): number {
  const middle = (client.x + server.x) / 2
  return Math.max(AXIS + textWidth / 2, Math.min(width - 4 - textWidth / 2, middle))
}

function faultMoments(ladder: Ladder, { fault, struck, from, to, y, height, undone }: FaultInterval) {
  const charactersMax = Math.min(BANNER_CHARACTERS_MAX, Math.floor((ladder.width - AXIS - 24) / 7.2))
  return [
    { y, words: shortened(`${moment(ladder, from, 1)}: ${fault} strikes ${struck}`, charactersMax) },
    ...(undone
      ? [
          {
            y: y + height,
            words: shortened(`${moment(ladder, to, 1)}: ${fault} is undone`, charactersMax),
          },
        ]
      : []),
  ]
}

function breakShape(ladder: Ladder, gap: Ladder['breaks'][number]): string {
  const y = gap.y + gap.height * 0.6
  const words = shortened(gap.text, Math.floor((ladder.width - AXIS) / CHARACTER))
  let wave = `M66 ${round(y)}`
  for (let x = 66; x < ladder.width - 8; x += 16) wave += 'q4 -6 8 0t8 0'
  const length = duration(gap.to - gap.from, 1)
  const parts = [
    `<path d="${wave}" fill="none" stroke="${OUTLINE}" stroke-width="7"/>`,
    `<path d="${wave}" fill="none" stroke="${PAPER}" stroke-width="5"/>`,
    text(besideAxis(ladder, words.length * CHARACTER), y - 8, words, { anchor: 'middle', halo: true }),
    text(60, y + 4, length, { anchor: 'end', colour: QUIET_INK, size: 9.5 }),
  ]
  return group(gap.text, gap.text, false, parts, [words, length])
}

// ---- what the signs mean ------------------------------------------------------------------------

function legendOf(ladder: Ladder): { svg: string; height: number } {
  const kinds = [...new Set(ladder.arrows.map((arrow) => arrow.kind))]
  const columns = Math.max(1, Math.floor((ladder.width - 40) / LEGEND_COLUMN_MIN))
  const cell = (index: number) => ({
    x: 20 + (index % columns) * ((ladder.width - 40) / columns),
    y: ladder.height + 30 + Math.floor(index / columns) * LEGEND_ROW,
  })
  const entries: ((at: { x: number; y: number }) => string)[] = kinds.map(
    (kind) => (at) => arrowEntry(kind, at),
  )
  if (ladder.arrows.some((arrow) => arrow.outcome === 'lost'))
    entries.push(
      (at) => stubEnd({ x: at.x + 22, y: at.y }, true) + text(at.x + 54, at.y + 4, 'never arrived'),
    )
  if (ladder.arrows.some((arrow) => arrow.outcome === 'unseen'))
    entries.push(
      (at) =>
        stubEnd({ x: at.x + 22, y: at.y }, false) + text(at.x + 54, at.y + 4, 'not read, or not captured'),
    )
  const rows = Math.ceil(entries.length / columns)
  const notesTop = ladder.height + 24 + rows * LEGEND_ROW
  const perLine = Math.floor((ladder.width - 40) / (CHARACTER * 0.95))
  const notes = [...ladder.notes, SLANT_NOTE]
    .flatMap((note) => inLines(note, perLine))
    .map((line, index) => text(20, notesTop + 12 + index * 15, line, { size: 10.5, colour: QUIET_INK }))
  const svg = [
    `<path d="M14 ${round(ladder.height + 8)}H${round(ladder.width - 14)}" stroke="${GUIDE}"/>`,
    ...entries.map((draw, index) => draw(cell(index))),
    ...notes,
  ].join('\n')
  return { svg, height: 40 + rows * LEGEND_ROW + notes.length * 15 }
}

function arrowEntry(kind: ArrowKind, { x, y }: { x: number; y: number }): string {
  const stroke = ARROW_STROKE[kind]
  const to = { x: x + 46, y }
  return `<path d="M${round(x)} ${round(y)}H${round(to.x - 5)}" ${strokeOf(stroke)}/>${headShape(stroke, { x, y }, to)}${text(x + 54, y + 4, ARROW_WORDS[kind])}`
}

// ---- bricks -------------------------------------------------------------------------------------

/**
 * @param focusable reached with the tab key: beliefs, disagreements and losses are what one steps through
 * @param shown the words that stand in it. Whoever works by voice says what they see, so its name begins with
 *   them where the sentence does not have them anyway (WCAG 2.5.3)
 */
function group(
  label: string,
  tooltip: string,
  focusable: boolean,
  parts: readonly string[],
  shown: readonly string[] = [],
): string {
  const focus = focusable ? ' tabindex="0"' : ''
  const seen = shown.join(' ')
  const name = label.toLowerCase().includes(seen.toLowerCase()) ? sentence(label) : `${seen}: ${label}.`
  const [, ...more] = tooltip.split('\n')
  const title = escapedXml([sentence(label), ...more].join('\n'))
  // Spaces, or two lines would be one word to a program that reads them.
  return `<g role="img" aria-label="${escapedXml(name)}"${focus}><title>${title}</title>${parts.join(' ')}</g>`
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}

interface Box {
  x: number
  y: number
  width: number
  height: number
}

function box(
  { x, y, width, height }: Box,
  look: Paint & { ids: string; dash?: string | null; outline?: string },
): string {
  const place = `x="${x}" y="${round(y)}" width="${width}" height="${round(Math.max(height, 1))}"`
  const dash = look.dash == null ? '' : ` stroke-dasharray="${look.dash}"`
  const over = look.pattern === null ? '' : `<rect ${place} fill="url(#${look.ids}-${look.pattern})"/>`
  return `<rect ${place} fill="${look.fill}"/>${over}<rect ${place} fill="none" stroke="${look.outline ?? OUTLINE}"${dash}/>`
}

/**
 * The first line of a band again further down. It stands beside the band and not in it: whoever listens has heard
 * it, and the name of the band would not have it twice.
 */
function again(band: Box, line = ''): string {
  const parts: string[] = []
  for (let y = band.y + REPEAT; y < band.y + band.height - 3 * LINE; y += REPEAT) {
    parts.push(...plaque({ ...band, height: band.y + band.height - y }, y, [line]))
  }
  return parts.length === 0 ? '' : `<g aria-hidden="true" pointer-events="none">${parts.join('')}</g>`
}

/** Black on white whatever the pattern below is; as many of the lines as fit. */
function plaque({ x, width, height }: Box, y: number, lines: readonly string[]): string[] {
  const fitting = lines.slice(0, Math.floor((height - 4) / LINE))
  if (fitting.length === 0) return []
  return [
    `<rect x="${x + 2.5}" y="${round(y + 2.5)}" width="${width - 5}" height="${round(fitting.length * LINE + 2)}" rx="3" fill="${PAPER}" fill-opacity="0.92"/>`,
    ...fitting.map((line, index) =>
      text(x + width / 2, y + 12.5 + index * LINE, line, {
        anchor: 'middle',
        size: index === 0 ? TEXT : 10,
        bold: index === 0,
      }),
    ),
  ]
}

interface Look {
  anchor?: 'start' | 'middle' | 'end'
  size?: number
  bold?: boolean
  colour?: string
  halo?: boolean
}

function text(x: number, y: number, words: string, { anchor, size, bold, colour, halo }: Look = {}): string {
  const attributes = [
    anchor === undefined || anchor === 'start' ? '' : ` text-anchor="${anchor}"`,
    size === undefined ? '' : ` font-size="${size}"`,
    bold === true ? ' font-weight="bold"' : '',
    colour === undefined || colour === INK ? '' : ` fill="${colour}"`,
    halo === true ? ` ${HALO}` : '',
  ].join('')
  return `<text x="${round(x)}" y="${round(y)}"${attributes}>${escapedXml(words)}</text>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
