/** What both ends of a session need beside their state machine: a timer that follows it, and lines over TCP. */
import type * as net from 'node:net'
import { guard } from './liveness.ts'

/** Bytes written and not yet taken by the kernel: a full queue of messages, twice. */
const WAITING_BYTES_MAX = 256 * 1024

/** Over TCP. A peer that does not read gets no more of our memory than this, and loses its connection. */
export function sendLine(socket: net.Socket, line: string): void {
  if (socket.writableLength > WAITING_BYTES_MAX) socket.destroy()
  else if (socket.writable) socket.write(`${line}\n`)
}

/** Calls a state machine when it says that something is due. */
export class DueTimer {
  readonly #dueAtMs: () => number
  readonly #time: (nowMs: number) => void
  #timer: NodeJS.Timeout | undefined
  #firesAtMs = Infinity
  #isStopped = false

  constructor(dueAtMs: () => number, time: (nowMs: number) => void) {
    this.#dueAtMs = dueAtMs
    this.#time = time
  }

  /** After everything that may have changed what is due. */
  arm(): void {
    const dueAtMs = this.#dueAtMs()
    // Due later than the timer fires: it will look again by itself.
    if (this.#isStopped || dueAtMs >= this.#firesAtMs) return
    clearTimeout(this.#timer)
    this.#firesAtMs = dueAtMs
    // Node runs immediates after it has read sockets: what has arrived counts before its silence is judged.
    this.#timer = setTimeout(
      () => setImmediate(this.#fire),
      Math.ceil(Math.max(0, dueAtMs - performance.now())),
    )
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  readonly #fire = (): void => {
    if (this.#isStopped) return
    this.#firesAtMs = Infinity
    // Whether this process could hear at all has to be known first.
    this.#time(guard.look())
    this.arm()
  }
}
