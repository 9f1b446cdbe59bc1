/** Long lines for a narrow terminal: broken between words, never inside one. */
import { stripVTControlCharacters } from 'node:util'
import { inLines } from './lines.ts'

/** What every terminal, mail and printer shows: the width of the first ones. */
export const COLUMNS = 80

/** Lines of whole words, as wide as they look; a word that is longer than a line keeps one of its own. */
export function wrapped(text: string, columns = COLUMNS): string[] {
  return inLines(text, columns, shownWidth)
}

/** The text beside its label, further lines below the first. */
export function beside(label: string, text: string, columns = COLUMNS): string[] {
  return wrapped(text, columns - label.length).map(
    (line, index) => (index === 0 ? label : ' '.repeat(label.length)) + line,
  )
}

/**
 * A finished text, painted or not, on a terminal of `columns` columns: what is too long goes on below, where the
 * text of its line began. What somebody may paste has `\` at its end, or is no text: it is given another way.
 * @param columns undefined: it goes to a file or a pipe, which has no width, and stays as it is
 */
export function fitted(text: string, columns: number | undefined): string {
  if (!columns) return text
  return text
    .split('\n')
    .flatMap((line) => fittedLine(line, columns))
    .join('\n')
}

function fittedLine(line: string, columns: number): string[] {
  if (shownWidth(line) <= columns) return [line]
  const indent = ' '.repeat(textColumn(stripVTControlCharacters(line), columns))
  const lines = ['']
  // Spaces between words are kept: they may be a table's.
  for (const [, spaces = '', word = ''] of line.matchAll(/( *)([^ ]+)/g)) {
    const longer = `${lines.at(-1)}${spaces}${word}`
    if (shownWidth(longer) <= columns || lines.at(-1)?.trim() === '') lines[lines.length - 1] = longer
    else lines.push(indent + word)
  }
  return lines
}

/** Where the text of a line begins: behind a label that more than one space sets apart, else behind the indent. */
function textColumn(line: string, columns: number): number {
  const [indent = ''] = /^ */.exec(line) ?? []
  const [label] = /^ *\S+(?: \S+)* {2,}/.exec(line) ?? []
  return label !== undefined && label.length <= columns / 2 ? label.length : indent.length
}

function shownWidth(text: string): number {
  return stripVTControlCharacters(text).length
}

/** Writes a text to be read, fitted to the terminal that it goes to. */
export function print(stream: NodeJS.WriteStream, text: string): void {
  stream.write(fitted(text, stream.columns))
}
