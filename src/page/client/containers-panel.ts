/**
 * With `docker compose up`: what to type, what to expect of it, and what was observed, as it happens. The page
 * itself does nothing to a container, and could not: it has no way to the engine.
 */
/// <reference lib="dom" />
import { type HostSide, hostSides, otherSide } from '../../events/host-names.ts'
import type { LabEvent } from '../../events/vocabulary.ts'
import type { Check } from '../../lab/checks.ts'
import { realityWords } from '../../view/contradiction.ts'
import { decisiveChange } from '../../view/noticed.ts'
import { fill, within } from '../../view/viewer/dom.ts'
import { type Child, element, type Markup } from '../../view/viewer/markup.ts'
import { isUncertain, LANES_SHOWN_MAX, type Lane, Lanes, type Noticed, type SeenStrike } from '../lanes.ts'
import type { ShownAct } from '../messages.ts'

/** Beliefs change every second with twenty clients; a person reads slower. */
const SHOW_EVERY_MS = 200

const CONTAINERS: Record<HostSide, string> = { a: 'client', b: 'server' }

export class ContainersPanel {
  readonly #root: HTMLElement
  readonly #mechanisms: readonly string[]
  readonly #lanes: Lanes
  readonly #see: (cell: string) => void
  #acts: readonly ShownAct[] = []
  #checks: ReadonlyMap<string, Check> = new Map()
  /** The lane that is shown in full. */
  #chosen: string | null = null
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(root: HTMLElement, plan: { mechanisms: readonly string[] }, see: (cell: string) => void) {
    this.#root = root
    this.#mechanisms = plan.mechanisms
    this.#lanes = new Lanes(plan.mechanisms)
    this.#see = see
    fill(
      root,
      element('p', { role: 'status', class: 'hidden' }),
      element('div', { 'data-part': 'acts' }),
      element('div', { class: 'wide', 'data-part': 'lanes' }),
      // Last: below it comes the ladder of the row that is chosen in it.
      element('div', { 'data-part': 'strike' }),
    )
    root.onclick = ({ target }) => this.#clicked(target)
    root.onchange = ({ target }) => {
      if (!(target instanceof HTMLSelectElement)) return
      this.#chosen = target.value
      this.#show()
    }
  }

