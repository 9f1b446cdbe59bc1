/** The live page: what goes on at the server, what may be done about it, and what was before. */
/// <reference lib="dom" />
import type { EventName, LabEvent } from '../../events/vocabulary.ts'
import type { Verdict } from '../../lab/checks.ts'
import type { Told } from '../../lab/predict.ts'
import type { Report } from '../../lab/report.ts'
import { fill, within } from '../../view/viewer/dom.ts'
import { glossarySection } from '../../view/viewer/glossary-section.ts'
import { type Child, element } from '../../view/viewer/markup.ts'
import { mountViewer, type Viewer } from '../../view/viewer/viewer.ts'
import type { Batch, ListedRun, LiveState, ServerMessage, Setup, ShownAct } from '../messages.ts'
import { ask, request, takeToken } from './api.ts'
import { Chooser } from './choose.ts'
import { ContainersPanel } from './containers-panel.ts'
import { EVENTS_SHOWN_MAX, listItem, type OpenedRun, openEarlier } from './earlier.ts'
import { Link } from './link.ts'
import { PlayPanel } from './play-panel.ts'
import { PredictionPanel } from './predictions.ts'

/** These come every second from every connection; when a run is too long for a browser, they go first. */
const ROUTINE = /^(packet|heartbeat|tcp|udp|http|kernel:tcp_info)/

/** So old what is expected may be. */
const ACTS_EVERY_MS = 5000

const root = <T extends HTMLElement = HTMLElement>(id: string) => within<T>(document, `#${id}`)

/** The run of the server, as far as this browser has it. */
interface Live {
  state: LiveState
  run: string | null
  /** The index of the first event that we do not have. */
  next: number
  missing: number
  events: LabEvent[]
  report: Report | null
  told: Told | null
  /** What the lab said last; once its cases have begun, how far they have come. */
  said: string
  begun: Set<string>
  over: Set<string>
}

const IDLE: LiveState = {
  phase: 'idle',
  plan: null,
  command: null,
  problem: null,
  verdict: null,
  asked: null,
}
const unheard = () => ({ said: '', begun: new Set<string>(), over: new Set<string>() })
const nothingYet = () => ({ next: 0, missing: 0, report: null, told: null, ...unheard() })
const live: Live = { ...nothingYet(), state: IDLE, run: null, events: [] }
/** null: the live run is shown. */
let opened: OpenedRun | null = null
let setup: Setup | null = null
let chooser: Chooser | null = null
let panel: PlayPanel | null = null
let containers: ContainersPanel | null = null
let viewer: Viewer | null = null
/** What came while the picture was paused; null: it is not. */
let held: LabEvent[] | null = null
const predictions = new PredictionPanel(root('predict'), {
  answer: (question, choice) =>
    void attempt(() => request('/api/predict', { run: live.run, question, choice })),
  skipAll: () => void attempt(() => request('/api/skip', { run: live.run })),
})

const link = new Link({
  position: () => ({ run: live.run, since: live.next }),
  received,
  became(state, words) {
    const place = root('link')
    place.className = state.replace(' ', '-')
    fill(place, words)
    document.body.classList.toggle('alone', state !== 'connected')
    if (state === 'connected') void refresh()
    chooser?.allow(whyNoStart())
  },
})

// Unanswered, it is asked again: the link says that the server is away.
setInterval(() => void listActs().catch(() => {}), ACTS_EVERY_MS)

fill(root('glossary'), glossarySection())
takeToken()
// The newest link, pasted into a tab that is already open, changes nothing but the part after "#".
addEventListener('hashchange', () => takeToken() && void link.open())
void link.open()

/** What is asked for once a connection, since the server may be another one. */
async function refresh(): Promise<void> {
  await attempt(async () => {
    if (setup === null) {
      setup = await ask<Setup>('/api/setup')
      // With containers there is one run, and it goes on already.
      if (setup.labs.length === 0) root('choose').hidden = true
      else chooser = newChooser(setup)
      show()
    }
    await listEarlier()
    await listActs()
  })
}

function newChooser(setup: Setup): Chooser {
  return new Chooser(within(root('choose'), 'form'), setup, (choice) => {
    opened = null
    void attempt(() => request('/api/start', choice))
  })
}

/** With containers: what to type. What is to be expected of it follows what is in force now. */
async function listActs(): Promise<void> {
  if (containers !== null && opened === null) containers.setActs(await ask<ShownAct[]>('/api/acts'))
}

