/** What the plots of labs are written with. */
import { escapedXml } from '../../foreign/printable.ts'
import { INK } from '../svg-style.ts'
import { round } from './bricks.ts'

export { round }

/** A word or a number of a plot. */
export function text(
  x: number,
  y: number,
  words: string,
  anchor: 'start' | 'middle' | 'end',
  size = 12,
  isBold = false,
  colour: string = INK,
): string {
  const weight = isBold ? ' font-weight="bold"' : ''
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" font-size="${size}"${weight} fill="${colour}">${escapedXml(words)}</text>`
}
