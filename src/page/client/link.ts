/**
 * The connection to the server, which this project would be the last to call persistent: it ends, is made
 * again, and goes on from the last event that arrived. The session is the position, not the connection.
 */
/// <reference lib="dom" />
import { GOING_AWAY, type Hello, type ServerMessage, SUBPROTOCOL } from '../messages.ts'
import { ask, RefusedError, token } from './api.ts'

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 5000
/** The share of each wait that is random: pages that lost the same server must not all come back at the same moment. */
const JITTER = 0.5
const SECOND_MS = 1000

export interface LinkEvents {
  /** What to send first: how far we have come. */
  position(): Hello
  received(message: ServerMessage): void
  /** How the connection is, in words. */
  became(state: 'connected' | 'trying' | 'locked out', words: string): void
}

export class Link {
  readonly #events: LinkEvents
  #tries = 0
  /** Why there is no connection, from the first try to the last. */
  #because = 'nobody answers'
  /** Counts the beginnings, so that what an older one still says is not taken for the newest one's. */
  #attempt = 0

  constructor(events: LinkEvents) {
    this.#events = events
  }

  /** Connects, and connects again whenever it ends. A second call begins anew, as with a new token. */
  async open(): Promise<void> {
    const attempt = ++this.#attempt
    try {
      // A browser does not tell a script why a WebSocket was refused; it tells why a request was.
      await ask('/api/setup')
    } catch (error) {
      if (attempt !== this.#attempt) return
      if (error instanceof RefusedError && error.status === 401) this.#events.became('locked out', LOCKED_OUT)
      else this.#again()
      return
    }
    if (attempt !== this.#attempt) return
    const socket = new WebSocket(`ws://${location.host}/api/live`, [SUBPROTOCOL, token()])
    let wasOpen = false
    socket.onopen = () => {
      wasOpen = true
      this.#tries = 0
      socket.send(JSON.stringify(this.#events.position()))
      this.#events.became('connected', 'connected')
    }
    socket.onmessage = ({ data }) => {
      if (attempt === this.#attempt) this.#events.received(JSON.parse(String(data)) as ServerMessage)
    }
    socket.onclose = ({ code }) => {
      if (attempt !== this.#attempt) return
      // A new one that is refused, as by a server that is about to end, is no news of why the last one ended.
      if (wasOpen) this.#because = code === GOING_AWAY ? 'the server has ended' : 'the connection ended'
      this.#again()
    }
  }

  #again(): void {
    const whole = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#tries)
    const waitMs = whole * (1 - JITTER * Math.random())
    this.#tries += 1
    const when = waitMs < SECOND_MS ? 'now' : `in ${(waitMs / SECOND_MS).toFixed(0)} s`
    this.#events.became('trying', `${this.#because}; trying again ${when} (attempt ${this.#tries})`)
    const attempt = this.#attempt
    setTimeout(() => attempt === this.#attempt && void this.open(), waitMs)
  }
}

const LOCKED_OUT =
  'This page was not opened by the link that the terminal shows, or the server was started again since: open the newest link.'
