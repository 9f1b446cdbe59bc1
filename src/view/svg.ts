/**
 * A ladder as one SVG file that needs nothing else: for `timeline.svg`, the report and the live page.
 *
 * Looks are given by attributes, without a style sheet or a script, so that it works as a file, on paper and
 * under the page's content security policy. Every text goes through {@link escaped}: host names and payloads
 * are whatever somebody sent.
 */
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
  printable,
  shortened,
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
const LEGEND_ROW = 22
const LEGEND_COLUMNS = 4

export function toSvg(ladder: Ladder): string {
  const legend = legendOf(ladder)
  const width = Math.ceil(ladder.width)
  const height = Math.ceil(ladder.height + legend.height)
  const ids = idPrefix(ladder)
  const parts = [
    `<title id="${ids}-title">${escaped(`${titleOf(ladder)}: what each end believed, and what was true`)}</title>`,
    `<desc id="${ids}-desc">${escaped(narrativeOf(ladder))}</desc>`,
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

/** For text and attributes alike: what comes out is one text node, whatever came in. */
export function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
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
  const from = Math.min(truth.x, kernel.x)
  const to = Math.max(truth.x + truth.width, kernel.x + kernel.width)
  const name = shortened(`${lane.host}, the ${lane.role}`, Math.floor((to - from) / 8))
  const column = ({ x, width }: Column, lines: [string, string], bold = false) =>
    lines.map((line, index) => text(x + width / 2, y - 24 + index * LINE, line, { anchor: 'middle', bold }))
  return [
    `<path d="M${from} ${y - 44}H${to}" stroke="${OUTLINE}" stroke-width="1.5"/>`,
    text((from + to) / 2, y - 51, name, { anchor: 'middle', size: 14, bold: true }),
    ...column(truth, ['truth: its', 'peer is']),
    ...column(disagreement, ['belief', '\u2260 truth'], true),
    ...column(belief, ['its program', 'believes peer'], true),
    ...column(kernel, ['its kernel', 'holds']),
    text(timers.x + timers.width / 2, y - 12, 'timers', { anchor: 'middle' }),
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
    return group(label, tooltip, true, [
      box(band, { ...BELIEF_PAINT.none, ids, dash: '3 4' }),
      ...plaque(band, band.y, lines),
    ])
  }
  const proof = band.certainty === 'unknown' && band.trigger !== null && band.trigger !== 'started'
  const lines = [
    band.belief,
    ...(band.trigger === null ? [] : [moment(ladder, band.from), ...causeLines(band.trigger, proof)]),
  ]
  return group(label, tooltip, true, [
    // A dashed outline says what the word says: it is only silence that speaks.
    box(band, { ...BELIEF_PAINT[band.belief], ids, dash: proof ? '4 2' : null }),
    ...named(band, lines),
  ])
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
  return group(label, label, false, [
    box(band, { ...TRUTH_PAINT[band.truth], ids }),
    ...named(band, [band.truth]),
  ])
}

function kernelShape(ladder: Ladder, band: KernelBand, ids: string): string {
  const timer = band.timer === 'none' ? 'no timer' : `${band.timer} timer`
  const label = `The kernel of ${band.host} holds ${band.state}, ${timer}, from ${moment(ladder, band.from)} to ${moment(ladder, band.to)}`
  const lines = [band.state, ...(band.timer === 'none' ? [] : [timer.replace('zero-window-probe', 'window')])]
  return group(label, `${label}\n${band.address}`, false, [
    box(band, { ...KERNEL_PAINT[band.state], ids, dash: band.state === 'no entry' ? '3 4' : null }),
    ...named(band, lines),
  ])
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
  return group(label, label, true, [
    box(one, { fill: PAPER, pattern: ghost ? 'ghost' : 'unaware', ids, outline: colour }),
    ...ghostTime(one, colour),
  ])
}

/** The number that the whole picture is about, larger than anything beside it. */
function ghostTime(one: Disagreement, colour: string): string[] {
  const { x, y, width, height } = one
  const middle = x + width / 2
  const [time = '', ending] = one.text.split(/ (?=and no end)/)
  const lines = [
    text(middle, y + 13, one.kind === 'ghost' ? 'ghost time' : 'unaware', {
      anchor: 'middle',
      size: 10,
      colour,
    }),
    text(middle, y + 27, time, { anchor: 'middle', size: 14, bold: true, colour }),
    ...(ending === undefined ? [] : [text(middle, y + 39, ending, { anchor: 'middle', size: 10, colour })]),
  ]
  const depth = ending === undefined ? 31 : 43
  if (height < depth) return []
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
          `<text transform="translate(${round(textX)} ${middle}) rotate(-90)" text-anchor="middle" font-size="9.5" fill="${COOL_INK}" ${HALO}>${escaped(words)}</text>`,
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
  return group(label, label, false, [
    `<rect x="${x}" y="${round(y)}" width="${width}" height="${height}" rx="8" fill="#f6f6f6" stroke="${OUTLINE}" stroke-dasharray="2 3"/>`,
    text(x + width / 2, y + 18, `${count} more in ${duration(crowd.to - crowd.from, 1)}, all arrived`, {
      anchor: 'middle',
      bold: true,
    }),
    text(x + width / 2, y + 33, shortened(crowd.text, perLine), { anchor: 'middle', size: 10 }),
  ])
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
  const [client, server] = ladder.lanes
  const middle = (client.x + server.x) / 2
  return faultMoments(ladder, fault)
    .map(({ y, words }) => {
      const width = words.length * 7.2 + 20
      return (
        `<rect x="${round(middle - width / 2)}" y="${round(y - 25)}" width="${round(width)}" height="19" rx="4" fill="${PAPER}" stroke="${WARNING_INK}" stroke-width="1.4"/>` +
        text(middle, y - 11.5, words, { anchor: 'middle', size: 12, bold: true, colour: WARNING_INK })
      )
    })
    .join('')
}

function faultMoments(ladder: Ladder, { fault, struck, from, to, y, height, undone }: FaultInterval) {
  return [
    { y, words: shortened(`${moment(ladder, from, 1)}: ${fault} strikes ${struck}`, BANNER_CHARACTERS_MAX) },
    ...(undone
      ? [
          {
            y: y + height,
            words: shortened(`${moment(ladder, to, 1)}: ${fault} is undone`, BANNER_CHARACTERS_MAX),
          },
        ]
      : []),
  ]
}

function breakShape(ladder: Ladder, gap: Ladder['breaks'][number]): string {
  const y = gap.y + gap.height * 0.6
  const [client, server] = ladder.lanes
  let wave = `M66 ${round(y)}`
  for (let x = 66; x < ladder.width - 8; x += 16) wave += 'q4 -6 8 0t8 0'
  return group(gap.text, gap.text, false, [
    `<path d="${wave}" fill="none" stroke="${OUTLINE}" stroke-width="7"/>`,
    `<path d="${wave}" fill="none" stroke="${PAPER}" stroke-width="5"/>`,
    text((client.x + server.x) / 2, y - 8, gap.text, { anchor: 'middle', halo: true }),
    text(60, y + 4, duration(gap.to - gap.from, 1), { anchor: 'end', colour: QUIET_INK, size: 9.5 }),
  ])
}

// ---- what the signs mean ------------------------------------------------------------------------

function legendOf(ladder: Ladder): { svg: string; height: number } {
  const kinds = [...new Set(ladder.arrows.map((arrow) => arrow.kind))]
  const cell = (index: number) => ({
    x: 20 + (index % LEGEND_COLUMNS) * ((ladder.width - 40) / LEGEND_COLUMNS),
    y: ladder.height + 30 + Math.floor(index / LEGEND_COLUMNS) * LEGEND_ROW,
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
  const rows = Math.ceil(entries.length / LEGEND_COLUMNS)
  const notesTop = ladder.height + 24 + rows * LEGEND_ROW
  const perLine = Math.floor((ladder.width - 40) / (CHARACTER * 0.95))
  const notes = [...ladder.notes, SLANT_NOTE].map((note, index) =>
    text(20, notesTop + 12 + index * 15, shortened(note, perLine), { size: 10.5, colour: QUIET_INK }),
  )
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

/** @param focusable reached with the tab key: beliefs, disagreements and losses are what one steps through */
function group(label: string, tooltip: string, focusable: boolean, parts: readonly string[]): string {
  const focus = focusable ? ' tabindex="0"' : ''
  return `<g role="img" aria-label="${escaped(sentence(label))}"${focus}><title>${tooltip
    .split('\n')
    .map(escaped)
    .join('\n')}</title>${parts.join('')}</g>`
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

/** The lines at the top of a band, and its first one again further down. */
function named(band: Box, lines: readonly string[], colour = INK): string[] {
  const parts = plaque(band, band.y, lines, colour)
  for (let y = band.y + REPEAT; y < band.y + band.height - 3 * LINE; y += REPEAT) {
    parts.push(...plaque({ ...band, height: band.y + band.height - y }, y, lines.slice(0, 1), colour))
  }
  return parts
}

/** Black on white whatever the pattern below is; as many of the lines as fit. */
function plaque({ x, width, height }: Box, y: number, lines: readonly string[], colour = INK): string[] {
  const fitting = lines.slice(0, Math.floor((height - 4) / LINE))
  if (fitting.length === 0) return []
  return [
    `<rect x="${x + 2.5}" y="${round(y + 2.5)}" width="${width - 5}" height="${round(fitting.length * LINE + 2)}" rx="3" fill="${PAPER}" fill-opacity="0.92"/>`,
    ...fitting.map((line, index) =>
      text(x + width / 2, y + 12.5 + index * LINE, line, {
        anchor: 'middle',
        size: index === 0 ? TEXT : 10,
        bold: index === 0,
        colour,
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
  return `<text x="${round(x)}" y="${round(y)}"${attributes}>${escaped(words)}</text>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