async function listEarlier(): Promise<void> {
  const runs = await ask<ListedRun[]>('/api/runs')
  const list = within<HTMLElement>(root('earlier'), 'ol')
  fill(list, ...runs.map(listItem))
  if (runs.length === 0) fill(list, element('li', { class: 'quiet' }, 'none yet'))
  list.onclick = ({ target }) => {
    const id = target instanceof Element ? target.closest('button')?.dataset.run : undefined
    if (id !== undefined) void attempt(() => open(id))
  }
}

async function open(id: string): Promise<void> {
  tell(null)
  // The one that is going on is better seen live.
  opened = id === live.run && (isGoingOn() || isAsking()) ? null : await openEarlier(id)
  giveRoom()
  show()
  root('run').focus()
}

/** From now on a run has the place. */
function giveRoom(): void {
  for (const id of ['choose', 'earlier']) root<HTMLDetailsElement>(id).open = false
}

function received(message: ServerMessage): void {
  if (message.type === 'state') becameOf(message.state)
  else if (message.type === 'told') {
    live.told = message.told
    showHead()
  } else if (message.type === 'report') {
    live.report = message.report
    if (opened !== null) return
    containers?.setChecks(message.report.checks)
    if (held !== null) pause()
    drawing(() => viewer?.setReport(message.report))
  } else take(message)
}

function becameOf(state: LiveState): void {
  const before = live.state.phase
  const wasAsking = isAsking()
  live.state = state
  const run = state.plan?.run ?? null
  if (run !== live.run || state.phase === 'starting') {
    Object.assign(live, { ...nothingYet(), run, events: [] })
    if (run !== null) giveRoom()
    if (opened === null) show()
  } else if (wasAsking !== isAsking() && opened === null) show()
  if (opened === null && !isGoingOn()) panel?.end()
  const hasEnded = before !== state.phase && (state.phase === 'ended' || state.phase === 'failed')
  if (hasEnded || (wasAsking && !isAsking())) void attempt(listEarlier)
  showHead()
  chooser?.allow(whyNoStart())
}

function take({ run, next, fresh, missing, events }: Batch): void {
  if (run !== live.run) return
  if (fresh) Object.assign(live, { missing, events: [], ...unheard() })
  live.next = next
  for (const event of events) {
    live.events.push(event)
    hear(event)
  }
  const tooMany = live.events.length > EVENTS_SHOWN_MAX
  if (tooMany) {
    const before = live.events.length
    const newest = live.events[before / 2]?.time ?? 0
    live.events = live.events.filter((event) => event.time >= newest || !isRoutine(event.name))
    live.missing += before - live.events.length
  }
  if (opened !== null) return
  if (fresh || tooMany) show()
  else {
    panel?.take(events)
    containers?.take(events)
    if (held === null) drawing(() => viewer?.append(events))
    else for (const event of events) held.push(event)
    showHead()
  }
}

/** What a lab announces is over when it has come to pass: from then on its cases are counted. */
function hear({ name, data }: LabEvent): void {
  if (name === 'run:progressed') live.said = data.message
  const { plan } = live.state
  if (plan === null || plan.play) return
  if (name === 'case:started' || name === 'watch:started') live.begun.add(data.pair)
  else if (name === 'case:ended' || name === 'watch:ended') live.over.add(data.pair)
  else return
  const [begun, over, all] = [live.begun.size, live.over.size, plan.cases.length]
  const watched = begun > over ? `, ${begun - over} are watched` : ''
  live.said =
    over === 0
      ? `${begun} of ${all} cases have begun, and are watched`
      : `${over} of ${all} cases are over${watched}`
}

