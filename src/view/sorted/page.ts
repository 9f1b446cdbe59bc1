/** A table that is a page of its own, in one file that loads nothing: whoever reads it sorts it by any column. */
import { policyOf } from '../report/policy.ts'
import { element, htmlOf } from '../viewer/markup.ts'
import { sortedFiles } from './files.ts'

export interface SortedCell {
  text: string
  /** What the column is sorted by; null: it has no place among the others, and comes last. Left out: its text. */
  by?: number | null
}

export interface SortedTable {
  title: string
  /** Paragraphs that say what it is about and how a cell is read. */
  about: readonly string[]
  columns: readonly string[]
  /** The first cell of each names the row. */
  rows: readonly (readonly SortedCell[])[]
}

/** Every text is a text, whoever it came from. */
export async function sortedPage({ title, about, columns, rows }: SortedTable): Promise<string> {
  const { script, style } = await sortedFiles()
  const heads = columns.map((name) =>
    element('th', { scope: 'col' }, element('button', { type: 'button' }, name)),
  )
  const table = element(
    'table',
    {},
    element('caption', {}, 'A press on the name of a column sorts by it; another one, the other way round.'),
    element('thead', {}, element('tr', {}, ...heads)),
    element('tbody', {}, ...rows.map((cells) => element('tr', {}, ...cells.map(cellOf)))),
  )
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    policyOf(script, style),
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    htmlOf(element('title', {}, title)),
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    htmlOf(
      element(
        'main',
        {},
        element('h1', {}, title),
        ...about.map((text) => element('p', {}, text)),
        // Reached by keys, too, where it is wider than the window.
        element('div', { class: 'wide', role: 'region', tabindex: 0, 'aria-label': title }, table),
      ),
    ),
    // Last: it works on what stands above.
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

function cellOf({ text, by }: SortedCell, at: number) {
  const sort = by === undefined ? text : (by ?? '')
  return at === 0
    ? element('th', { scope: 'row', 'data-sort': sort }, text)
    : element('td', { 'data-sort': sort }, text)
}
