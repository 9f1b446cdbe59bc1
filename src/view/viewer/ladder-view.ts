/** The ladder in a browser: only the rows on the screen are drawn, and each shape can be asked why. */
import type { Ladder, Lane } from '../ladder.ts'
import { toSvg } from '../svg.ts'
import { fill, svgNode, within } from './dom.ts'
import { element, type Markup } from './markup.ts'
import { NARROW_PX, narrowed } from './narrow.ts'
import { type Part, partsOf } from './parts.ts'
import { headOnly, legendOnly, visible } from './visible.ts'

/** Up to so many shapes the whole picture is drawn at once: it takes no longer than a part of it would. */
const SHAPES_AT_ONCE = 250
/** Drawn above and below what is seen, in heights of the frame: short scrolls then draw nothing. */
const MARGIN = 0.5
/** Smaller, and 11 px text cannot be read: then the frame scrolls sideways. */
const SCALE_MIN = 0.8
const SCALE_MAX = 1.15
/** The title stands above the viewer already. */
const HEAD_FROM = 58
/** How far above the first moment the label of its first arrow reaches. */
const ABOVE_TOP = 9
/** A finger or a mouse does not hit a line of 1.6 px. */
const HIT_PX = 13

/** Below this nobody can click: it is the picture of a shape, beside the shape itself. */
const SVG = 'http://www.w3.org/2000/svg'

export class LadderView {
  readonly #frame: HTMLElement
  readonly #head: HTMLElement
  readonly #body: HTMLElement
  readonly #legend: HTMLElement
  readonly #onAsk: (part: Part, sentence: string) => void
  readonly #ends: HTMLElement
  #whole: Ladder | null = null
  /** The whole, or what of it fits a narrow screen. */
  #ladder: Ladder | null = null
  /** Which end a narrow screen shows. */
  #end: Lane['role'] = 'client'
  /** In order of time: the keyboard steps through them. */
  #parts: Part[] = []
  #drawn = { top: 0, bottom: 0 }
  #shapes = new Map<string, SVGGElement>()
  /** The one shape that the tab key reaches. */
  #current: string | null = null
  /** The one that is being explained. */
  #asked: string | null = null
  #scale = 1
  #width = 0
  #isPrinting = false

