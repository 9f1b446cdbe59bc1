/** Colours for a terminal; each is only ever a second channel beside a word or a sign. */
import type { Style } from '../../lab/tale.ts'

/** SGR codes. Bold magenta and bold red differ in more than hue for most who confuse red and green. */
const CODES = { bold: '1', dim: '2', good: '32', bad: '1;31', doubtful: '35' } as const

const plain: Style = { bold: same, dim: same, good: same, bad: same, doubtful: same }
const coloured = Object.fromEntries(
  Object.entries(CODES).map(([name, code]) => [name, (text: string) => `\u001b[${code}m${text}\u001b[0m`]),
) as unknown as Style

/** Colours where the stream is a terminal that wants them: not in pipes, CI, with NO_COLOR or --plain. */
export function styleFor(stream: { isTTY?: boolean }, options: { plain: boolean }): Style {
  return isLively(stream, options) && process.env.NO_COLOR === undefined ? coloured : plain
}

/** Whether lines may be overwritten and coloured at all. */
export function isLively(stream: { isTTY?: boolean }, options: { plain: boolean }): boolean {
  return (
    stream.isTTY === true && !options.plain && process.env.TERM !== 'dumb' && process.env.CI === undefined
  )
}

function same(text: string): string {
  return text
}