/** Draws everything anew: another run is to be seen. */
function show(): void {
  showHead()
  const shown = opened ?? shownLive()
  const play = root('play')
  panel = null
  containers = null
  viewer = null
  held = null
  document.body.classList.toggle('idle', shown === null && live.state.phase === 'idle')
  // Not each lab that is played is played by striking: of http's bank a browser is the player.
  const hasPanel = setup?.labs.some(({ id, hasPlay }) => id === shown?.plan.lab && hasPlay) ?? false
  const isPlay = shown?.plan.play === true && (hasPanel || shown.plan.tier === 'compose')
  document.body.classList.toggle('playing', isPlay)
  // Containers are struck by other means, and there may be many.
  const byHand = isPlay && shown.plan.tier !== 'compose'
  play.hidden = !isPlay
  const view = document.createElement('div')
  root('view').replaceChildren(view)
  if (shown === null || setup === null) return
  const { plan, events, report } = shown
  if (byHand) {
    panel = new PlayPanel(
      play,
      setup,
      plan,
      (command) => void attempt(() => request('/api/act', command)),
      (mechanism) => {
        viewer?.selectMechanism(mechanism)
        root('view').scrollIntoView({ block: 'start' })
      },
    )
    panel.take(events)
    if (opened !== null || !isGoingOn()) panel.end()
  }
  if (plan.tier === 'compose') {
    containers = new ContainersPanel(play, plan, (cell) => {
      viewer?.select(cell)
      root('view').scrollIntoView({ block: 'start' })
    })
    containers.take(events)
    if (report !== null) containers.setChecks(report.checks)
    void attempt(listActs)
  }
  drawing(() => {
    const recorded = setup?.recorded[plan.lab]
    viewer = mountViewer(view, {
      plan,
      events,
      ...(report === null ? {} : { report }),
      ...(recorded === undefined ? {} : { recorded }),
    })
  })
}

function shownLive() {
  const { plan } = live.state
  // Before the last answer there is nothing to draw, nor may what another machine found be there instead.
  return plan === null || isAsking() ? null : { plan, events: live.events, report: live.report }
}

function showHead(): void {
  fill(root('phase'), phaseWords())
  const { events } = opened ?? live
  const last = events.at(-1)?.time
  const count = opened === null ? live.next : events.length
  root('count').textContent =
    last === undefined ? '' : `${count.toLocaleString('en')} events, ${(last / 1000).toFixed(1)} s`
  const phase = opened === null ? live.state.phase : 'earlier'
  document.title = `${phase === 'idle' ? '' : `${phase}: `}stillhere`
  showControls()
  showPredictions()
  // Made anew only when something else is to be said, or a button would vanish under the pointer.
  fillWhenNew(root('head'), `${opened?.plan.run} ${live.run} ${live.state.phase} ${live.missing}`, headParts)
  root('head').onclick = ({ target }) => {
    const what = target instanceof HTMLElement ? target.dataset.do : undefined
    if (what === 'live') {
      opened = null
      show()
    }
    if (what === 'reload' && live.run !== null) void attempt(() => open(live.run ?? ''))
  }
}

function showPredictions(): void {
  const active = document.activeElement
  const mayFocus = active === null || active === document.body || root('choose').contains(active)
  predictions.show(live.run, opened === null ? live.state.asked : null, live.told, mayFocus)
}

function showControls(): void {
  const { phase } = live.state
  const place = root('controls')
  const canPause = isGoingOn() && !isAsking() && opened === null
  fillWhenNew(place, `${phase} ${held === null} ${canPause} ${setup?.labs.length}`, () => [
    ...(canPause
      ? [
          element(
            'button',
            { type: 'button', class: 'knob', 'data-do': 'pause', 'aria-pressed': String(held !== null) },
            held === null ? 'Pause the picture' : 'Let it go on',
          ),
        ]
      : []),
    // Containers are stopped where they were started.
    ...(isGoingOn() && setup?.labs.length !== 0
      ? [
          element(
            'button',
            { type: 'button', class: 'knob main', 'data-do': 'stop', disabled: phase === 'stopping' },
            'Stop the run',
          ),
        ]
      : []),
  ])
  place.onclick = ({ target }) => {
    const what = target instanceof HTMLElement ? target.dataset.do : undefined
    if (what === 'stop') void attempt(() => request('/api/stop', {}))
    if (what === 'pause') pause()
    within<HTMLElement>(document, `#controls [data-do=${what}]`)?.focus()
  }
}

/** Only the picture stands still: the run, the buttons and the table of beliefs go on. */
function pause(): void {
  const missed = held
  held = missed === null ? [] : null
  if (missed !== null) drawing(() => viewer?.append(missed))
  showHead()
}

function fillWhenNew(place: HTMLElement, key: string, parts: () => Child[]): void {
  if (place.dataset.key === key) return
  place.dataset.key = key
  fill(place, ...parts())
}

