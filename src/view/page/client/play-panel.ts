/**
 * In play: the buttons for two hosts, and what each end believes at this moment beside what is true. The
 * ladder below shows how it came to that.
 */
/// <reference lib="dom" />
import { type HostSide, hostSides, otherSide, sideOf } from '../../../events/host-names.ts'
import type { Belief, LabEvent, Truth } from '../../../events/vocabulary.ts'
import type { RunTier } from '../../../lab/plan.ts'
import type { PlayAction, PlayCommand } from '../../../lab/play-command.ts'
import { fill, nodeOf, within } from '../../viewer/dom.ts'
import { element, type Markup } from '../../viewer/markup.ts'
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
const FOR_THE_LIVING: readonly PlayAction[] = ['exit', 'kill', 'freeze', 'continue', 'reset']

interface End {
  running: boolean
  truth: Truth
  because: string
  beliefs: Map<string, { belief: Belief; trigger: string; at: number }>
  kernel: Map<string, string>
}

export class PlayPanel {
  readonly #root: HTMLElement
  readonly #setup: Setup
  readonly #mechanisms: readonly string[]
  readonly #tier: RunTier
  #ends: Record<HostSide, End> = { a: newEnd(), b: newEnd() }
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
      if (!this.#over) this.#takeOne(event)
    }
    this.#show()
    const after = this.#truths()
    if (after !== before) within(this.#root, '[role=status]').textContent = after
  }

  /** The run is over: nothing can be done any more, and what was believed last stays to be read. */
  end(): void {
    this.#over = true
    this.#show()
  }

  #takeOne(event: LabEvent): void {
    const side = sideOf(event.host)
    if (side === null) return
    const end = this.#ends[side]
    const mechanism = event.group_id?.split(':')[0] ?? ''
    if (event.name === 'host:process_started') {
      end.running = true
      end.beliefs.clear()
    } else if (event.name === 'host:process_exited') {
      end.running = false
    } else if (event.name === 'belief:updated') {
      end.beliefs.set(mechanism, { belief: event.data.new, trigger: event.data.trigger, at: event.time })
    } else if (event.name === 'kernel:socket_updated') {
      end.kernel.set(mechanism, event.data.new?.state ?? 'no entry')
    } else if (event.name === 'truth:updated') {
      // It is logged at the end for which it matters, and is about the other.
      const other = this.#ends[otherSide(side)]
      other.truth = event.data.new
      other.because = event.data.because
    }
  }

  #truths(): string {
    return hostSides
      .map((side) => `${side} is ${this.#ends[side].truth}: ${this.#ends[side].because}`)
      .join('. ')
  }

  /** null: it can be done now. */
  #whyNot(side: HostSide, action: PlayAction): string | null {
    const impossible = this.#setup.impossibleActions[this.#tier][action]
    if (impossible !== undefined) return impossible
    if (this.#over) return 'the run is over'
    const { running } = this.#ends[side]
    if (action === 'start' && running) return 'it runs'
    if (FOR_THE_LIVING.includes(action) && !running) return 'no process is left: start it first'
    return null
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
      const { truth, because } = this.#ends[side]
      fill(
        within(this.#root, `[data-truth=${side}]`),
        element('span', { class: `chip truth-${truth}` }, truth),
        ` ${because}`,
      )
    }
    for (const mechanism of this.#mechanisms) {
      const row = within(this.#root, `[data-row="${mechanism}"]`)
      // The first cell is a button, which may have the focus.
      while (row.children.length > 1) row.lastChild?.remove()
      row.append(...hostSides.flatMap((side) => this.#cells(side, mechanism)).map((cell) => nodeOf(cell)))
    }
  }

  #cells(side: HostSide, mechanism: string): Markup[] {
    const { running, beliefs, kernel } = this.#ends[side]
    const peer = this.#ends[otherSide(side)]
    const held = beliefs.get(mechanism)
    if (!running) return [element('td', { class: 'quiet', colspan: 2 }, 'nobody is left to believe anything')]
    const belief = held?.belief ?? 'unknown'
    const contradicts =
      (belief === 'up' && peer.truth !== 'answering') ||
      ((belief === 'down' || belief === 'suspect') && peer.truth === 'answering')
    return [
      element(
        'td',
        { class: contradicts ? 'contradicts' : undefined },
        element('span', { class: `chip belief-${belief}` }, belief),
        held === undefined || belief === 'up' ? '' : ` ${held.trigger.replaceAll('_', ' ')}`,
        ...(contradicts ? [element('strong', {}, ` but ${peer.truth}`)] : []),
      ),
      element(
        'td',
        { class: 'quiet' },
        kernel.get(mechanism) ?? (mechanism.startsWith('udp') ? 'none (UDP)' : ''),
      ),
    ]
  }

  #parts(): Markup[] {
    const cable = this.#tier === 'netns' ? 'cable, switch, cable' : 'loopback, no cable'
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
            element('div', { class: 'wire', 'aria-hidden': 'true' }, element('span', {}, cable)),
            this.#host('b'),
          ),
          ...this.#reasons(),
        ),
        element('div', { class: 'wide' }, this.#table()),
      ),
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

function newEnd(): End {
  return {
    running: false,
    truth: 'absent',
    because: 'not started yet',
    beliefs: new Map(),
    kernel: new Map(),
  }
}
