/**
 * One run to look at: the matrix, the ladder of one cell, why each end believed what it did, the checks.
 * For the report's file, where everything is there from the start, and for the live page, where it grows.
 */
import { hostName, hostSides } from '../../events/host-names.ts'
import type { LabEvent } from '../../events/vocabulary.ts'
import type { Ladder } from '../ladder.ts'
import { layout } from '../layout.ts'
import { narrativeOf, rowsOf } from '../narrative.ts'
import { eventText } from '../words.ts'
import { type Cell, Cells, storyCell } from './cells.ts'
import { fill, nodeOf, within } from './dom.ts'
import { EventIndex } from './event-index.ts'
import { LadderView } from './ladder-view.ts'
import { type Child, element } from './markup.ts'
import { OVERVIEW_LEFT, overviewOf } from './overview.ts'
import { evidenceOf, type Part, whenOf } from './parts.ts'
import type { ViewedRun } from './run.ts'
import {
  caseSentence,
  cellClass,
  cellWords,
  checkCard,
  ELSEWHERE,
  matrixHeading,
  matrixLegend,
  matrixTable,
  rowsTable,
  secondsCaption,
} from './tables.ts'
import { followed, inWindow, type Move, moved, type TimeWindow } from './time-window.ts'
import { fromOneEnd } from './visible.ts'

/** Of the time while a run goes on, laying it out may take one part in so many: the page stays quick. */
const LAYOUT_SHARE = 5
/** More rows of the table at once take longer than a frame; a button shows as many again. */
const ROWS_AT_ONCE = 400

export interface Viewer {
  /** More events of a run that goes on. Shown with the next frame. */
  append(events: readonly LabEvent[]): void
  /** The run is over, and this is what it found. */
  setReport(report: NonNullable<ViewedRun['report']>): void
  /** @param cell `cut/tcp-keepalive`; one that is not in the matrix is ignored */
  select(cell: string): void
  /** Its row, in the column that is shown. */
  selectMechanism(mechanism: string): void
}

/** So that a viewer lets go of the window, and of its run, when another one takes its place. */
const listening = new WeakMap<HTMLElement, AbortController>()