  take(events: readonly LabEvent[]): void {
    for (const event of events) this.#lanes.take(event)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#show()
    }, SHOW_EVERY_MS)
  }

  setActs(acts: readonly ShownAct[]): void {
    this.#acts = acts
    this.#showActs()
  }

  setChecks(checks: readonly Check[]): void {
    this.#checks = new Map(checks.map((check) => [check.id, check]))
    this.#show()
  }

  #clicked(target: EventTarget | null): void {
    const button = target instanceof Element ? target.closest('button') : null
    if (button === null) return
    const { see, copy } = button.dataset
    if (see !== undefined) this.#see(see)
    if (copy !== undefined) {
      void navigator.clipboard.writeText(copy).then(() => {
        within(this.#root, '[role=status]').textContent = 'copied'
        button.textContent = 'copied'
      })
    }
  }

  #lane(): Lane | undefined {
    const { all } = this.#lanes
    return all.find(({ pair }) => pair === this.#chosen) ?? all[0]
  }

  #show(): void {
    const lane = this.#lane()
    const focused = document.activeElement?.getAttribute('data-keep')
    fill(within(this.#root, '[data-part=strike]'), ...(lane === undefined ? [] : this.#strikeParts(lane)))
    fill(within(this.#root, '[data-part=lanes]'), ...this.#laneParts())
    if (focused != null) this.#root.querySelector<HTMLElement>(`[data-keep="${focused}"]`)?.focus()
  }

  /** One client in full: who believes what, what was struck last, what was expected, what was seen. */
  #strikeParts(lane: Lane): Child[] {
    const { pair, board, strike } = lane
    const truth = (side: HostSide): Markup =>
      element(
        'div',
        {},
        element('b', {}, side === 'a' ? pair : 'server'),
        ' ',
        element('span', { class: `chip truth-${board.truth[side].truth}` }, board.truth[side].truth),
        ` ${board.truth[side].because}`,
      )
    const heads = [
      'mechanism',
      `${pair} believes`,
      'its kernel',
      'the router',
      'the server believes',
      'its kernel',
    ]
    if (strike !== null) heads.push('expected', 'observed', 'verdict')
    return [
      element('p', { class: 'truths' }, this.#laneChooser(lane), truth('a'), ' ', truth('b')),
      ...(strike === null
        ? [element('p', { class: 'quiet' }, 'Nothing has struck yet. Type one of the commands above.')]
        : [element('p', { class: 'struck' }, strikeWords(lane))]),
      element(
        'div',
        { class: 'wide' },
        element(
          'table',
          { class: 'now' },
          element('caption', {}, `What ${pair} and the server believe now`),
          element(
            'thead',
            {},
            element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head))),
          ),
          element('tbody', {}, ...this.#mechanisms.map((mechanism) => this.#row(lane, mechanism))),
        ),
      ),
    ]
  }

  #laneChooser({ pair }: Lane): Markup {
    const options = this.#lanes.all.map((lane) =>
      element('option', { value: lane.pair, selected: lane.pair === pair }, lane.pair),
    )
    return element('label', {}, 'client ', element('select', { 'data-keep': 'lane' }, ...options), ' ')
  }

  #row(lane: Lane, mechanism: string): Markup {
    const { pair, board, strike } = lane
    const row = board.rows.get(mechanism)
    const [ofClient, ofServer] = (['a', 'b'] as const).map((side): Markup[] => {
      const end = row?.[side]
      if (end === undefined) return [element('td', { colspan: 2 })]
      if (end.belief === 'ended')
        return [element('td', { class: 'quiet', colspan: 2 }, 'its process is gone')]
      const { truth } = board.truth[otherSide(side)]
      const contradicts = row !== undefined && board.contradiction(row, side) !== null
      return [
        element(
          'td',
          { class: contradicts ? 'contradicts' : undefined },
          element('span', { class: `chip belief-${end.belief}` }, end.belief),
          ...(contradicts ? [element('strong', {}, ` but ${realityWords(end.belief, truth)}`)] : []),
        ),
        element(
          'td',
          { class: 'quiet' },
          end.kernel?.state ?? (mechanism.startsWith('udp') ? 'none (UDP)' : ''),
        ),
      ]
    })
    return element(
      'tr',
      {},
      element(
        'th',
        { scope: 'row' },
        element(
          'button',
          {
            type: 'button',
            'data-see': `${pair}/${mechanism}`,
            'data-keep': mechanism,
            title: 'show how it came to that',
          },
          mechanism,
        ),
      ),
      ...(ofClient ?? []),
      element('td', { class: 'quiet' }, memoryWords(lane.remembered.get(mechanism))),
      ...(ofServer ?? []),
      ...(strike === null ? [] : this.#outcome(lane, mechanism)),
    )
  }

  #outcome({ pair, strike }: Lane, mechanism: string): Markup[] {
    if (strike === null) return []
    const check = this.#checks.get(`${pair}/${mechanism}/${strike.number}-${strike.fault}-detected`)
    const act = this.#acts.find(
      ({ fault, strikes }) => fault === strike.fault && strikes !== CONTAINERS[otherSide(strike.struck)],
    )
    const foretold = act?.foretold[`${pair}/${strike.number}`]
    const expected = (foretold ?? (check === undefined ? act?.expected : undefined))?.[mechanism]
    const observed = observedParts(strike, strike.noticed.get(mechanism) ?? [])
    return [
      element(
        'td',
        { title: expected?.why },
        expected?.words ?? (check === undefined ? '' : expectedWords(check)),
      ),
      element('td', {}, ...observed),
      element('td', { title: check?.because }, check === undefined ? '' : verdictWord(check, strike)),
    ]
  }

  /** Every client in a row; when they are too many, how many of them believe what. */
  #laneParts(): Child[] {
    const { all } = this.#lanes
    if (all.length < 2) return []
    const heads = (first: string) =>
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...[first, ...this.#mechanisms].map((head) => element('th', { scope: 'col' }, head)),
        ),
      )
    if (all.length > LANES_SHOWN_MAX) {
      const row = (side: HostSide, words: string) => {
        const counts = this.#lanes.summary(side)
        return element(
          'tr',
          {},
          element('th', { scope: 'row' }, words),
          ...this.#mechanisms.map((mechanism) =>
            element(
              'td',
              {},
              [...(counts.get(mechanism) ?? [])].map(([belief, count]) => `${count} ${belief}`).join(', '),
            ),
          ),
        )
      }
      return [
        element(
          'table',
          { class: 'now lanes' },
          element('caption', {}, `All ${all.length} clients, counted; choose one above to see it in full`),
          heads('who'),
          element('tbody', {}, row('a', 'the clients believe'), row('b', 'the server believes of them')),
        ),
      ]
    }
    return [
      element(
        'table',
        { class: 'now lanes' },
        element('caption', {}, 'Every client: what it believes / what the server believes of it'),
        heads('client'),
        element(
          'tbody',
          {},
          ...all.map(({ pair, board }) =>
            element(
              'tr',
              {},
              element('th', { scope: 'row' }, pair),
              ...this.#mechanisms.map((mechanism) => {
                const row = board.rows.get(mechanism)
                const wrong =
                  row !== undefined && hostSides.some((side) => board.contradiction(row, side) !== null)
                return element(
                  'td',
                  { class: wrong ? 'contradicts' : undefined },
                  `${row?.a.belief ?? ''} / ${row?.b.belief ?? ''}`,
                )
              }),
            ),
          ),
        ),
      ),
    ]
  }

  /** Made anew only when the acts change, so that what is open stays open. */
  #showActs(): void {
    const place = within<HTMLElement>(this.#root, '[data-part=acts]')
    const key = JSON.stringify(this.#acts)
    if (place.dataset.key === key) return
    place.dataset.key = key
    const open = new Set(
      [...place.querySelectorAll('details[open]')].map((details) => details.getAttribute('data-open')),
    )
    const targets = [...new Set(this.#acts.map(({ strikes }) => strikes))]
    fill(
      place,
      element('h3', {}, 'What to type, in another terminal'),
      element(
        'p',
        { class: 'quiet' },
        'If you only type it, the lab infers what happened, and says “unknown”. With the announcement it knows; and so it does while the engine’s events are piped in: ',
        element('code', {}, "docker events --format '{{json .}}' | docker compose exec -T recorder engine"),
      ),
      ...targets.map((target) => {
        const own = this.#acts.filter(({ strikes }) => strikes === target)
        return element(
          'details',
          { 'data-open': target, open: open.has(target) },
          element(
            'summary',
            {},
            element('h4', { class: 'plain' }, `the ${target}`),
            ` (${own.length === 1 ? 'one command' : `${own.length} commands`})`,
          ),
          element('ul', { class: 'acts' }, ...own.map((act) => actItem(act, open))),
        )
      }),
    )
  }
}

function actItem(act: ShownAct, open: ReadonlySet<string | null>): Markup {
  return element(
    'li',
    {},
    element('code', {}, act.command),
    ' ',
    copyButton('Copy', act.command),
    ...(act.announced === null ? [] : [' ', copyButton('Copy with announcement', act.announced)]),
    element('div', { class: 'quiet' }, act.promise),
    ...(Object.keys(act.expected).length === 0
      ? []
      : [
          element(
            'details',
            { 'data-open': act.id, open: open.has(act.id) },
            element('summary', {}, 'What to expect'),
            expectedTable(act),
          ),
        ]),
  )
}

function copyButton(words: string, text: string): Markup {
  return element('button', { type: 'button', class: 'knob', 'data-copy': text, title: text }, words)
}

function expectedTable({ strikes, expected }: ShownAct): Markup {
  const who = strikes === 'client' ? 'the server' : 'a client'
  return element(
    'table',
    { class: 'now' },
    element('caption', {}, `What ${who} should come to believe, seconds after it`),
    element(
      'tbody',
      {},
      ...Object.entries(expected).map(([mechanism, { words, why }]) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, mechanism),
          element('td', {}, words),
          element('td', { class: 'quiet' }, why),
        ),
      ),
    ),
  )
}

