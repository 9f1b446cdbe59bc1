/** The matrix as buttons, one for each cell: a single tab stop, and arrows walk in it, as in a spreadsheet. */
/// <reference lib="dom" />
import type { Cell, Cells } from './cells.ts'
import { fill } from './dom.ts'
import { element } from './markup.ts'
import type { ViewedPlan } from './run.ts'
import { cellClass, cellWords, matrixTable } from './tables.ts'

export class Grid {
  readonly #place: HTMLElement
  readonly #cells: Cells
  readonly #plan: ViewedPlan
  /** By cell. */
  #buttons: ReadonlyMap<string, HTMLButtonElement> = new Map()
  #namesDrawn = ''

  constructor(place: HTMLElement, cells: Cells, plan: ViewedPlan) {
    this.#place = place
    this.#cells = cells
    this.#plan = plan
    place.addEventListener('keydown', (event) => this.#step(event))
  }

  /** Anew only when there are other columns or rows: in play they come with their hosts. @returns whether it was */
  draw(): boolean {
    const names = [...this.#cells.columns, '/', ...this.#cells.mechanisms].join(' ')
    if (this.#namesDrawn === names) return false
    this.#namesDrawn = names
    fill(
      this.#place,
      matrixTable(this.#cells, this.#plan, ({ id }, words) =>
        element('button', { type: 'button', 'data-cell': id, tabindex: -1 }, ...words),
      ),
    )
    const drawn = [...this.#place.querySelectorAll<HTMLButtonElement>('[data-cell]')]
    this.#buttons = new Map(drawn.map((button) => [button.dataset.cell ?? '', button]))
    return true
  }

  /** @returns the chosen cell, where it says something else than before */
  show(chosen: string | undefined): Cell | undefined {
    let news: Cell | undefined
    for (const one of this.#cells.all()) {
      const button = this.#buttons.get(one.id)
      const td = button?.parentElement
      if (button === undefined || td == null) continue
      const isChosen = one.id === chosen
      const words = cellWords(one)
      const look = `${cellClass(one)}|${JSON.stringify(words)}`
      if (button.dataset.look !== look) {
        if (button.dataset.look !== undefined && isChosen) news = one
        button.dataset.look = look
        td.className = cellClass(one)
        fill(button, ...words)
      }
      button.setAttribute('aria-pressed', String(isChosen))
      button.tabIndex = isChosen ? 0 : -1
    }
    return news
  }

  #step(event: KeyboardEvent): void {
    const [right, down] = STEPS[event.key] ?? []
    const id = event.target instanceof HTMLElement ? event.target.dataset.cell : undefined
    if (right === undefined || down === undefined || id === undefined) return
    event.preventDefault()
    const { columns, mechanisms } = this.#cells
    const [pair = '', mechanism = ''] = id.split('/')
    let [column, row] = [columns.indexOf(pair), mechanisms.indexOf(mechanism)]
    // Past the cells that do not exist, to the next one that does.
    do {
      column += right
      row += down
      const button = this.#buttons.get(`${columns[column]}/${mechanisms[row]}`)
      if (button === undefined) continue
      button.focus()
      return
    } while (column in columns && row in mechanisms)
  }
}

const STEPS: Record<string, readonly [number, number]> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
}
