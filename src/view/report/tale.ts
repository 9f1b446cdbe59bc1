/**
 * What a lab tells on the terminal, set as a page. A lab tells in paragraphs; in each, a line that begins
 * with seconds or with a name stands in a list, and what is indented deeper goes on with it.
 */
import { element, type Markup } from '../viewer/markup.ts'

export interface Paragraph {
  heading: string
  entries: { term: string; lines: string[] }[]
}

const ENTRY = /^ {1,4}(\d+(?:\.\d+)? s|[\w-]+) {1,}(\S.*)$/

export function paragraphsOf(told: string): Paragraph[] {
  return told.split(/\n{2,}/).map((paragraph) => {
    const [heading = '', ...rest] = paragraph.split('\n')
    const entries: Paragraph['entries'] = []
    for (const line of rest) {
      const [, term, words = ''] = ENTRY.exec(line) ?? []
      const last = entries.at(-1)
      if (term !== undefined) entries.push({ term, lines: [words] })
      else if (last !== undefined) last.lines.push(line.trim())
      else entries.push({ term: '', lines: [line.trim()] })
    }
    return { heading: heading.replace(/:$/, ''), entries }
  })
}

export function taleList({ entries }: Paragraph): Markup {
  return element(
    'dl',
    { class: 'tale' },
    ...entries.flatMap(({ term, lines }) => [
      element('dt', {}, term),
      element('dd', {}, ...lines.map((line) => element('p', {}, line))),
    ]),
  )
}
