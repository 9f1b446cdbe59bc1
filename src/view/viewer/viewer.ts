/**
 * One run to look at: the matrix, the ladder of one cell, why each end believed what it did, the checks.
 * For the report's file, where everything is there from the start, and for the live page, where it grows.
 */
import type { LabEvent } from '../../events/vocabulary.ts'
import type { Ladder } from '../ladder.ts'
import { layout } from '../layout.ts'
import { narrativeOf, rowsOf } from '../narrative.ts'
import { type Cell, Cells, storyCell } from './cells.ts'
import { choosersOf } from './choosers.ts'
import { fill, fillIfNew, nodeOf, within } from './dom.ts'
import { EventIndex } from './event-index.ts'
import { Grid } from './grid.ts'
import { Growing } from './growing.ts'
import { LadderView } from './ladder-view.ts'
import { type Child, element } from './markup.ts'
import { OVERVIEW_LEFT, overviewOf } from './overview.ts'
import { evidenceOf, type Part, whenOf } from './parts.ts'
import type { ViewedRun } from './run.ts'
import { skeletonOf, type TimeMove, TOOLS } from './skeleton.ts'
import { caseSentence, checkCard, ELSEWHERE, matrixLegend, rowsTable, secondsCaption } from './tables.ts'
import { followed, inWindow, moved, type TimeWindow } from './time-window.ts'
import { fromOneEnd } from './visible.ts'
import { WhyPanel } from './why-panel.ts'

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

  fill(root, ...skeletonOf(plan, plan.play && !isOver))
  const status = within<HTMLElement>(root, '[role=status]')
  const why = new WhyPanel(within(root, '.why'))
  const equivalent = within<HTMLDetailsElement>(root, '.equivalent')
  const grid = new Grid(within(root, '.matrix-place'), cells, plan)
  const growing = new Growing({
    note(event) {
      const pair = note(event)
      return pair === undefined || pair === cell?.pair
    },
    showMatrix,
    showCell,
  })
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

  function showMatrix(): void {
    // In play a column of before may be gone.
    if (grid.draw() && cell !== undefined && !cells.has(cell.pair, cell.mechanism)) {
      select(storyCell(cells, plan)?.id ?? '')
    }
    const news = grid.show(cell?.id)
    if (news !== undefined) fill(status, `${news.id}: ${news.text}`)
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
    const choosers = choosersOf({ plan, cells, pair, mechanism, connections, connection, host })
    const focused = document.activeElement?.getAttribute('data-choice')
    const isNew = fillIfNew(within(root, '.choosers'), choosers)
    if (isNew && focused != null) root.querySelector<HTMLElement>(`[data-choice=${focused}]`)?.focus()
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
    const notes = [whenOf(part, ladder), ...(part.note === '' ? [] : [part.note])]
    why.show(sentence, notes, evidenceOf(part, eventsHere()))
  }

  function askAddress(address: string): void {
    why.show(address, [], evidenceOf({ reasons: [{ address, text: '' }] }, eventsHere()))
  }

  function closeWhy(): void {
    why.close()
    view.forget()
  }

  function eventsHere(): readonly LabEvent[] {
    return index.eventsOf(cell?.pair ?? '')
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

  function move(how: TimeMove): void {
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
    else if (how !== undefined) move(how as TimeMove)
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

  showMatrix()
  showCell()
  return {
    append: (more) => growing.append(more),
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

function nothingWords({ checks, origin }: Cell): string {
  const because = checks.find((check) => check.verdict === 'skipped')?.because
  if (origin === 'skipped' && because !== undefined) return `Skipped: ${because}.`
  return 'Nothing has happened here yet.'
}
