/**
 * The persistent connection of browsers: what does a page know about it?
 *
 *       upgrade-a                  switch                 upgrade-b
 *   ws (a client in Node)  ------------------------   one WebSocket server, and
 *   Chromium with a page   ------------------------   what it serves the page from
 *     10.0.N.1                                          10.0.N.2
 *
 * Both clients are on the same host and speak to the same server, each at a port of its own. The page says what it
 * believes to its console, which no fault of the network can touch, and gets its orders ahead of time: "close
 * this one in 2.5 s", when the line will be dead. In `storm` fifty small clients of two kinds take their place.
 *
 * Predict before you run: the cable is cut. What does `readyState` say, and for how long?
 */
import type { Host, Pair } from '../../src/hosts/host.ts'
import type { HostCommand } from '../../src/hosts/host-command.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { randomFrom } from '../../src/lab/random.ts'
import { missing } from '../../src/plan/needs.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { PageBeliefs, startBrowser } from '../../src/rig/browser.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { WebSocketEnd, WebSocketListener } from '../../src/rig/sockets.ts'
import {
  conditionsOf,
  IDLE,
  matrix,
  rowsOf,
  WATCHED,
  type WebSocketSettings,
  webSocketCases,
} from './conditions.ts'
import { findingsText } from './findings.ts'
import { judgeRun } from './judge.ts'
import { moved } from './moved.ts'
import { pageHtml } from './page.ts'
import { CLOSES, CLOSES_LATE, TERMINATES, WRITES } from './paths.ts'
import { LESSONS, questions } from './questions.ts'

type WebSocketPlan = Plan<WebSocketSettings>

export const websocket: Lab<WebSocketSettings> = {
  id: 'websocket',
  question: 'The persistent connection of browsers: what does a page know about it?',
  ...matrix,
  showFirst: ['cut/page', 'laptop/page', 'storm/lockstep', 'upgrade/page'],
  lessons: LESSONS,
  prepare: conditionsOf,
  experiment,
  questions: () => questions,
  judge: judgeRun,
  matrix: findingsText,
}

/** What comes at all comes within a round trip; a browser starts in a second or two. */
const SOON = { withinMs: 5000 }
const BROWSER_STARTS = { withinMs: 20_000 }
/** Before a fault: some pings are answered, and the kernels have measured round trips. */
const PONGS = 3
/** For what follows from what was seen last to be seen too. */
const AFTERWARDS_MS = 700
/** Messages to a client that sleeps. */
const WHILE_ASLEEP = ['one', 'two', 'three']
const ASLEEP_EVERY_MS = 700
/** More draws than any client makes attempts. */
const DRAWS = 20

async function experiment(rig: Rig, plan: WebSocketPlan): Promise<void> {
  const shown = webSocketCases.filter(({ id, tooLong }) => {
    if (plan.pace === 'quick' || tooLong === null || !plan.cases.includes(id)) return true
    rig.skip(id, tooLong)
    return false
  })
  const noBrowser = missing(['browser'], plan.tier, process.platform)
  if (noBrowser !== null) {
    for (const { id, rows } of webSocketCases) if (rows.includes('page')) rig.skip(id, noBrowser, 'page')
    rig.say(`no page of a browser: ${noBrowser}`)
  }
  const possible = rig.possible(shown)
  rig.say(`starting ${2 * possible.length} hosts, a pair for each case`)
  const pairs = await rig.boot(possible)
  rig.say('connections open; then cables are cut, laptops sleep, servers are killed')
  await Promise.all(
    pairs.map((pair) =>
      rig.runCase(pair, async () => {
        const rows = rowsOf(plan, pair.name).filter((row) => row !== 'page' || noBrowser === null)
        const has = { ws: rows.includes('ws'), page: rows.includes('page') }
        if (pair.name === 'upgrade') await upgrade(rig, plan, pair, has)
        else if (pair.name === 'cut') await cut(rig, plan, pair, has)
        else if (pair.name === 'laptop') await laptop(rig, plan, pair, has)
        else if (pair.name === 'off') await off(rig, plan, pair)
        else if (pair.name === 'storm') await storm(rig, plan, pair, rows)
        else if (pair.name === 'resume') await resume(rig, plan, pair)
      }),
    ),
  )
}

type Has = { ws: boolean; page: boolean }

/** The ws client's connections, by path, and the server's ends of them. */
interface WsEnds {
  listener: WebSocketListener
  client(path: string): WebSocketEnd
  server(path: string): WebSocketEnd
}

