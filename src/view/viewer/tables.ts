/** Matrix, checks and the table that says the same as the picture: for the report's file and for the page. */
import { type Check, expectedWords, observedWords, type Verdict } from '../../lab/checks.ts'
import type { Ladder } from '../ladder.ts'
import type { Row } from '../narrative.ts'
import type { Cell, Cells } from './cells.ts'
import { type Child, element, type Markup } from './markup.ts'
import type { RecordedCells, ViewedPlan } from './run.ts'
import { CELL_WORDS, signMeanings } from './signs.ts'

/** A sign and a word: the colour only repeats them. */
export const VERDICT_SIGNS: Record<Verdict, string> = {
  pass: '\u2713',
  fail: '\u2717',
  inconclusive: '~',
  skipped: '\u2013',
}
const VERDICT_MEANINGS: Record<Verdict, string> = {
  pass: 'every check of the cell passed',
  fail: 'a check of it failed',
  inconclusive: 'nobody can tell: this machine was too busy, or somebody interfered',
  skipped: 'nothing was checked here',
}
export const ELSEWHERE = 'recorded elsewhere, not observed here'

export function verdictMark(verdict: Verdict): Markup {
  return element('span', { class: `verdict ${verdict}` }, `${VERDICT_SIGNS[verdict]} ${verdict}`)
}

// ---- the matrix ---------------------------------------------------------------------------------

/**
 * @param target what a cell leads to: a link in a page that has no script, a button in one that has
 */
export function matrixTable(
  cells: Cells,
  plan: ViewedPlan,
  target: (cell: Cell, words: Child[]) => Markup,
): Markup {
  return element(
    'table',
    { class: 'matrix' },
    element('caption', {}, captionOf(plan)),
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        element('td', {}),
        ...cells.columns.map((pair) =>
          element(
            'th',
            { scope: 'col', title: plan.promises[pair] },
            pair === 'none' ? 'none (control)' : pair,
          ),
        ),
      ),
    ),
    element(
      'tbody',
      {},
      ...cells.mechanisms.map((mechanism) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, mechanism),
          ...cells.columns.map((pair) => {
            if (!cells.has(pair, mechanism)) return element('td', { class: 'none' })
            const cell = cells.cell(pair, mechanism)
            return element('td', { class: cellClass(cell) }, target(cell, cellWords(cell)))
          }),
        ),
      ),
    ),
  )
}

/** What the seconds of a ladder and its table count from. */
export function secondsCaption({ struck }: Pick<Ladder, 'struck'>): string {
  return `Seconds count from the ${struck ? 'strike' : 'start'}.`
}

/** What happens in a case, where no fault says it; empty where one does. */
export function caseSentence(
  { promises }: ViewedPlan,
  { pair, struck }: Pick<Ladder, 'pair' | 'struck'>,
): string {
  const promise = promises[pair]
  return struck || promise === undefined ? '' : `${promise.charAt(0).toUpperCase()}${promise.slice(1)}. `
}

/** What the matrix of a run answers. */
export function matrixHeading({ play, strike }: ViewedPlan): string {
  if (play) return 'Who believes what?'
  return strike === null ? 'What was seen in each case?' : 'Who notices, and after how many seconds?'
}

function captionOf({ play, strike }: ViewedPlan): string {
  if (play) return 'What the clients believe now.'
  if (strike === null) return 'What was seen, or how many of the checks passed.'
  const who = strike === 'server' ? 'clients' : 'servers'
  return `What the ${who} noticed, and after how many seconds. The ${strike}s' host was struck.`
}

export function cellClass({ verdict, origin, text }: Cell): string {
  return [verdict ?? 'unjudged', origin, ...(text === 'quiet' ? ['quiet'] : [])].join(' ')
}

/** Two lines: what was noticed, and the verdict. Whoever hears it alone hears first which cell it is. */
export function cellWords(cell: Cell): Child[] {
  const { text, verdict, origin } = cell
  const second =
    origin === 'recorded'
      ? '\u25cb recorded'
      : verdict === null
        ? '\u00a0'
        : text === verdict
          ? VERDICT_SIGNS[verdict]
          : `${VERDICT_SIGNS[verdict]} ${verdict === 'inconclusive' ? 'unclear' : verdict}`
  return [
    element('span', { class: 'hidden' }, `${cell.pair}, ${cell.mechanism}: `),
    element('span', { class: 'noticed' }, text),
    element('span', { class: 'judged' }, second),
    ...(origin === 'recorded' ? [element('span', { class: 'hidden' }, ELSEWHERE)] : []),
  ]
}

