/** The live page: what goes on at the server, what may be done about it, and what was before. */
/// <reference lib="dom" />
import type { LabEvent } from '../../events/vocabulary.ts'
import { fill, within } from '../../view/viewer/dom.ts'
import { glossarySection } from '../../view/viewer/glossary-section.ts'
import { type Child, element } from '../../view/viewer/markup.ts'
import { mountViewer, type Viewer } from '../../view/viewer/viewer.ts'
import type { Batch, ListedRun, LiveState, ServerMessage, Setup, ShownAct } from '../messages.ts'
import { ask, request, takeToken } from './api.ts'
import { Chooser } from './choose.ts'
import { ContainersPanel } from './containers-panel.ts'
import { CordBoardPanel } from './cord-boards.ts'
import { listItem, type OpenedRun, openEarlier } from './earlier.ts'
import { headParts, phaseWords } from './head.ts'
import { Link } from './link.ts'
import { LiveRun } from './live.ts'
import { PlayPanel } from './play-panel.ts'
import { PredictionPanel } from './predictions.ts'

/** So old what is expected may be. */
const ACTS_EVERY_MS = 5000

const root = <T extends HTMLElement = HTMLElement>(id: string) => within<T>(document, `#${id}`)

const live = new LiveRun()
/** null: the live run is shown. */
let opened: OpenedRun | null = null
let setup: Setup | null = null
let chooser: Chooser | null = null
let panel: PlayPanel | null = null
let containers: ContainersPanel | null = null
let cords: CordBoardPanel | null = null
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
  opened = id === live.run && (live.isGoingOn || live.isAsking) ? null : await openEarlier(id)
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
  const wasAsking = live.isAsking
  live.state = state
  const run = state.plan?.run ?? null
  if (run !== live.run || state.phase === 'starting') {
    live.begin(run)
    if (run !== null) giveRoom()
    if (opened === null) show()
  } else if (wasAsking !== live.isAsking && opened === null) show()
  if (opened === null && !live.isGoingOn) panel?.end()
  const hasEnded = before !== state.phase && (state.phase === 'ended' || state.phase === 'failed')
  if (hasEnded || (wasAsking && !live.isAsking)) void attempt(listEarlier)
  showHead()
  chooser?.allow(whyNoStart())
}

function take(batch: Batch): void {
  if (batch.run !== live.run) return
  const isAnew = live.take(batch)
  if (opened !== null) return
  if (isAnew) show()
  else {
    const { events } = batch
    panel?.take(events)
    containers?.take(events)
    cords?.take(events)
    if (held === null) drawing(() => viewer?.append(events))
    else for (const event of events) held.push(event)
    showHead()
  }
}

/** Draws everything anew: another run is to be seen. */
function show(): void {
  showHead()
  const shown = opened ?? shownLive()
  const play = root('play')
  panel = null
  containers = null
  cords = new CordBoardPanel(root('cords'))
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
  cords.take(events)
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
    if (opened !== null || !live.isGoingOn) panel.end()
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
  // Before the last answer there is nothing to draw, and what another machine found may not stand there instead.
  return plan === null || live.isAsking ? null : { plan, events: live.events, report: live.report }
}

function showHead(): void {
  fill(root('phase'), phaseWords(live, opened))
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
  fillWhenNew(root('head'), `${opened?.plan.run} ${live.run} ${live.state.phase} ${live.missing}`, () =>
    headParts(live, opened),
  )
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
  const canPause = live.isGoingOn && !live.isAsking && opened === null
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
    ...(live.isGoingOn && setup?.labs.length !== 0
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

function whyNoStart(): string | null {
  if (document.body.classList.contains('alone')) return 'there is no connection to the server'
  if (live.isAsking) return 'the last run waits for your predictions; answer or skip them'
  return live.isGoingOn ? 'a run is going on; stop it first' : null
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
