/** What stands beside the wire: beliefs, truths, kernels, what disagrees with what, timers. */
import { escapedXml } from '../../foreign/printable.ts'
import type { BeliefBand, Disagreement, KernelBand, Ladder, TimerBracket, TruthBand } from '../ladder.ts'
import {
  BELIEF_PAINT,
  COOL_INK,
  KERNEL_PAINT,
  OUTLINE,
  PAPER,
  TRUTH_PAINT,
  WARNING_INK,
} from '../svg-style.ts'
import { beliefSentence, disagreementSentence, moment } from '../words.ts'
import { again, box, CHARACTER, group, HALO, LINE, plaque, round, text } from './bricks.ts'
import { COLUMN_HEAD_MIN } from './paper.ts'

export function beliefShape(ladder: Ladder, band: BeliefBand, ids: string): string {
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

export function truthShape(ladder: Ladder, band: TruthBand, ids: string): string {
  if (band.truth === 'absent') return ''
  const label = `In truth ${band.peer} is ${band.truth} for ${band.host} from ${moment(ladder, band.from)} to ${moment(ladder, band.to)}`
  const parts = [box(band, { ...TRUTH_PAINT[band.truth], ids }), ...plaque(band, band.y, [band.truth])]
  return group(label, label, false, parts, [band.truth]) + again(band, band.truth)
}

export function kernelShape(ladder: Ladder, band: KernelBand, ids: string): string {
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
export function kernelMarks(ladder: Ladder): string[] {
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

export function disagreementShape(ladder: Ladder, one: Disagreement, ids: string): string {
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

export function timerShape(ladder: Ladder, timer: TimerBracket): string {
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