function headParts(): Child[] {
  if (opened !== null) {
    const { plan, report, problems } = opened
    return [
      element('h2', { class: 'plain' }, `An earlier run of lab:${plan.lab}`),
      element(
        'p',
        { class: 'plain quiet' },
        `${plan.run}, ${plan.tier} hosts, ${report?.verdict ?? 'unfinished'}`,
      ),
      ...(problems.length === 0
        ? []
        : [element('ul', { class: 'problem' }, ...problems.map((one) => element('li', {}, one)))]),
      ...(live.run === null || live.run === plan.run
        ? []
        : [
            element(
              'button',
              { type: 'button', class: 'knob', 'data-do': 'live' },
              isGoingOn() ? 'Show the run that is going on' : 'Show the last run',
            ),
          ]),
    ]
  }
  const { plan, command, phase } = live.state
  if (plan === null) return phase === 'idle' ? [welcome()] : []
  return [
    element('h2', { class: 'plain' }, `lab:${plan.lab}${plan.play ? ', in play' : ''}`),
    element('p', { class: 'plain quiet' }, `${plan.tier} hosts: ${plan.because}`),
    ...(command === null
      ? []
      : [element('p', { class: 'plain quiet' }, 'the same by hand: ', element('code', {}, command))]),
    ...(live.missing === 0
      ? []
      : [
          element(
            'p',
            { class: 'problem' },
            `${live.missing.toLocaleString('en')} older events are no longer in memory; changes of belief and faults are. The run's folder has all of them. `,
            element(
              'button',
              { type: 'button', class: 'knob', 'data-do': 'reload', disabled: isGoingOn() },
              'Load all',
            ),
          ),
        ]),
  ]
}

function welcome(): Child {
  return element(
    'div',
    { class: 'welcome' },
    element('h2', { class: 'plain' }, 'A connection is two separate beliefs, one at each end'),
    element(
      'p',
      {},
      'Each is kept true only by what still arrives. Choose what goes wrong, start, and watch when either end finds out; or choose “you, by buttons” and strike yourself.',
    ),
  )
}

/** Of the run that is shown: another one's verdict above it would be taken for its own. */
function phaseWords(): string {
  if (opened !== null) {
    const { report } = opened
    const ended = report === null ? 'it did not come to its end' : endedWords(report.verdict)
    return `an earlier run: ${ended}${isGoingOn() ? ' (another one is going on)' : ''}`
  }
  const { phase, problem, verdict, asked } = live.state
  const open = asked?.open ?? null
  if (open !== null) {
    const what = isGoingOn() ? phase : 'the run has ended'
    return `${what}; first your prediction, ${open.number} of ${asked?.count}`
  }
  switch (phase) {
    case 'idle':
      return 'no run yet'
    case 'starting':
      return 'starting'
    case 'running':
      return live.said === '' ? 'running' : live.said
    case 'stopping':
      return 'stopping: faults are undone, what was seen is judged'
    case 'failed':
      return `the run failed: ${problem}`
    case 'ended':
      return endedWords(verdict ?? 'skipped')
  }
}

function endedWords(verdict: Verdict): string {
  return {
    pass: 'ended: every check passed',
    fail: 'ended: a check failed',
    skipped: 'ended',
    inconclusive: 'ended: not all can be told; the checks say why',
  }[verdict]
}

function isGoingOn(): boolean {
  return ['starting', 'running', 'stopping'].includes(live.state.phase)
}

/** A question is open, so the server sends nothing of the run. */
function isAsking(): boolean {
  return (live.state.asked?.open ?? null) !== null
}

function whyNoStart(): string | null {
  if (document.body.classList.contains('alone')) return 'there is no connection to the server'
  if (isAsking()) return 'the last run waits for your predictions; answer or skip them'
  return isGoingOn() ? 'a run is going on; stop it first' : null
}

function isRoutine(name: EventName): boolean {
  return ROUTINE.test(name)
}

/** Does something that can fail, and says so where it does. */
async function attempt(what: () => Promise<unknown>): Promise<void> {
  try {
    tell(null)
    await what()
  } catch (error) {
    tell(error instanceof TypeError ? 'The server does not answer.' : messageOf(error))
  }
}

/** The picture may fail, over a log that nobody foresaw; the page goes on. */
function drawing(what: () => void): void {
  try {
    what()
  } catch (error) {
    tell(`This run could not be drawn: ${messageOf(error)}`)
    console.error(error)
  }
}

function tell(problem: string | null): void {
  const place = root('notice')
  place.hidden = problem === null
  fill(place, problem ?? '')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