/** Fills `place`, whatever it held. */
export function mountViewer(place: HTMLElement, { plan, report, events, recorded }: ViewedRun): Viewer {
  listening.get(place)?.abort()
  const letGo = new AbortController()
  listening.set(place, letGo)
  const root = document.createElement('div')
  place.replaceChildren(root)
  const cells = new Cells(plan, recorded ?? null)
  const index = new EventIndex()
  let cell: Cell | undefined
  let connection = ''
  /** Empty: both ends. */
  let host = ''
  let shown: TimeWindow | null = null
  /** In play: the picture goes to each strike, and on with the time, until the reader looks elsewhere. */
  let isOver = report !== undefined && plan.tier !== 'compose'
  let isFollowing = plan.play && !isOver
  /** The newest strike on each pair. */
  const struckAt = new Map<string, number>()
  let whole: Ladder | null = null
  let ladder: Ladder | null = null
  let rowsShown = ROWS_AT_ONCE

  for (const event of events) note(event)
  if (report !== undefined) cells.setChecks(report.checks)
  cell = storyCell(cells, plan)
  connection = cell?.mechanism ?? ''

  fill(
    root,
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
          ...TOOLS.filter(({ move }) => move !== 'follow' || (plan.play && !isOver)).map(
            ({ move, sign, words, key }) =>
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
  )
  const status = within<HTMLElement>(root, '[role=status]')
  const why = within<HTMLElement>(root, '.why')
  const equivalent = within<HTMLDetailsElement>(root, '.equivalent')
  /** By cell. */
  let buttons: ReadonlyMap<string, HTMLButtonElement> = new Map()
  let namesDrawn = ''
  const view = new LadderView(within(root, '.ladder'), ask, letGo.signal)

  // ---- what is shown ----------------------------------------------------------------------------

  function note(event: LabEvent): string | undefined {
    cells.note(event)
    if (event.name === 'fault:striking' && plan.play) {
      struckAt.set(event.data.pair, event.time)
      if (event.data.pair === cell?.pair) isFollowing = !isOver
    }
    return index.note(event)
  }

  /** Anew only when there are other columns or rows: in play they come with their hosts. */
  function drawMatrix(): void {
    const names = [...cells.columns, '/', ...cells.mechanisms].join(' ')
    if (namesDrawn === names) return
    namesDrawn = names
    const place = within<HTMLElement>(root, '.matrix-place')
    fill(
      place,
      matrixTable(cells, plan, ({ id }, words) =>
        element('button', { type: 'button', 'data-cell': id, tabindex: -1 }, ...words),
      ),
    )
    const drawn = [...place.querySelectorAll<HTMLButtonElement>('[data-cell]')]
    buttons = new Map(drawn.map((button) => [button.dataset.cell ?? '', button]))
    if (cell !== undefined && !cells.has(cell.pair, cell.mechanism)) select(storyCell(cells, plan)?.id ?? '')
  }

  function showMatrix(): void {
    drawMatrix()
    for (const one of cells.all()) {
      const button = buttons.get(one.id)
      const td = button?.parentElement
      if (button === undefined || td == null) continue
      const words = cellWords(one)
      const look = `${cellClass(one)}|${JSON.stringify(words)}`
      if (button.dataset.look !== look) {
        const isNews = button.dataset.look !== undefined && one.id === cell?.id
        button.dataset.look = look
        td.className = cellClass(one)
        fill(button, ...words)
        if (isNews) fill(status, `${one.id}: ${one.text}`)
      }
      const isChosen = one.id === cell?.id
      button.setAttribute('aria-pressed', String(isChosen))
      button.tabIndex = isChosen ? 0 : -1
    }
    fillIfNew(within(root, '.legend-place'), [matrixLegend(cells, recorded ?? null)])
  }

  function showCell(): void {
    if (cell === undefined) return
    cell = cells.cell(cell.pair, cell.mechanism)
    fill(within(root, '#cell-title'), `${cell.pair} / ${cell.mechanism}`)
    showChoosers(cell)
    showChecks(cell)
    showTime()
  }

  function showChoosers({ pair, mechanism }: Cell): void {
    const connections = index.connectionsOf(pair, mechanism)
    const choice = (name: string, words: string, options: [string, string][], chosen: string) =>
      element(
        'label',
        {},
        `${words} `,
        element(
          'select',
          { 'data-choice': name },
          ...options.map(([value, text]) => element('option', { value, selected: value === chosen }, text)),
        ),
      )
    const own = (values: readonly string[]): [string, string][] => values.map((value) => [value, value])
    const choosers = [
      choice('case', plan.play ? 'pair' : 'case', own(cells.columns), pair),
      choice('mechanism', 'mechanism', own(cells.mechanisms), mechanism),
      choice(
        'connection',
        'connection',
        [[mechanism, `all of it (${connections.length})`], ...own(connections)],
        connection,
      ),
      choice(
        'host',
        'seen from',
        [['', 'both ends, and the lab'], ...hosts().map((name): [string, string] => [name, `${name} alone`])],
        host,
      ),
    ]
    const focused = document.activeElement?.getAttribute('data-choice')
    const isNew = fillIfNew(within(root, '.choosers'), choosers)
    if (isNew && focused != null) root.querySelector<HTMLElement>(`[data-choice=${focused}]`)?.focus()
  }

  function hosts(): string[] {
    const pair = cell?.pair
    return pair === undefined ? [] : hostSides.map((side) => hostName(pair, side))
  }

  function showChecks({ checks, origin }: Cell): void {
    const address = (text: string): Child =>
      element('button', { type: 'button', class: 'address', 'data-address': text }, text)
    fill(
      within(root, '.cell-checks'),
      element('h3', {}, origin === 'recorded' ? `Checks, ${ELSEWHERE}` : 'Checks of this cell'),
      ...(checks.length === 0
        ? [element('p', { class: 'hint' }, 'Checks are made when the run is over.')]
        : []),
      element('div', { class: `cards ${origin}` }, ...checks.map((check) => checkCard(check, address))),
    )
  }

  /** Lays out the whole time of the cell; what the window needs of it comes after. */
  function showTime(): void {
    if (cell === undefined) return
    const own = cell.origin === 'observed' ? index.eventsOf(cell.pair) : []
    whole = own.length === 0 ? null : layout(own, { pair: cell.pair, connection })
    within<HTMLElement>(root, '.time').hidden = whole === null
    fill(
      within(root, '.narrative'),
      whole !== null
        ? caseSentence(plan, whole) + narrativeOf(whole)
        : cell.origin === 'recorded'
          ? recordedWords()
          : nothingWords(cell),
    )
    showWindow()
  }

  function showWindow(): void {
    if (isFollowing && whole !== null) shown = followed(whole, struckAt.get(whole.pair) ?? null)
    ladder = whole
    if (whole !== null && shown !== null && cell !== undefined) {
      const own = index.eventsOf(cell.pair)
      ladder = inWindow(layout(own, { pair: cell.pair, connection, ...shown }), whole)
    }
    if (ladder !== null && host !== '') ladder = fromOneEnd(ladder, host)
    const alone = within<HTMLElement>(root, '.alone')
    alone.hidden = ladder === null || host === ''
    fill(
      alone,
      `What ${host} alone can know. A ring: it was sent, and nobody tells this end whether it arrived.`,
    )
    view.show(ladder, isFollowing)
    showOverview()
    showRows()
  }

  function recordedWords(): string {
    return `${ELSEWHERE.charAt(0).toUpperCase()}${ELSEWHERE.slice(1)}: this machine could not do it, so there are no events to draw. What is greyed here was found on ${recorded?.recorded} on ${recorded?.system}, with ${recorded?.tier} hosts.`
  }

  function showOverview(): void {
    if (whole === null) return
    const place = within<HTMLElement>(root, '.overview')
    place.replaceChildren(nodeOf(overviewOf(whole, shown, Math.max(300, place.clientWidth))))
    for (const button of root.querySelectorAll<HTMLButtonElement>('[data-move]')) {
      const { move } = button.dataset
      // Not disabled: a disabled button would drop the focus of who has just pressed it.
      const isIdle = move === 'follow' ? isFollowing || isOver : shown === null && move !== 'in'
      button.setAttribute('aria-disabled', String(isIdle))
    }
  }

  function showRows(): void {
    if (!equivalent.open || ladder === null) return
    const rows = rowsOf(ladder)
    fill(
      within(equivalent, 'div'),
      rowsTable(rows.slice(0, rowsShown), secondsCaption(ladder)),
      ...(rows.length <= rowsShown
        ? []
        : [element('button', { type: 'button', 'data-more': true }, `${rows.length - rowsShown} more rows`)]),
    )
  }

  // ---- why? -------------------------------------------------------------------------------------

  function ask(part: Part, sentence: string): void {
    if (ladder === null) return
    showWhy(sentence, [whenOf(part, ladder), ...(part.note === '' ? [] : [part.note])], part)
  }

  function closeWhy(): void {
    why.hidden = true
    view.forget()
  }

  function askAddress(address: string): void {
    showWhy(address, [], { reasons: [{ address, text: '' }] })
  }

  function showWhy(
    title: string,
    notes: readonly string[],
    part: Pick<Part, 'reasons' | 'isEvidence'>,
  ): void {
    const evidence = evidenceOf(part, index.eventsOf(cell?.pair ?? ''))
    why.hidden = false
    fill(
      why,
      element(
        'button',
        { type: 'button', class: 'close', 'data-close': true, 'aria-label': 'Close (Escape)' },
        '\u00d7',
      ),
      element('h3', {}, title),
      ...notes.map((words) => element('p', {}, words)),
      element(
        'ol',
        {},
        ...evidence.map(({ address, text, event }) =>
          element(
            'li',
            {},
            element('code', {}, address),
            ` ${text !== '' ? text : event === null ? '' : eventText(event)}`,
            event === null
              ? element('p', { class: 'hint' }, 'This event is not in the log.')
              : element(
                  'details',
                  {},
                  element('summary', {}, 'the event as it was logged'),
                  element('pre', {}, JSON.stringify(event, null, 1)),
                ),
          ),
        ),
      ),
    )
  }

  // ---- what the reader does ---------------------------------------------------------------------

  function select(id: string): void {
    const chosen = cells.all().find((one) => one.id === id)
    if (chosen === undefined) return
    cell = chosen
    connection = chosen.mechanism
    host = ''
    shown = null
    isFollowing = plan.play && !isOver
    rowsShown = ROWS_AT_ONCE
    closeWhy()
    showMatrix()
    showCell()
    view.scrollToStart()
    fill(status, `${id}: ${chosen.text}`)
  }

  /** Another column or row, as near as can be to where the reader is: not every cell exists. */
  function selectIn(isThere: (one: Cell) => boolean, name: string | undefined): void {
    const there = cells.all().filter(isThere)
    const same = there.find((one) => one.mechanism === name || one.pair === name)
    const chosen = same ?? there[0]
    if (chosen !== undefined) select(chosen.id)
  }

  function move(how: Move | 'all' | 'follow'): void {
    if (whole === null) return
    isFollowing = how === 'follow'
    if (how !== 'follow') shown = how === 'all' ? null : moved(whole, shown, how, view.focusedAt)
    showWindow()
    if (ladder !== null) status.textContent = within(root, '.overview svg').getAttribute('aria-label')
  }

  root.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target.closest<HTMLElement>('button') : null
    if (target === null) return
    const { cell: id, move: how, address } = target.dataset
    if (id !== undefined) select(id)
    else if (how !== undefined) move(how as Move | 'all' | 'follow')
    else if (address !== undefined) askAddress(address)
    else if (target.hasAttribute('data-close')) closeWhy()
    else if (target.hasAttribute('data-more')) {
      rowsShown += ROWS_AT_ONCE
      showRows()
    }
  })
  root.addEventListener('change', (event) => {
    if (!(event.target instanceof HTMLSelectElement)) return
    const { value } = event.target
    switch (event.target.dataset.choice) {
      case 'case':
        return selectIn((one) => one.pair === value, cell?.mechanism)
      case 'mechanism':
        return selectIn((one) => one.mechanism === value, cell?.pair)
      case 'connection':
        connection = value
        return showTime()
      case 'host':
        host = value
        return showWindow()
    }
  })
  within(root, '.matrix-place').addEventListener('keydown', (event) => stepInMatrix(event as KeyboardEvent))
  within(root, '.cell-part').addEventListener('keydown', (event) => {
    const { key, target } = event as KeyboardEvent
    if (key === 'Escape') closeWhy()
    const tool = TOOLS.find((one) => one.key === key || one.keyName === key)
    // A list has its own use for arrows.
    if (tool === undefined || target instanceof HTMLSelectElement) return
    event.preventDefault()
    move(tool.move)
  })
  within(root, '.overview').addEventListener('click', (event) => {
    const place = within(root, '.overview').getBoundingClientRect()
    if (whole === null) return
    const share = ((event as MouseEvent).clientX - place.left - OVERVIEW_LEFT) / (place.width - OVERVIEW_LEFT)
    const at = whole.from + share * (whole.to - whole.from)
    const span = shown === null ? (whole.to - whole.from) / 2 : shown.to - shown.from
    isFollowing = false
    shown = moved(whole, { from: at - span, to: at + span }, 'in', at)
    showWindow()
  })
  equivalent.addEventListener('toggle', showRows)
  new ResizeObserver(showOverview).observe(within(root, '.overview'))
  addEventListener('beforeprint', printTable, { signal: letGo.signal })

  function printTable(): void {
    equivalent.open = true
    rowsShown = Number.POSITIVE_INFINITY
    showRows()
  }

  /** One tab stop for the whole matrix; arrows walk in it, as in a spreadsheet. */
  function stepInMatrix(event: KeyboardEvent): void {
    const [right, down] = STEPS[event.key] ?? []
    const id = event.target instanceof HTMLElement ? event.target.dataset.cell : undefined
    if (right === undefined || down === undefined || id === undefined) return
    event.preventDefault()
    const [pair = '', mechanism = ''] = id.split('/')
    let [column, row] = [cells.columns.indexOf(pair), cells.mechanisms.indexOf(mechanism)]
    // Past the cells that do not exist, to the next one that does.
    do {
      column += right
      row += down
      const button = buttons.get(`${cells.columns[column]}/${cells.mechanisms[row]}`)
      if (button === undefined) continue
      button.focus()
      return
    } while (column in cells.columns && row in cells.mechanisms)
  }

  // ---- a run that goes on -----------------------------------------------------------------------

  let pending: LabEvent[] = []
  let isScheduled = false
  let isStale = false
  let layoutAllowedAt = 0

  function schedule(): void {
    if (isScheduled) return
    isScheduled = true
    requestAnimationFrame(frame)
  }

  function frame(now: number): void {
    isScheduled = false
    const fresh = pending
    pending = []
    for (const event of fresh) {
      const pair = note(event)
      if (pair === undefined || pair === cell?.pair) isStale = true
    }
    if (fresh.length > 0) showMatrix()
    if (!isStale) return
    if (now < layoutAllowedAt) {
      schedule()
      return
    }
    isStale = false
    const began = performance.now()
    showCell()
    // A layout takes longer the longer the run. So that their sum does not grow with its square, they
    // become rarer.
    layoutAllowedAt = performance.now() + (performance.now() - began) * (LAYOUT_SHARE - 1)
  }

  showMatrix()
  showCell()
  return {
    append(more) {
      for (const event of more) pending.push(event)
      schedule()
    },
    setReport({ checks }) {
      isOver = plan.tier !== 'compose'
      isFollowing &&= !isOver
      cells.setChecks(checks)
      showMatrix()
      showCell()
    },
    select,
    selectMechanism: (mechanism) => selectIn((one) => one.mechanism === mechanism, cell?.pair),
  }
}