function verdictWord({ verdict }: Check, strike: SeenStrike): string {
  return verdict === 'pass' && isUncertain(strike) ? 'agrees' : verdict
}

/** The third that has to remember a conversation, and the only one that nobody sees. */
function memoryWords(isRemembered: boolean | undefined): string {
  return isRemembered === undefined ? '' : isRemembered ? 'remembers it' : 'has forgotten it'
}

function strikeWords({ pair, strike }: Lane): string {
  if (strike === null) return ''
  const what = strike.struck === 'a' ? pair : 'the server'
  const when =
    strike.uncertainMs === 0
      ? ''
      : `, at most ${(strike.uncertainMs / 1000).toFixed(1)} s before it was known`
  return `Strike ${strike.number}: ${strike.fault} of ${what} at ${(strike.at / 1000).toFixed(1)} s: ${strike.because} (${strike.certainty}${when}).`
}

/** What decides, and in smaller print what it came to after that: a doubt is often followed by an end. */
function observedParts({ isOver, uncertainMs }: SeenStrike, noticed: readonly Noticed[]): Child[] {
  const decisive = decisiveChange(noticed, ({ belief, trigger }) => ({ new: belief, trigger }))
  if (decisive === undefined) return [isOver ? 'nothing, for the whole watch' : 'nothing yet']
  const words = ({ belief, afterMs, trigger }: Noticed) =>
    `${belief} after ${span(afterMs, uncertainMs)} s (${trigger.replaceAll('_', ' ')})`
  const later = noticed.filter((one) => one.afterMs > decisive.afterMs)
  return [
    words(decisive),
    ...later.map((one) => element('div', { class: 'quiet' }, `and then ${words(one)}`)),
  ]
}

/** From the strike, which lies somewhere in the time before it was known. */
function span(afterMs: number, uncertainMs: number): string {
  const seconds = (ms: number) => (Math.max(0, ms) / 1000).toFixed(1)
  const [least, most] = [seconds(afterMs), seconds(afterMs + uncertainMs)]
  return least === most ? least : `${least} .. ${most}`
}

function expectedWords({ expected }: Check): string {
  if ('min' in expected) return `${(expected.min / 1000).toFixed(1)} .. ${(expected.max / 1000).toFixed(1)} s`
  return 'oneOf' in expected ? expected.oneOf.join(' or ') : 'nothing'
}
