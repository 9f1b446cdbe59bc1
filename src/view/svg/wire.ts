/** What is between the two ends: arrows, crowds of them, faults, and time that is left out. */
import { shortened } from '../../foreign/shortened.ts'
import type { Arrow, FaultInterval, Ladder } from '../ladder.ts'
import {
  ARROW_STROKE,
  HEADS,
  INK,
  OUTLINE,
  PAPER,
  QUIET_INK,
  type Stroke,
  WARNING_INK,
} from '../svg-style.ts'
import { arrowSentence, duration, faultSentence, moment } from '../words.ts'
import { CHARACTER, group, round, sentence, text } from './bricks.ts'

/** As wide as the wire. */
const BANNER_CHARACTERS_MAX = 44
/** From the left edge to where the first column can begin. */
const AXIS = 66

export function arrowShape(ladder: Ladder, arrow: Arrow): string {
  const label = arrowSentence(ladder, arrow)
  const stroke = ARROW_STROKE[arrow.kind]
  const tooltip = [label, ...arrow.evidence].join('\n')
  const lost = arrow.outcome === 'lost'
  const { from, to } = arrow
  const hasHead = arrow.outcome === 'arrived' || arrow.outcome === 'aside'
  const end = hasHead ? headShape(stroke, from, to) : stubEnd(to, lost)
  // Stop the line inside its head, or it shows beside the tip.
  const short = hasHead ? 5 * Math.sign(to.x - from.x) : 0
  return group(label, tooltip, lost, [
    `<path d="M${from.x} ${round(from.y)}L${to.x - short} ${round(to.y)}" ${strokeOf(stroke)}/>`,
    end,
  ])
}

export function strokeOf({ colour, width, dash }: Stroke): string {
  return `fill="none" stroke="${colour}" stroke-width="${width}"${dash === null ? '' : ` stroke-dasharray="${dash}"`}`
}

export function headShape({ colour, head }: Stroke, from: Arrow['from'], to: Arrow['to']): string {
  const degrees = (Math.atan2(to.y - from.y, to.x - from.x) * 180) / Math.PI
  const { path, filled } = HEADS[head]
  const fill = filled ? colour : head === 'open' ? 'none' : PAPER
  return `<path d="${path}" transform="translate(${round(to.x)} ${round(to.y)}) rotate(${round(degrees)})" fill="${fill}" stroke="${colour}" stroke-width="1.3"/>`
}

/** A cross: lost. A ring: nobody knows. */
export function stubEnd({ x, y }: Arrow['to'], lost: boolean): string {
  const at = `transform="translate(${round(x)} ${round(y)})"`
  if (lost) return `<path d="M-5 -5L5 5M-5 5L5 -5" ${at} stroke="${WARNING_INK}" stroke-width="2.6"/>`
  return `<circle r="4" ${at} fill="${PAPER}" stroke="${OUTLINE}" stroke-width="1.4"/>`
}

const ENDINGS: Readonly<Record<Arrow['outcome'], string>> = {
  arrived: '',
  unseen: '',
  lost: ', lost',
  aside: ', to a third host',
}

export function arrowLabel(arrow: Arrow): string {
  if (arrow.labelAt === null) return ''
  const lost = arrow.outcome === 'lost'
  const quiet = arrow.kind === 'ack'
  return text(arrow.labelAt.x, arrow.labelAt.y, `${arrow.label}${ENDINGS[arrow.outcome]}`, {
    anchor: 'middle',
    size: quiet ? 9 : 10.5,
    colour: lost ? WARNING_INK : quiet ? QUIET_INK : INK,
    halo: true,
  })
}

export function groupShape(ladder: Ladder, crowd: Ladder['groups'][number]): string {
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

export function faultShape(ladder: Ladder, fault: FaultInterval, ids: string): string {
  if (!fault.lasting) return ''
  const label = sentence(faultSentence(ladder, fault))
  return group(label, label, false, [
    `<rect x="${fault.x}" y="${round(fault.y)}" width="${fault.width}" height="${round(fault.height)}" fill="#fdf1e6"/>`,
    `<rect x="${fault.x}" y="${round(fault.y)}" width="${fault.width}" height="${round(fault.height)}" fill="url(#${ids}-fault)"/>`,
  ])
}

/** Below the bands: their words are to stay readable, and the truth changes colour there anyway. */
export function faultLines(ladder: Ladder, fault: FaultInterval): string {
  return faultMoments(ladder, fault)
    .map(
      ({ y }) =>
        `<path d="M66 ${round(y)}H${round(ladder.width - 4)}" stroke="${WARNING_INK}" stroke-width="1.6" stroke-dasharray="7 3"/>`,
    )
    .join('')
}

export function faultBanners(ladder: Ladder, fault: FaultInterval): string {
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

export function breakShape(ladder: Ladder, gap: Ladder['breaks'][number]): string {
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
