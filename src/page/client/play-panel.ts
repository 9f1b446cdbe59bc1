/**
 * In play: the buttons for two hosts, and what each end believes at this moment beside what is true. The
 * ladder below shows how it came to that.
 */
/// <reference lib="dom" />
import { type HostSide, hostSides, otherSide } from '../../events/host-names.ts'
import type { LabEvent } from '../../events/vocabulary.ts'
import type { RunTier } from '../../plan/plan.ts'
import { type PlayAction, type PlayCommand, whyNotNow } from '../../plan/play-command.ts'
import { realityWords } from '../../view/contradiction.ts'
import { Board } from '../../view/terminal/board.ts'
import { fill, nodeOf, within } from '../../view/viewer/dom.ts'
import { element, type Markup } from '../../view/viewer/markup.ts'
import type { Setup } from '../messages.ts'

const ROLES: Record<HostSide, string> = { a: 'the clients', b: 'the servers' }

const GROUPS: [string, PlayAction[]][] = [
  ['process', ['exit', 'kill', 'start', 'freeze', 'continue']],
  ['cable', ['cut', 'mend']],
  ['machine', ['power-off', 'reboot']],
  ['connections', ['reset']],
]
/** The undos have no file of their own that would promise something. */
const UNDO_PROMISES: Partial<Record<PlayAction, string>> = {
  start: 'starts its programs again, with nothing remembered',
  continue: 'lets its stopped process run again (SIGCONT)',
  mend: 'plugs its cable in again',
}
export class PlayPanel {
  readonly #root: HTMLElement
  readonly #setup: Setup
  readonly #mechanisms: readonly string[]
  readonly #tier: RunTier
  readonly #board: Board
  #over = false