/** What a cell says that has no word of its own. */
const COUNT = /^\d+\/\d+$/
const COUNT_WORDS: [string, string] = ['2/3', 'how many of its checks passed']

/** Only the signs that stand in this matrix, and where its grey cells come from. */
export function matrixLegend(cells: Cells, recorded: RecordedCells | null): Markup {
  const all = cells.all()
  const first = new Set(all.map((cell) => cell.text.split(' ')[0] ?? ''))
  const verdicts = new Set(
    all.flatMap(({ verdict, origin }) => (origin === 'observed' && verdict !== null ? [verdict] : [])),
  )
  const entries: [string, string][] = [
    ...signMeanings((sign) => first.has(sign), cells.waits),
    ...Object.entries(CELL_WORDS).filter(([word]) => first.has(word)),
    ...(all.some(({ text }) => COUNT.test(text)) ? [COUNT_WORDS] : []),
    ...(Object.keys(VERDICT_MEANINGS) as Verdict[])
      .filter((verdict) => verdicts.has(verdict))
      .map((verdict): [string, string] => [
        `${VERDICT_SIGNS[verdict]} ${verdict === 'inconclusive' ? 'unclear' : verdict}`,
        VERDICT_MEANINGS[verdict],
      ]),
    ...(recorded !== null && all.some(({ origin }) => origin === 'recorded')
      ? [
          [
            '\u25cb recorded',
            `${ELSEWHERE}: ${recorded.system}, ${recorded.tier} hosts, ${recorded.recorded}`,
          ] as [string, string],
        ]
      : []),
  ]
  return element(
    'dl',
    { class: 'legend' },
    ...entries.map(([sign, meaning]) =>
      element('div', {}, element('dt', {}, sign), element('dd', {}, meaning)),
    ),
  )
}

// ---- checks -------------------------------------------------------------------------------------

/** @param address how the address of an event is shown: as text, or as something to click */
export function checkCard(
  check: Omit<Check, 'evidence'> & { evidence?: string[] },
  address: (text: string) => Child,
): Markup {
  const lines: [string, Child[]][] = [
    ['expected', [expectedWords(check)]],
    ['observed', [observedWords(check)]],
    ...(check.formula === '' ? [] : [['formula', [check.formula]] as [string, Child[]]]),
    ['because', [check.because]],
    ...(check.source === '' ? [] : [['source', [check.source]] as [string, Child[]]]),
    ...(check.evidence === undefined || check.evidence.length === 0
      ? []
      : [
          [
            'evidence',
            check.evidence.flatMap((one, index) => [...(index === 0 ? [] : [' ']), address(one)]),
          ] as [string, Child[]],
        ]),
  ]
  // Of a check that nobody could make, the reason is all there is to say.
  const said = check.verdict === 'skipped' ? lines.filter(([name]) => name === 'because') : lines
  return element(
    'article',
    { class: `check ${check.verdict}` },
    element('h4', {}, verdictMark(check.verdict), ' ', check.claim),
    element('p', { class: 'id' }, element('code', {}, check.id)),
    element(
      'dl',
      {},
      ...said.flatMap(([name, words]) => [element('dt', {}, name), element('dd', {}, ...words)]),
    ),
  )
}

// ---- the equivalent table -----------------------------------------------------------------------

export function rowsTable(rows: readonly Row[], caption: string): Markup {
  return element(
    'table',
    { class: 'rows' },
    element('caption', {}, caption),
    element(
      'thead',
      {},
      element('tr', {}, ...['seconds', 'who', 'what'].map((name) => element('th', { scope: 'col' }, name))),
    ),
    element(
      'tbody',
      {},
      ...rows.map(({ time, who, what }) =>
        element(
          'tr',
          {},
          element('td', { class: 'time' }, time),
          element('td', {}, who),
          element('td', {}, what),
        ),
      ),
    ),
  )
}