/** @param paths with what their clients wait for a close frame, where it is not ws's own limit */
async function openWs(
  rig: Rig,
  plan: WebSocketPlan,
  { a, b }: Pair,
  paths: Record<string, number | undefined>,
): Promise<WsEnds> {
  const timings = { [WATCHED]: plan.settings.heartbeat }
  const listener = await rig.sockets(b).webSocket.listen('ws', { timings })
  const clients = new Map<string, WebSocketEnd>()
  for (const [path, closeTimeoutMs] of Object.entries(paths)) {
    const limit = closeTimeoutMs === undefined ? {} : { closeTimeoutMs }
    clients.set(path, await rig.sockets(a).webSocket.connect('ws', listener.at, { path, ...limit }))
  }
  const client = (path: string) => clients.get(path) ?? never(path)
  const server = (path: string) => listener.accepted(client(path).groupId)
  // The server's program comes a moment after the client's.
  for (const { groupId } of clients.values()) {
    await rig.untilEvent(b, 'websocket:opened', { groupId, ...SOON })
  }
  return { listener, client, server }
}

/** A browser at a page, its connections open, and the server's ends of them. */
interface PageEnds {
  browser: HostCommand
  server(path: string): WebSocketEnd
  /** Until the page has said something about a connection. */
  said(what: string, path: string, limit?: { withinMs: number }): Promise<string>
}

async function openPage(rig: Rig, plan: WebSocketPlan, { a, b }: Pair, paths: string[]): Promise<PageEnds> {
  const timings = { [WATCHED]: plan.settings.heartbeat }
  const { webSocket } = rig.sockets(b)
  const listener = await webSocket.listen('page', { timings })
  await rig.speaksTo(a, listener.at, 'page')
  const url = await webSocket.page('page', pageHtml(listener.at, paths))
  const beliefs = new PageBeliefs(rig.emitterOf(a, 'page'))
  const browser = await startBrowser(rig, a, url, (line) => beliefs.take(line))
  const opened = await Promise.all(
    paths.map(async (path) => {
      const about = { mechanism: 'page', where: { path }, ...BROWSER_STARTS }
      const { groupId = '' } = await rig.untilEvent(b, 'websocket:opened', about)
      beliefs.opened(path, groupId)
      return [path, listener.accepted(groupId)] as const
    }),
  )
  const ends = new Map(opened)
  const said = (what: string, path: string, limit = SOON) =>
    browser.untilLine(new RegExp(`"what":"${what}".*"path":"${path}"`), limit)
  for (const path of paths) await said('open', path)
  return { browser, server: (path) => ends.get(path) ?? never(path), said }
}

/** Ends the browser, so that it is no burden to the cases that still run. */
async function closeBrowser({ browser }: PageEnds): Promise<void> {
  browser.signal('SIGKILL')
  await browser.exited
}

// ---- the upgrade, and who answers a ping -----------------------------------------------------------

async function upgrade(rig: Rig, plan: WebSocketPlan, pair: Pair, has: Has): Promise<void> {
  const { blockMs } = plan.settings
  rig.truth(pair.a, 'answering', 'it answers')
  rig.truth(pair.b, 'answering', 'it answers')
  const byWs = async () => {
    const { client, server } = await openWs(rig, plan, pair, { [WATCHED]: undefined })
    const { groupId } = client(WATCHED)
    await client(WATCHED).send('still here')
    await rig.untilEvent(pair.b, 'heartbeat:pong_received', { groupId, occurrence: PONGS, ...SOON })
    await server(WATCHED).send('block')
    await rig.sockets(pair.a).webSocket.block('ws', blockMs)
    await rig.sleep(AFTERWARDS_MS)
    await client(WATCHED).end('close')
    await rig.untilEvent(pair.a, 'websocket:close_received', { groupId, ...SOON })
  }
  const byPage = async () => {
    const page = await openPage(rig, plan, pair, [WATCHED])
    const end = page.server(WATCHED)
    await end.send('send 0')
    const { groupId } = end
    await rig.untilEvent(pair.b, 'heartbeat:pong_received', { groupId, occurrence: PONGS, ...SOON })
    await end.send(`block ${blockMs}`)
    await page.said('free', WATCHED)
    await rig.sleep(AFTERWARDS_MS)
    await end.send('close 0')
    await page.said('close', WATCHED)
    await closeBrowser(page)
  }
  await Promise.all([has.ws ? byWs() : null, has.page ? byPage() : null])
  await rig.sleep(AFTERWARDS_MS)
}

// ---- a dead line ---------------------------------------------------------------------------------