  constructor(
    root: HTMLElement,
    setup: Setup,
    plan: { tier: RunTier; mechanisms: readonly string[] },
    act: (command: PlayCommand) => void,
    see: (mechanism: string) => void,
  ) {
    this.#root = root
    this.#setup = setup
    this.#tier = plan.tier
    this.#mechanisms = plan.mechanisms
    this.#board = new Board(plan.mechanisms)
    fill(root, ...this.#parts())
    root.onclick = ({ target }) => {
      const button = target instanceof Element ? target.closest('button') : null
      if (button === null || button.getAttribute('aria-disabled') === 'true') return
      if (button.dataset.see !== undefined) return see(button.dataset.see)
      act({ action: button.dataset.action as PlayAction, host: button.dataset.host as HostSide })
    }
    this.#show()
  }

  /** Takes in what happened. */
  take(events: readonly LabEvent[]): void {
    const before = this.#truths()
    for (const event of events) {
      // What ends after the run is ended by the lab, and no news.
      if (event.name === 'run:ended') this.#over = true
      if (!this.#over) this.#board.add(event)
    }
    this.#show()
    const after = this.#truths()
    if (after !== before) fill(within(this.#root, '[role=status]'), after)
  }

  /** The run is over: nothing can be done any more, and what was believed last stays to be read. */
  end(): void {
    this.#over = true
    this.#show()
  }

  #truths(): string {
    return hostSides.map((side) => `${side} is ${this.#truthWords(side)}`).join('. ')
  }

  #truthWords(side: HostSide): string {
    const { truth, because } = this.#board.truth[side]
    return truth === 'absent' ? 'not started yet' : `${truth}: ${because}`
  }

  /** null: it can be done now. */
  #whyNot(side: HostSide, action: PlayAction): string | null {
    const impossible = this.#setup.impossibleActions[this.#tier][action]
    if (impossible !== undefined) return impossible
    if (this.#over) return 'the run is over'
    if (!this.#board.isHandedOver) return 'the connections are not up yet'
    return whyNotNow({ action, host: side }, this.#board.conditions)
  }

  #show(): void {
    for (const button of this.#root.querySelectorAll<HTMLElement>('[data-action]')) {
      const side = button.dataset.host as HostSide
      const action = button.dataset.action as PlayAction
      const why = this.#whyNot(side, action)
      // Not `disabled`: that would take the focus away from the button that was just pressed.
      button.setAttribute('aria-disabled', String(why !== null))
      const promise = UNDO_PROMISES[action] ?? this.#setup.faults[action] ?? ''
      button.title = why === null ? promise : `${promise}\nNot now: ${why}`
    }
    for (const side of hostSides) {
      const { truth, because } = this.#board.truth[side]
      fill(
        within(this.#root, `[data-truth=${side}]`),
        element('span', { class: `chip truth-${truth}` }, truth),
        ` ${truth === 'absent' ? 'not started yet' : because}`,
      )
      const isCut = !this.#board.conditions[side].isPlugged
      const cable = within(this.#root, `[data-cable=${side}]`)
      cable.classList.toggle('cut', isCut)
      within(cable, 'span').textContent = isCut ? '\u2715 cut' : 'cable'
    }
    for (const mechanism of this.#mechanisms) {
      const row = within(this.#root, `[data-row="${mechanism}"]`)
      // The first cell is a button, which may have the focus.
      while (row.children.length > 1) row.lastChild?.remove()
      row.append(...hostSides.flatMap((side) => this.#cells(side, mechanism)).map((cell) => nodeOf(cell)))
    }
  }

  #cells(side: HostSide, mechanism: string): Markup[] {
    const row = this.#board.rows.get(mechanism)
    if (row === undefined) return []
    const { belief, trigger, kernel } = row[side]
    if (belief === 'ended') {
      return [element('td', { class: 'quiet', colspan: 2 }, 'nobody is left to believe anything')]
    }
    const contradicts = this.#board.contradiction(row, side) !== null
    const { truth } = this.#board.truth[otherSide(side)]
    const isUdp = mechanism.startsWith('udp')
    return [
      element(
        'td',
        { class: contradicts ? 'contradicts' : undefined },
        element('span', { class: `chip belief-${belief}` }, belief),
        trigger === null || belief === 'up' ? '' : ` ${trigger.replaceAll('_', ' ')}`,
        ...(contradicts ? [element('strong', {}, ` but ${realityWords(belief, truth)}`)] : []),
      ),
      element(
        'td',
        { class: 'quiet' },
        kernel?.state ?? (isUdp ? 'none (UDP)' : this.#board.kernelSampled ? 'no entry' : ''),
      ),
    ]
  }

  #parts(): Markup[] {
    return [
      element('p', { role: 'status', class: 'hidden' }),
      element(
        'div',
        { class: 'board' },
        element(
          'div',
          {},
          element(
            'div',
            { class: 'pair' },
            this.#host('a'),
            element('div', { class: 'wires', 'aria-hidden': 'true' }, ...this.#wires()),
            this.#host('b'),
          ),
          ...this.#reasons(),
        ),
        element('div', { class: 'wide' }, this.#table()),
      ),
    ]
  }

  /** A cable from each host to the switch between them; where there is none, nobody can cut it. */
  #wires(): Markup[] {
    const wire = (side: HostSide) =>
      element('div', { class: 'wire', 'data-cable': side }, element('span', {}, 'cable'))
    if (this.#tier === 'netns') return [wire('a'), element('b', {}, 'switch'), wire('b')]
    const none = (side: HostSide) => element('i', { hidden: true, 'data-cable': side }, element('span', {}))
    return [
      none('a'),
      element('div', { class: 'wire' }, element('span', {}, 'loopback, no cable')),
      none('b'),
    ]
  }

  #table(): Markup {
    const heads = ['mechanism', 'a believes that b is', "a's kernel", 'b believes that a is', "b's kernel"]
    return element(
      'table',
      { class: 'now' },
      element('caption', {}, 'What each end believes now'),
      element(
        'thead',
        {},
        element('tr', {}, ...heads.map((words) => element('th', { scope: 'col' }, words))),
      ),
      element(
        'tbody',
        {},
        ...this.#mechanisms.map((mechanism) =>
          element(
            'tr',
            { 'data-row': mechanism },
            element(
              'th',
              { scope: 'row' },
              element(
                'button',
                { type: 'button', 'data-see': mechanism, title: 'show how it came to that' },
                mechanism,
              ),
            ),
          ),
        ),
      ),
    )
  }

  #host(side: HostSide): Markup {
    return element(
      'fieldset',
      { class: 'host' },
      element('legend', {}, element('b', {}, side), `, ${ROLES[side]}`),
      element('p', { 'data-truth': side }),
      ...GROUPS.map(([name, actions]) =>
        element(
          'div',
          { class: 'actions', role: 'group', 'aria-label': `${name} of ${side}` },
          element('span', { class: 'quiet' }, name),
          element(
            'div',
            {},
            ...actions.map((action) =>
              element(
                'button',
                {
                  type: 'button',
                  class: 'knob',
                  'data-action': action,
                  'data-host': side,
                  'aria-label': `${action} ${side}`,
                },
                action,
              ),
            ),
          ),
        ),
      ),
    )
  }

  /** Said where everybody sees it: titles need a mouse. */
  #reasons(): Markup[] {
    const actions = this.#setup.impossibleActions[this.#tier]
    const names = Object.keys(actions)
    if (names.length === 0) return []
    const reasons = [...new Set(Object.values(actions))].join('; ')
    return [element('p', { class: 'note quiet' }, `Impossible here: ${names.join(', ')} (${reasons}).`)]
  }
}
