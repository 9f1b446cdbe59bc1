/** Colours for a terminal; each is only ever a second channel beside a word or a sign. And its width. */
import { plainStyle, type Style } from '../../lab/tale.ts'
import { COLUMNS } from '../../text/wrap.ts'

/** SGR codes. Bold magenta and bold red differ in more than hue for most who confuse red and green. */
const CODES = { bold: '1', dim: '2', good: '32', bad: '1;31', doubtful: '35' } as const

const coloured = Object.fromEntries(
  Object.entries(CODES).map(([name, code]) => [name, (text: string) => `\u001b[${code}m${text}\u001b[0m`]),
) as unknown as Pick<Style, keyof typeof CODES>

/** Colours where the stream is a terminal that wants them: not in pipes, CI, with NO_COLOR or --plain. */
export function styleFor(stream: { isTTY?: boolean; columns?: number }, options: { plain: boolean }): Style {
  const columns = Math.min(stream.columns || COLUMNS, COLUMNS)
  const isColoured = isLively(stream, options) && process.env.NO_COLOR === undefined
  return { ...plainStyle, ...(isColoured ? coloured : {}), columns }
}

/** Whether lines may be overwritten and coloured at all. */
export function isLively(stream: { isTTY?: boolean }, options: { plain: boolean }): boolean {
  return (
    stream.isTTY === true && !options.plain && process.env.TERM !== 'dumb' && process.env.CI === undefined
  )
}