async function cut(rig: Rig, plan: WebSocketPlan, pair: Pair, has: Has): Promise<void> {
  const { a, b } = pair
  const { closeTimeoutMs, orderedMs, deadMs } = plan.settings
  const none = undefined
  const paths = {
    [IDLE]: none,
    [WRITES]: none,
    [CLOSES]: closeTimeoutMs,
    [CLOSES_LATE]: none,
    [TERMINATES]: none,
  }
  const pagePaths = [IDLE, WRITES, CLOSES]
  const [ws, page] = await Promise.all([
    has.ws ? openWs(rig, plan, pair, paths) : null,
    has.page ? openPage(rig, plan, pair, pagePaths) : null,
  ])
  rig.truth(a, 'answering', 'it answers')
  rig.truth(b, 'answering', 'it answers')
  await readKernel(rig, a)
  for (const path of ws === null ? [] : Object.keys(paths)) await ws?.client(path).read()
  await page?.server(WRITES).send(`send ${orderedMs}`)
  await page?.server(CLOSES).send(`close ${orderedMs}`)
  await Promise.all(page === null ? [] : [WRITES, CLOSES].map((path) => page.said('message', path)))

  await rig.strike('cut', pair)
  await ws?.client(WRITES).send('still here')
  await ws?.client(CLOSES).end('close')
  await ws?.client(CLOSES_LATE).end('close')
  await ws?.client(TERMINATES).end('terminate')
  await rig.sleep(AFTERWARDS_MS)
  for (const path of [WRITES, CLOSES_LATE]) await ws?.client(path).read()
  await rig.sleep(deadMs)

  for (const path of ws === null ? [] : Object.keys(paths)) await ws?.client(path).read()
  for (const path of ws === null ? [] : Object.keys(paths)) await ws?.server(path).read()
  for (const path of page === null ? [] : pagePaths) await page?.server(path).read()
  rig.endWatch('cut', pair)
  if (page !== null) await closeBrowser(page)
}

/** What the host's kernel has measured of all its connections, and with which timers: ss(8) says it. */
async function readKernel(rig: Rig, host: Host): Promise<void> {
  await (await rig.start(host, ['ss', '-tinoH'], { name: 'ss' })).exited
}

// ---- a laptop ------------------------------------------------------------------------------------