/**
 * Leaves a part of the page alone as long as the same would stand there: rebuilding a list that somebody
 * has open would close it, and while a run goes on this happens with every frame.
 */
function fillIfNew(parent: Element, children: Child[]): boolean {
  const look = JSON.stringify(children)
  if (parent.getAttribute('data-look') === look) return false
  parent.setAttribute('data-look', look)
  fill(parent, ...children)
  return true
}

function nothingWords({ checks, origin }: Cell): string {
  const because = checks.find((check) => check.verdict === 'skipped')?.because
  if (origin === 'skipped' && because !== undefined) return `Skipped: ${because}.`
  return 'Nothing has happened here yet.'
}

const TOOLS: { move: Move | 'all' | 'follow'; sign: string; words: string; key: string; keyName?: string }[] =
  [
    { move: 'earlier', sign: '\u2190', words: 'earlier', key: '\u2190', keyName: 'ArrowLeft' },
    { move: 'later', sign: '\u2192', words: 'later', key: '\u2192', keyName: 'ArrowRight' },
    { move: 'in', sign: '+', words: 'zoom in', key: '+', keyName: '=' },
    { move: 'out', sign: '\u2212', words: 'zoom out', key: '-' },
    { move: 'all', sign: '\u2194', words: 'all of it', key: '0' },
    { move: 'follow', sign: '\u21a7', words: 'follow the strike', key: 'f' },
  ]

const STEPS: Record<string, readonly [number, number]> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
}
