/** What all parts of a picture are made of: groups with a name, boxes, plaques, texts. */
import { escapedXml } from '../../foreign/printable.ts'
import { INK, OUTLINE, PAPER, type Paint } from '../svg-style.ts'

export const LINE = 12.5
export const TEXT = 11
/** A DejaVu or Arial of 11 px is on average not wider; used only to decide whether a text fits. */
export const CHARACTER = 6.1
/** The name of a band is written again so often, for those who scroll. */
const REPEAT = 620
/** Keeps a text readable where a line runs through it. */
export const HALO = `stroke="${PAPER}" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke"`

/**
 * @param focusable reached with the tab key: beliefs, disagreements and losses are what one steps through
 * @param shown the words that stand in it. Whoever works by voice says what they see, so its name begins with
 *   them where the sentence does not have them anyway (WCAG 2.5.3)
 */
export function group(
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

export function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}

interface Box {
  x: number
  y: number
  width: number
  height: number
}

export function box(
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
export function again(band: Box, line = ''): string {
  const parts: string[] = []
  for (let y = band.y + REPEAT; y < band.y + band.height - 3 * LINE; y += REPEAT) {
    parts.push(...plaque({ ...band, height: band.y + band.height - y }, y, [line]))
  }
  return parts.length === 0 ? '' : `<g aria-hidden="true" pointer-events="none">${parts.join('')}</g>`
}

/** Black on white whatever the pattern below is; as many of the lines as fit. */
export function plaque({ x, width, height }: Box, y: number, lines: readonly string[]): string[] {
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

export function text(
  x: number,
  y: number,
  words: string,
  { anchor, size, bold, colour, halo }: Look = {},
): string {
  const attributes = [
    anchor === undefined || anchor === 'start' ? '' : ` text-anchor="${anchor}"`,
    size === undefined ? '' : ` font-size="${size}"`,
    bold === true ? ' font-weight="bold"' : '',
    colour === undefined || colour === INK ? '' : ` fill="${colour}"`,
    halo === true ? ` ${HALO}` : '',
  ].join('')
  return `<text x="${round(x)}" y="${round(y)}"${attributes}>${escapedXml(words)}</text>`
}

export function round(value: number): number {
  return Math.round(value * 10) / 10
}
