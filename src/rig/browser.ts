/**
 * A real browser on a host. It is driven by the page that it shows, and what the page says with console.log()
 * comes out as a line of the browser: no socket, no protocol, nothing that a fault of the network could touch.
 */
import { mkdirSync } from 'node:fs'
import type { Emitter } from '../events/emit.ts'
import type { EventData } from '../events/vocabulary.ts'
import { findBrowser } from '../hosts/capabilities.ts'
import type { Host } from '../hosts/host.ts'
import type { HostCommand } from '../hosts/host-command.ts'
import { PeerBelief } from '../programs/parts/belief.ts'
import type { Rig } from './rig.ts'

/** What its lines are logged as. */
export const BROWSER = 'chromium'

/** No window, no sandbox (which a container does not allow), and it asks nobody anything of its own. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-breakpad',
  '--enable-logging=stderr',
]

/** `[23:23:1124/182748.612:INFO:CONSOLE:3] "stillhere {...}", source: http://10.0.1.2:40001/ (3)` */
export const SAID = /CONSOLE.*"stillhere (\{.*\})", source: /

/**
 * Starts a browser on a host, at a page; `onLine` gets what the page says. All it writes is in a file system of the run's own, gone with it.
 * @throws RangeError outside the netns tier, or where there is no browser: see the need `browser`
 */
export async function startBrowser(
  rig: Rig,
  host: Host,
  url: string,
  onLine: (line: string) => void,
): Promise<HostCommand> {
  const browser = findBrowser()
  if (browser === null || rig.plan.tier !== 'netns')
    throw new RangeError(`no browser can run on ${host.name}`)
  const folder = `/run/${BROWSER}-${host.name}`
  mkdirSync(folder)
  return await rig.start(host, [browser, ...FLAGS, `--user-data-dir=${folder}`, url], {
    name: BROWSER,
    environment: { HOME: folder, TMPDIR: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder },
    isGroup: true,
    lines: SAID,
    onLine: ({ line }) => onLine(line),
  })
}

type Said = Record<string, unknown>
type ReadyState = EventData<'websocket:state_read'>['readyState']

/** What a page says of its connections: events like those of any program, and what it holds about its peer. */
export class PageEvents {
  readonly #emit: Emitter
  readonly #beliefs = new Map<string, PeerBelief>()

  /** @param emit in the name of the page */
  constructor(emit: Emitter) {
    this.#emit = emit
  }

  /** The connection that it calls `path`, which is open: of these it is logged. */
  opened(path: string, groupId: string): void {
    const belief = new PeerBelief(this.#emit, groupId)
    belief.become('up', 'connected')
    this.#beliefs.set(path, belief)
  }

  /** A line of the browser. */
  take(line: string): void {
    const said = saidByPage(line)
    if (said === undefined) return
    if (said.what === 'states') for (const each of said.sockets as Said[]) this.#looked(each)
    else this.#told(said)
  }

  #told({ what, path, text, code, wasClean, blockedMs }: Said): void {
    const belief = this.#beliefs.get(String(path))
    if (belief === undefined) return
    const { groupId } = belief
    switch (what) {
      case 'sent':
        this.#emit('websocket:message_sent', { text: String(text) }, groupId)
        break
      case 'message':
        this.#emit('websocket:message_received', { text: String(text) }, groupId)
        break
      case 'free':
        this.#emit('program:blocked', { blockedMs: Number(blockedMs) }, groupId)
        break
      case 'closing':
        this.#emit('websocket:ended_by', { call: 'close' }, groupId)
        belief.become('down', 'user_closed')
        break
      case 'close':
        this.#emit('websocket:close_received', { code: Number(code) }, groupId)
        // A page is told that it is over, and not why.
        belief.become('down', wasClean === true ? 'close_frame' : 'socket_error')
    }
  }

  #looked({ path, readyState, bufferedBytes }: Said): void {
    const groupId = this.#beliefs.get(String(path))?.groupId
    if (groupId === undefined) return
    const state = { readyState: readyState as ReadyState, bufferedBytes: Number(bufferedBytes) }
    this.#emit('websocket:state_read', state, groupId)
  }
}

/** What a page said in a line of its browser: an object, if it put one into JSON. */
export function saidByPage(line: string): Said | undefined {
  try {
    const said: unknown = JSON.parse(line)
    return typeof said === 'object' && said !== null ? (said as Said) : undefined
  } catch {
    // Too long, and cut off.
    return undefined
  }
}
