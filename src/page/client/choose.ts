/** The form: a lab and its options, and the command line that does the same. */
/// <reference lib="dom" />

import { fill, within } from '../../view/viewer/dom.ts'
import { type Child, element, type Markup } from '../../view/viewer/markup.ts'
import { commandOf } from '../choice.ts'
import type { Choice, LabSetup, Setup } from '../messages.ts'

export class Chooser {
  readonly #form: HTMLFormElement
  readonly #setup: Setup

  constructor(form: HTMLFormElement, setup: Setup, start: (choice: Choice) => void) {
    this.#form = form
    this.#setup = setup
    fill(form, ...fields(setup))
    this.#showLab()
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      const choice = this.#choice()
      if (missingIn(choice, this.#lab) === null) start(choice)
    })
    form.addEventListener('click', (event) => {
      const set = (event.target as HTMLElement).dataset.all
      if (set === undefined) return
      const [name, on] = set.split(' ')
      for (const box of this.#boxes(name ?? '')) box.checked = on === 'all' && !box.disabled
      this.#show()
    })
    form.addEventListener('change', ({ target }) => {
      if (target instanceof HTMLSelectElement && target.name === 'lab') this.#showLab()
      this.#show()
    })
    this.#show()
  }

  get #lab(): LabSetup {
    const { value } = within<HTMLSelectElement>(this.#form, '[name=lab]')
    const lab = this.#setup.labs.find(({ id }) => id === value)
    if (lab === undefined) throw new Error(`There is no lab "${value}"`)
    return lab
  }

  /** Each lab has cases and mechanisms of its own, and not each can be struck or played. */
  #showLab(): void {
    fill(within(this.#form, '.of-lab'), ...fieldsOf(this.#lab))
  }

  /** @param why null: a run may be started */
  allow(why: string | null): void {
    const button = within<HTMLButtonElement>(this.#form, '[type=submit]')
    button.disabled = why !== null
    button.title = why ?? ''
  }

  #boxes(name: string): HTMLInputElement[] {
    return [...this.#form.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)]
  }

  #chosen(name: string): string[] {
    return this.#boxes(name)
      .filter((box) => box.checked)
      .map((box) => box.value)
  }

  #choice(): Choice {
    const value = (name: string) => this.#chosen(name)[0] ?? ''
    const play = value('mode') === 'play'
    const lab = this.#lab
    return {
      lab: lab.id,
      play,
      predict: this.#chosen('predict').length > 0,
      hosts: within<HTMLSelectElement>(this.#form, '[name=hosts]').value as Choice['hosts'],
      strike: lab.hasStrike ? (value('strike') as Choice['strike']) : 'server',
      cases: play ? lab.cases.map(({ id }) => id) : this.#chosen('cases'),
      mechanisms: this.#chosen('mechanisms'),
    }
  }

  /** What depends on what else was chosen. */
  #show(): void {
    const choice = this.#choice()
    const setup = this.#setup
    const lab = this.#lab
    const impossible = lab.impossible[choice.hosts === 'auto' ? setup.tier : choice.hosts]
    for (const box of this.#boxes('cases')) {
      const why = impossible[box.value]
      const label = box.closest('label')
      label?.classList.toggle('impossible', why !== undefined)
      if (label !== null) label.title = why ?? lab.cases.find(({ id }) => id === box.value)?.promise ?? ''
    }
    for (const part of this.#form.querySelectorAll<HTMLElement>('[data-only-if="experiment"]')) {
      part.hidden = choice.play
    }
    const skipped = choice.play ? [] : choice.cases.filter((id) => impossible[id])
    const reason = impossible[skipped[0] ?? '']
    fill(
      within(this.#form, '.tier'),
      choice.hosts === 'auto' ? `${setup.tier}: ${setup.because}` : '',
      ...(reason === undefined ? [] : [` Skipped there: ${skipped.join(', ')} (${reason}).`]),
    )
    fill(within(this.#form, '.question'), lab.question)
    fill(
      within(this.#form, '.command'),
      missingIn(choice, lab) ?? element('code', {}, commandOf(choice, lab)),
    )
  }
}

/** What is still to be chosen before a run makes sense; null: nothing. */
function missingIn({ play, cases, mechanisms }: Choice, { cells }: LabSetup): string | null {
  if (mechanisms.length === 0) return 'Choose at least one mechanism.'
  if (play) return null
  if (cases.length === 0) return 'Choose at least one case.'
  const exists = cases.some((id) => mechanisms.some((mechanism) => cells.includes(`${id}/${mechanism}`)))
  return exists ? null : 'These cases do not have these mechanisms.'
}

function fields(setup: Setup): Child[] {
  const tierOption = (tier: 'netns' | 'process', words: string) => {
    const why = setup.impossibleTiers[tier]
    return element('option', { value: tier, disabled: why !== undefined, title: why }, words)
  }
  return [
    element(
      'label',
      { class: 'field' },
      'Lab',
      element(
        'select',
        { name: 'lab', class: 'knob' },
        ...setup.labs.map(({ id, question }) => element('option', { value: id, title: question }, id)),
      ),
      element('p', { class: 'question note quiet' }),
    ),
    element('div', { class: 'of-lab' }),
    element(
      'label',
      { class: 'field' },
      'Hosts',
      element(
        'select',
        { name: 'hosts', class: 'knob' },
        element('option', { value: 'auto' }, 'the richest that works here'),
        tierOption('netns', 'network namespaces, with cables'),
        tierOption('process', 'plain processes on loopback'),
      ),
      element('p', { class: 'tier note quiet' }),
    ),
    element(
      'div',
      { class: 'go' },
      element('button', { type: 'submit', class: 'knob main' }, 'Start'),
      element('p', { class: 'command note quiet', 'aria-live': 'polite' }),
    ),
  ]
}

function fieldsOf({ cases, mechanisms, hasPlay, hasStrike }: LabSetup): Child[] {
  return [
    ...(hasPlay
      ? [
          radios('mode', 'Who strikes?', [
            ['experiment', 'the lab: each fault on a pair of hosts of its own'],
            ['play', 'you, by buttons, on one pair of hosts'],
          ]),
        ]
      : []),
    element(
      'div',
      { 'data-only-if': 'experiment' },
      ...(hasStrike
        ? [
            radios('strike', 'Which end is struck?', [
              ['server', 'b, the servers'],
              ['client', 'a, the clients'],
            ]),
          ]
        : []),
      element(
        'fieldset',
        {},
        element('legend', {}, 'What do you expect?'),
        element(
          'label',
          { title: 'Questions while the lab runs; nothing is shown before your last answer.' },
          element('input', { type: 'checkbox', name: 'predict', value: 'first', checked: true }),
          ' ask me first',
        ),
      ),
      boxes(
        'cases',
        'Cases',
        cases.map(({ id }) => id),
      ),
    ),
    boxes('mechanisms', 'Mechanisms', mechanisms),
  ]
}

function radios(name: string, legend: string, options: [string, string][]): Markup {
  return element(
    'fieldset',
    {},
    element('legend', {}, legend),
    ...options.map(([value, words], index) =>
      element(
        'label',
        {},
        element('input', { type: 'radio', name, value, checked: index === 0 }),
        ` ${words}`,
      ),
    ),
  )
}

function boxes(name: string, legend: string, values: readonly string[]): Markup {
  return element(
    'fieldset',
    { class: 'boxes' },
    element('legend', {}, legend),
    ...values.map((value) =>
      element('label', {}, element('input', { type: 'checkbox', name, value, checked: true }), ` ${value}`),
    ),
    element(
      'p',
      { class: 'sets' },
      element('button', { type: 'button', class: 'knob', 'data-all': `${name} all` }, 'all'),
      element('button', { type: 'button', class: 'knob', 'data-all': `${name} none` }, 'none'),
    ),
  )
}