  /** @param letGo aborted when the view is not needed any more */
  constructor(parent: Element, onAsk: (part: Part, sentence: string) => void, letGo: AbortSignal) {
    fill(
      parent,
      element('div', { class: 'ends', role: 'group', 'aria-label': 'The end that is drawn', hidden: true }),
      element(
        'div',
        { class: 'ladder-frame', role: 'group', 'aria-label': 'Ladder diagram; arrow keys step through it' },
        element('div', { class: 'ladder-head', 'aria-hidden': 'true' }),
        element('div', { class: 'ladder-body' }),
      ),
      element('div', { class: 'ladder-legend' }),
    )
    this.#frame = within(parent, '.ladder-frame')
    this.#ends = within(parent, '.ends')
    this.#head = within(parent, '.ladder-head')
    this.#body = within(parent, '.ladder-body')
    this.#legend = within(parent, '.ladder-legend')
    this.#onAsk = onAsk
    let scheduled = false
    this.#frame.addEventListener('scroll', () => {
      if (scheduled) return
      scheduled = true
      requestAnimationFrame(() => {
        scheduled = false
        this.#draw()
      })
    })
    this.#frame.addEventListener('click', (event) => this.#ask(event.target))
    this.#ends.addEventListener('click', ({ target }) => {
      const end = target instanceof HTMLElement ? target.dataset.end : undefined
      if (end !== 'client' && end !== 'server') return
      this.#end = end
      this.#arrange()
      within<HTMLElement>(this.#ends, `[data-end=${end}]`).focus()
    })
    this.#frame.addEventListener('keydown', (event) => this.#onKey(event))
    this.#frame.addEventListener('focusin', (event) => this.#onFocus(event.target))
    new ResizeObserver(() => this.#onResize()).observe(this.#frame)
    // On paper there is no scrolling.
    addEventListener('beforeprint', () => this.#print(true), { signal: letGo })
    addEventListener('afterprint', () => this.#print(false), { signal: letGo })
  }

  /**
   * null: there is nothing to show. Stays where the reader has scrolled to, at the end if they were there.
   * @param follows goes to the end with what is new, unless the reader has scrolled away from it
   */
  show(ladder: Ladder | null, follows = false): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#frame
    const wasAtEnd = (follows || scrollTop > 0) && scrollTop + clientHeight >= scrollHeight - 4
    this.#whole = ladder
    this.#ladder = ladder
    this.#frame.hidden = ladder === null
    this.#legend.hidden = ladder === null
    if (ladder === null) this.#ends.hidden = true
    this.#arrange()
    if (ladder !== null && wasAtEnd) this.#frame.scrollTop = this.#frame.scrollHeight
  }

  /** The moment that the reader looks at: the shape in focus. */
  get focusedAt(): number | undefined {
    if (!this.#frame.contains(document.activeElement)) return undefined
    return this.#parts.find((part) => part.key === this.#current)?.at
  }

  /** The explanation was closed. */
  forget(): void {
    this.#mark(null)
  }

  scrollToStart(): void {
    this.#frame.scrollTop = 0
  }

  /** Chooses what of the ladder the screen has room for, and draws that. */
  #arrange(): void {
    const whole = this.#whole
    if (whole === null) return
    const isNarrow = this.#frame.clientWidth < NARROW_PX && !this.#isPrinting
    const end = endSeen(whole) ?? this.#end
    const ladder = isNarrow ? narrowed(whole, end, this.#frame.clientWidth) : whole
    this.#ladder = ladder
    this.#ends.hidden = !isNarrow || endSeen(whole) !== null
    const look = `${end} ${whole.pair}`
    // Not with each frame of a run that goes on: somebody may be about to press one.
    if (this.#ends.dataset.look !== look) {
      this.#ends.dataset.look = look
      fill(this.#ends, ...whole.lanes.map(({ role, host }) => endButton(role, host, role === end)))
    }
    this.#parts = partsOf(ladder).sort((one, other) => one.at - other.at || one.y - other.y)
    if (!this.#parts.some((part) => part.key === this.#current)) this.#current = this.#parts[0]?.key ?? null
    this.#render()
  }

  #onResize(): void {
    const width = this.#frame.clientWidth
    if (width === this.#width) return
    this.#width = width
    this.#arrange()
  }

  #render(): void {
    const ladder = this.#ladder
    if (ladder === null) return
    const room = this.#frame.clientWidth / ladder.width
    const least = ladder === this.#whole ? SCALE_MIN : 0
    this.#scale = Math.min(SCALE_MAX, Math.max(least, room))
    this.#head.replaceChildren(this.#cropped(headOnly(ladder), HEAD_FROM, ladder.top - ABOVE_TOP))
    // As wide as there is room: nobody scrolls sideways to read what a sign means.
    const key = { ...legendOnly(ladder), width: Math.min(ladder.width, this.#legend.clientWidth) }
    const legend = svgNode(toSvg(key))
    const bottom = Number(legend.getAttribute('height'))
    this.#legend.replaceChildren(crop(legend, key, key.height, bottom, 1))
    withoutShapes(this.#head)
    withoutShapes(this.#legend)
    this.#drawn = { top: 0, bottom: 0 }
    this.#draw()
  }

  #cropped(ladder: Ladder, from: number, to: number): SVGSVGElement {
    return crop(svgNode(toSvg(ladder)), ladder, from, to, this.#scale)
  }

  /** Draws what is seen now, unless it is drawn already. */
  #draw(): void {
    const ladder = this.#ladder
    if (ladder === null) return
    const top = ladder.top + this.#frame.scrollTop / this.#scale
    const height = this.#frame.clientHeight / this.#scale
    const all = this.#isPrinting || this.#parts.length <= SHAPES_AT_ONCE
    if (this.#drawn.bottom > 0 && top >= this.#drawn.top && top + height <= this.#drawn.bottom) return
    this.#drawn = all
      ? { top: Number.NEGATIVE_INFINITY, bottom: Number.POSITIVE_INFINITY }
      : { top: top - MARGIN * height, bottom: top + (1 + MARGIN) * height }
    const rows = all ? ladder : visible(ladder, this.#drawn.top, this.#drawn.bottom)
    const svg = this.#cropped(rows, ladder.top - ABOVE_TOP, ladder.height)
    this.#shapes = new Map()
    const parts = partsOf(rows)
    for (const [index, shape] of [...svg.querySelectorAll<SVGGElement>('g[role=img]')].entries()) {
      const part = parts[index]
      if (part === undefined) continue
      this.#shapes.set(part.key, shape)
      shape.dataset.part = part.key
      shape.setAttribute('role', 'button')
      shape.tabIndex = part.key === this.#current ? 0 : -1
      shape.classList.toggle('asked', part.key === this.#asked)
      if (part.key.startsWith('arrow')) addHitArea(shape)
    }
    const hadFocus = this.#body.contains(document.activeElement)
    this.#body.replaceChildren(svg)
    if (hadFocus) this.#focusCurrent()
  }

  #focusCurrent(): void {
    const shape = this.#current === null ? undefined : this.#shapes.get(this.#current)
    shape?.focus({ preventScroll: true })
  }

  #onFocus(target: EventTarget | null): void {
    const key = target instanceof SVGElement ? target.dataset.part : undefined
    if (key === undefined) return
    const before = this.#current === null ? undefined : this.#shapes.get(this.#current)
    if (before !== undefined) before.tabIndex = -1
    this.#current = key
    if (target instanceof SVGElement) target.tabIndex = 0
  }

  #onKey(event: KeyboardEvent): void {
    const { key } = event
    if (key === 'Enter' || key === ' ') this.#ask(event.target)
    else if (key === 'ArrowDown') this.#step(1)
    else if (key === 'ArrowUp') this.#step(-1)
    else if (key === 'Home') this.#step(Number.NEGATIVE_INFINITY)
    else if (key === 'End') this.#step(Number.POSITIVE_INFINITY)
    else return
    event.preventDefault()
  }

  #step(by: number): void {
    const here = this.#parts.findIndex((part) => part.key === this.#current)
    const next = this.#parts[Math.min(this.#parts.length - 1, Math.max(0, here + by))]
    if (next === undefined || this.#ladder === null) return
    this.#current = next.key
    const y = (next.y - this.#ladder.top) * this.#scale
    const { scrollTop, clientHeight } = this.#frame
    const head = this.#head.offsetHeight
    if (y < scrollTop + 20 || y > scrollTop + clientHeight - head - 60) {
      this.#frame.scrollTop = Math.max(0, y - clientHeight / 3)
      this.#draw()
    }
    this.#focusCurrent()
  }

  #ask(target: EventTarget | null): void {
    const shape = target instanceof Element ? target.closest<SVGGElement>('g[data-part]') : null
    const part = this.#parts.find(({ key }) => key === shape?.dataset.part)
    if (shape === null || part === undefined) return
    shape.focus({ preventScroll: true })
    this.#mark(part.key)
    // Without the words that stand in it, with which its name may begin.
    this.#onAsk(part, shape.querySelector('title')?.textContent?.split('\n')[0] ?? '')
  }

  /** Shows which shape the explanation is about; null: there is none any more. */
  #mark(key: string | null): void {
    this.#asked = key
    for (const [one, shape] of this.#shapes) shape.classList.toggle('asked', one === key)
  }

  #print(begins: boolean): void {
    this.#isPrinting = begins
    this.#arrange()
  }
}

/** null: both. */
function endSeen({ beliefs, lanes }: Ladder): Lane['role'] | null {
  const hosts = new Set(beliefs.map(({ host }) => host))
  const seen = lanes.filter(({ host }) => hosts.has(host))
  return seen.length === 1 ? (seen[0]?.role ?? null) : null
}

function endButton(role: Lane['role'], host: string, isDrawn: boolean): Markup {
  return element(
    'button',
    { type: 'button', 'data-end': role, 'aria-pressed': String(isDrawn) },
    `${host}, the ${role}`,
  )
}

/**
 * Shows only a stretch of the picture, at a scale. Its description would be one of the rows that happen to
 * be drawn, and what lies outside would still be read out: both are told elsewhere in the page.
 */
function crop(svg: SVGSVGElement, { width }: Ladder, from: number, to: number, scale: number): SVGSVGElement {
  svg.setAttribute('viewBox', `0 ${from} ${width} ${to - from}`)
  svg.setAttribute('width', String(width * scale))
  svg.setAttribute('height', String((to - from) * scale))
  svg.setAttribute('role', 'group')
  svg.setAttribute('aria-label', 'Ladder')
  svg.removeAttribute('aria-labelledby')
  for (const one of svg.querySelectorAll(':scope > title, :scope > desc')) one.remove()
  for (const words of svg.querySelectorAll(':scope > text')) {
    const y = Number(words.getAttribute('y'))
    if (y < from || y > to) words.remove()
  }
  return svg
}

/** The shapes of a copy can neither be asked nor take the ids of the picture itself. */
function withoutShapes(parent: Element): void {
  for (const one of parent.querySelectorAll('defs, g')) one.remove()
}

function addHitArea(shape: SVGGElement): void {
  const line = shape.querySelector('path')
  if (line === null) return
  const area = document.createElementNS(SVG, 'path')
  area.setAttribute('d', line.getAttribute('d') ?? '')
  area.setAttribute('stroke', 'transparent')
  area.setAttribute('stroke-width', String(HIT_PX))
  shape.append(area)
}
