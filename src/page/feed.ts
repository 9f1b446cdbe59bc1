/**
 * Keeps every browser up to date with the live run. Each has only a position in the common store, nothing
 * is queued for it: a slow one is sent nothing until it has taken what it was sent, and then all it has
 * missed in bigger pieces. So ten browsers cost the memory of one, and a frozen one costs nothing.
 */
import type { WebSocket } from 'ws'
import type { Report } from '../lab/report.ts'
import type { LiveRun } from './live-run.ts'
import type { Hello, ServerMessage } from './messages.ts'

/** Twenty batches a second look fluent, and a browser has 50 ms to draw each. */
const BATCH_EVERY_MS = 50
/** What a browser may leave lying in our memory; the kernel's socket buffers come before it. */
export const UNSENT_BYTES_MAX = 1_000_000

/** What there is to tell. */
export type Watched = Pick<LiveRun, 'state' | 'version' | 'store' | 'report' | 'told'>

interface Browser {
  socket: WebSocket
  /** What it was last told of; null: nothing. */
  version: number | null
  run: string | null
  /** The index of the next event for it; null: it has to begin anew. */
  next: number | null
  /** What it was last told of what was found; containers are judged again and again. */
  report: Report | null
  isTold: boolean
}

export class Feed {
  readonly #live: Watched
  readonly #browsers = new Set<Browser>()
  #timer: NodeJS.Timeout | null = null
  #lastFlush = -Infinity

  constructor(live: Watched) {
    this.#live = live
  }

  /** From now on this browser is told all that is newer than what it has. */
  join(socket: WebSocket, { run, since }: Hello): void {
    const browser = { socket, version: null, run, next: since, report: null, isTold: false }
    this.#browsers.add(browser)
    socket.once('close', () => this.#browsers.delete(browser))
    this.publish()
  }

  /** Something is new. */
  publish(): void {
    const wait = this.#lastFlush + BATCH_EVERY_MS - performance.now()
    this.#timer ??= setTimeout(() => this.#flush(), Math.max(0, wait))
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#browsers.clear()
  }

  #flush(): void {
    this.#timer = null
    this.#lastFlush = performance.now()
    // Browsers at the same position, which is nearly always all of them, are sent the same string.
    const batches = new Map<number | null, { message: string; next: number }>()
    let isBehind = false
    for (const browser of this.#browsers) {
      if (browser.socket.bufferedAmount > UNSENT_BYTES_MAX) isBehind = true
      else isBehind = !this.#bringOn(browser, batches) || isBehind
    }
    if (isBehind) this.publish()
  }

  /** @returns whether it has everything now */
  #bringOn(browser: Browser, batches: Map<number | null, { message: string; next: number }>): boolean {
    const { state, version, store, report, told } = this.#live
    const send = (message: ServerMessage) => browser.socket.send(JSON.stringify(message))
    if (browser.version !== version) {
      browser.version = version
      send({ type: 'state', state })
    }
    if (store === null || state.plan === null) return true
    const { run } = state.plan
    if (browser.run !== run) {
      browser.run = run
      browser.next = null
      browser.report = null
      browser.isTold = false
    }
    if (browser.next !== store.total) {
      const batch = batches.get(browser.next) ?? store.batch(browser.next)
      batches.set(browser.next, batch)
      browser.next = batch.next
      browser.socket.send(batch.message)
      if (batch.next < store.total) return false
    }
    // The judgement comes last, when the browser has what it is about.
    if (report !== null && browser.report !== report) {
      browser.report = report
      send({ type: 'report', run, report })
    }
    if (told !== null && !browser.isTold) {
      browser.isTold = true
      send({ type: 'told', run, told })
    }
    return true
  }
}
