/** The two clients of a pair, each with a server of its own: a program with the library ws, and a page in a browser. */
import type { Host, Pair } from '../../src/hosts/host.ts'
import { missing } from '../../src/plan/needs.ts'
import { PageEvents, startBrowser } from '../../src/rig/browser.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { WebSocketEnd } from '../../src/rig/sockets.ts'
import { WATCHED, type WebSocketSettings } from './conditions.ts'
import { pageHtml } from './page.ts'

/** For what follows from what was seen last to be seen too. */
export const AFTERWARDS_MS = 700
/** Whatever a page says, it says within a round trip; a browser starts in a second or two. */
const SOON = { withinMs: 5000 }
const BROWSER_STARTS = { withinMs: 20_000 }
/** Before a fault: some pings are answered, and the kernels have measured round trips. */
const PONGS = 3

/** How long its client waits for a close frame, where that is not ws's own limit. */
type Limit = { closeTimeoutMs?: number }

/** Opens a connection of the program on each path; null where this run does not look at it. */
export async function openWs<Path extends string>(
  rig: Rig,
  { name, a, b }: Pair,
  { heartbeat }: WebSocketSettings,
  paths: Record<Path, Limit>,
) {
  if (!rig.plan.cells.includes(`${name}/ws`)) return null
  const { at, accepted } = await rig.sockets(b).webSocket.listen('ws', { timings: { [WATCHED]: heartbeat } })
  const client = {} as Record<Path, WebSocketEnd>
  const server = {} as Record<Path, WebSocketEnd>
  for (const [path, limit] of Object.entries(paths) as [Path, Limit][]) {
    client[path] = await rig.sockets(a).webSocket.connect('ws', at, { path, ...limit })
    const { groupId } = client[path]
    server[path] = accepted(groupId)
    // The server's program comes a moment after the client's.
    await rig.untilEvent(b, 'websocket:opened', { groupId })
  }
  return { at, client, server }
}

/** Shows the browser a page, which opens a connection on each path; null where this run does not look at it, or cannot. */
export async function openPage<Path extends string>(
  rig: Rig,
  pair: Pair,
  { heartbeat }: WebSocketSettings,
  paths: readonly Path[],
) {
  if (!hasPage(rig, pair)) return null
  const { a, b } = pair
  const { webSocket } = rig.sockets(b)
  const { at, accepted } = await webSocket.listen('page', { timings: { [WATCHED]: heartbeat } })
  await rig.speaksTo(a, at, 'page')
  const url = await webSocket.page('page', pageHtml(at, paths))
  const events = new PageEvents(rig.emitterOf(a, 'page'))
  const browser = await startBrowser(rig, a, url, (line) => events.take(line))
  /** Until the page has said something about a connection. */
  const said = (what: string, path: string) =>
    browser.untilLine(new RegExp(`"what":"${what}".*"path":"${path}"`), SOON)
  const server = {} as Record<Path, WebSocketEnd>
  const open = async (path: Path) => {
    const about = { mechanism: 'page', where: { path }, ...BROWSER_STARTS }
    const { groupId = '' } = await rig.untilEvent(b, 'websocket:opened', about)
    events.opened(path, groupId)
    server[path] = accepted(groupId)
    await said('open', path)
  }
  await Promise.all(paths.map(open))
  return {
    browser,
    server,
    said,
    /** Tells the page what to do on a path, and when: `send 1500`. Resolves when it knows. */
    async order(path: Path, what: string) {
      await server[path].send(what)
      await browser.untilLine(new RegExp(`"text":"${what}"`), SOON)
    },
    /** Ends the browser, so that it is no burden to the cases that still run. */
    async close() {
      browser.signal('SIGKILL')
      await browser.exited
    },
  }
}

function hasPage(rig: Rig, { name }: Pair): boolean {
  if (!rig.plan.cells.includes(`${name}/page`)) return false
  const reason = missing(['browser'], rig.plan.tier, process.platform)
  if (reason !== null) rig.skip(name, reason, 'page')
  return reason === null
}

/** The server has had answers to some pings. */
export async function untilAnswered(rig: Rig, { b }: Pair, { groupId }: WebSocketEnd): Promise<void> {
  await rig.untilEvent(b, 'heartbeat:pong_received', { groupId, occurrence: PONGS })
}

/** Each logs what it takes its connection to be. */
export async function readAll(ends: Readonly<Record<string, WebSocketEnd>> = {}): Promise<void> {
  for (const end of Object.values(ends)) await end.read()
}

/** What the host's kernel has measured of all its connections, and with which timers: ss(8) says it. */
export async function readKernel(rig: Rig, host: Host): Promise<void> {
  await (await rig.start(host, ['ss', '-tinoH'], { name: 'ss' })).exited
}