async function laptop(rig: Rig, plan: WebSocketPlan, pair: Pair, has: Has): Promise<void> {
  const { a, b } = pair
  const { asleepMs, orderedMs } = plan.settings
  const [ws, page] = await Promise.all([
    has.ws ? openWs(rig, plan, pair, { [IDLE]: undefined, [WATCHED]: undefined }) : null,
    has.page ? openPage(rig, plan, pair, [IDLE, WATCHED]) : null,
  ])
  const servers = [ws, page].filter((ends) => ends !== null)
  rig.truth(a, 'answering', 'it answers')
  rig.truth(b, 'answering', 'it answers')

  // It sleeps: its programs do not run. A kernel that sleeps too answers nobody: that is case `off`.
  page?.browser.signal('SIGSTOP')
  const { sinceMs, undo } = await rig.strike('freeze', pair, a)
  const givenUp = servers.map(async ({ server }) => {
    const end = server(WATCHED)
    const isDown = { groupId: end.groupId, where: { new: 'down' }, withinMs: asleepMs }
    await rig.untilEvent(b, 'belief:updated', isDown)
    await end.end('terminate')
  })
  for (const text of WHILE_ASLEEP) {
    for (const { server } of servers) await server(IDLE).send(text)
    await rig.sleep(ASLEEP_EVERY_MS)
  }
  await Promise.all(givenUp)
  await rig.sleep(sinceMs + asleepMs - performance.now())
  page?.browser.signal('SIGCONT')
  await undo()
  await ws?.client(IDLE).read()
  await page?.said('close', WATCHED)
  await rig.sleep(AFTERWARDS_MS)
  rig.endWatch('freeze', pair, a)

  // It wakes up elsewhere.
  await readKernel(rig, a)
  await page?.server(IDLE).send(`send ${orderedMs}`)
  await page?.server(IDLE).send(`open ${orderedMs}`)
  await page?.browser.untilLine(/"text":"open /, SOON)
  await rig.strike(moved, pair, a)
  const movedAtMs = performance.now()
  await ws?.client(IDLE).read()
  await rig.sleep(movedAtMs + orderedMs - performance.now())
  await ws?.client(IDLE).read()
  await ws?.client(IDLE).send('still here')
  if (ws !== null) await rig.sockets(a).webSocket.connect('ws', ws.listener.at, { path: `${IDLE}-again` })
  await page?.said('open', `${IDLE}-again`)
  await rig.sleep(plan.settings.deadMs / 2)
  for (const { server } of servers) await server(IDLE).read()
  if (page !== null) await closeBrowser(page)
}

/** The laptop loses its power, and the server has two connections with it. */
async function off(rig: Rig, plan: WebSocketPlan, pair: Pair): Promise<void> {
  const { server, client } = await openWs(rig, plan, pair, { [IDLE]: undefined, [WATCHED]: undefined })
  const groups = { idle: client(IDLE).groupId, watched: client(WATCHED).groupId }
  await rig.untilEvent(pair.b, 'heartbeat:pong_received', {
    groupId: groups.watched,
    occurrence: PONGS,
    ...SOON,
  })
  rig.truth(pair.a, 'answering', 'it answers')
  rig.truth(pair.b, 'answering', 'it answers')
  await rig.strike('power-off', pair, pair.a)
  const isDown = { groupId: groups.watched, where: { new: 'down' }, ...SOON }
  await rig.untilEvent(pair.b, 'belief:updated', isDown)
  await server(WATCHED).end('terminate')
  await rig.sleep(plan.settings.deadMs / 2)
  await server(IDLE).read()
}

// ---- fifty clients, one server -------------------------------------------------------------------

async function storm(rig: Rig, plan: WebSocketPlan, pair: Pair, rows: readonly string[]): Promise<void> {
  const { a, b } = pair
  const { clients, downMs, baseMs, capMs, steadyAfterMs } = plan.settings.storm
  const random = randomFrom(plan.seed)
  const kinds = rows.filter((row) => row === 'lockstep' || row === 'jitter')
  const ports = new Map<string, number>()
  for (const kind of kinds) {
    const { at } = await rig.sockets(b).webSocket.listen(kind)
    ports.set(kind, at.port)
    const limits = { baseMs, capMs, steadyAfterMs, jitter: kind === 'jitter' ? 'full' : 'none' } as const
    const draws = Array.from({ length: clients }, () => Array.from({ length: DRAWS }, random))
    await rig.sockets(a).webSocket.reconnecting(kind, at, { limits, draws })
    await rig.untilEvent(b, 'websocket:opened', { mechanism: kind, occurrence: clients, ...SOON })
  }
  rig.truth(a, 'answering', 'it answers')
  // All of them have lasted so long that their next delay is a first one.
  await rig.sleep(2 * steadyAfterMs)

  const { sinceMs } = await rig.strike('kill', pair, b)
  await rig.sleep(sinceMs + downMs - performance.now())
  await rig.restart(pair, b)
  for (const kind of kinds) {
    await rig.sockets(b).webSocket.listen(kind, { port: ports.get(kind) ?? 0 })
  }
  const all = kinds.map((mechanism) => ({ mechanism, occurrence: clients, ...BROWSER_STARTS }))
  await Promise.all(all.map((about) => rig.untilEvent(b, 'websocket:opened', about)))
  await rig.sleep(AFTERWARDS_MS)
}

// ---- a session above them ------------------------------------------------------------------------

async function resume(rig: Rig, plan: WebSocketPlan, pair: Pair): Promise<void> {
  const { a, b } = pair
  const { timing, messages, everyMs, cutMs, baseMs, capMs } = plan.settings.resume
  const at = await rig.sockets(b).webSocket.serveSessions('session', timing)
  const limits = { baseMs, capMs, jitter: 'full', steadyAfterMs: timing.downAfterMs } as const
  const draws = Array.from({ length: DRAWS }, randomFrom(plan.seed))
  const settings = { sessionTiming: timing, limits, draws }
  const session = await rig.sockets(a).webSocket.openSession('session', at, settings)
  await rig.untilEvent(a, 'session:state_updated', { where: { new: 'attached' }, ...SOON })
  rig.truth(a, 'answering', 'it answers')
  rig.truth(b, 'answering', 'it answers')

  const talking = session.say(messages, everyMs)
  talking.catch(() => {}) // heard below, unless the run ends first
  await rig.sleep(timing.downAfterMs)
  const { sinceMs, undo } = await rig.strike('cut', pair)
  await rig.sleep(sinceMs + cutMs - performance.now())
  await undo()
  await talking
  await rig.untilEvent(a, 'session:message_acknowledged', { where: { number: messages }, ...BROWSER_STARTS })
  rig.endWatch('cut', pair)
}

function never(path: string): never {
  throw new RangeError(`no connection on ${path}`)
}
