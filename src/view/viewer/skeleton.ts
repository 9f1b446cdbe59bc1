/** The parts of a viewer before anything is in them. */
import { type Child, element } from './markup.ts'
import type { ViewedPlan } from './run.ts'
import { matrixHeading } from './tables.ts'
import type { Move } from './time-window.ts'

/** What a reader does to the time that is shown: `all` of it, or the newest strike and what follows. */
export type TimeMove = Move | 'all' | 'follow'

export const TOOLS: { move: TimeMove; sign: string; words: string; key: string; keyName?: string }[] = [
  { move: 'earlier', sign: '\u2190', words: 'earlier', key: '\u2190', keyName: 'ArrowLeft' },
  { move: 'later', sign: '\u2192', words: 'later', key: '\u2192', keyName: 'ArrowRight' },
  { move: 'in', sign: '+', words: 'zoom in', key: '+', keyName: '=' },
  { move: 'out', sign: '\u2212', words: 'zoom out', key: '-' },
  { move: 'all', sign: '\u2194', words: 'all of it', key: '0' },
  { move: 'follow', sign: '\u21a7', words: 'follow the strike', key: 'f' },
]

/** @param canFollow the run goes on, and somebody strikes */
export function skeletonOf(plan: ViewedPlan, canFollow: boolean): Child[] {
  return [
    element(
      'section',
      { class: 'matrix-part', 'aria-labelledby': 'matrix-title' },
      element('h2', { id: 'matrix-title' }, matrixHeading(plan)),
      element('p', { class: 'hint' }, 'Choose a cell to see what happened in it.'),
      element('div', { class: 'wide matrix-place' }),
      element('div', { class: 'legend-place' }),
    ),
    element(
      'section',
      { class: 'cell-part', 'aria-labelledby': 'cell-title' },
      element('h2', { id: 'cell-title' }),
      element('div', { class: 'choosers' }),
      element('p', { class: 'narrative' }),
      element(
        'div',
        { class: 'time', role: 'group', 'aria-label': 'Time shown' },
        element('div', { class: 'overview' }),
        element(
          'div',
          { class: 'tools' },
          ...TOOLS.filter(({ move }) => move !== 'follow' || canFollow).map(({ move, sign, words, key }) =>
            element(
              'button',
              {
                type: 'button',
                'data-move': move,
                'aria-keyshortcuts': key,
                title: `${words} (key ${key})`,
              },
              `${sign} ${words}`,
            ),
          ),
          element('span', { class: 'hint' }, 'In the ladder: \u2191 \u2193 step, Enter asks why.'),
        ),
      ),
      element('p', { class: 'alone', hidden: true }),
      element('div', { class: 'ladder' }),
      element('div', {
        class: 'why',
        role: 'region',
        'aria-label': 'Why',
        'aria-live': 'polite',
        hidden: true,
      }),
      element('div', { class: 'cell-checks' }),
      element(
        'details',
        { class: 'equivalent' },
        element('summary', {}, 'The same as a table'),
        element('div', {}),
      ),
    ),
    element('p', { class: 'hidden', role: 'status', 'aria-live': 'polite' }),
  ]
}
