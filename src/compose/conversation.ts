/**
 * One client that begins a new conversation when the last one is over. Its programs connect once and never again,
 * since this project looks at what becomes of one connection; but whoever kills a server wants to see clients
 * come back. So this is a decision above them, as in a real application: after a while, try again.
 */
import type { Emitter } from '../events/emit.ts'
import type { Program } from '../programs/parts/program.ts'
import { clients } from '../programs/registry.ts'
import type { ClientSettings, Mechanism } from '../programs/scripts/host-messages.ts'

/** Long enough to read that the connection is down before the next one begins. */
export const AGAIN_AFTER_MS = 5000

/** These go on by themselves: UDP has no connection to begin again, and an HTTP request opens one when it needs it. */
const GO_ON: readonly Mechanism[] = ['udp', 'udp-heartbeat', 'http-session']

export class Conversation {
  readonly #mechanism: Mechanism
  readonly #at: { mechanism: Mechanism; host: string; port: number }
  readonly #settings: ClientSettings
  readonly #emit: Emitter
  #program: Program | null = null
  /** Which conversation it is by now: what an earlier one says when it is closed is no reason to begin again. */
  #number = 0
  #timer: NodeJS.Timeout | undefined
  #ended = false

  constructor(
    mechanism: Mechanism,
    to: { host: string; port: number },
    settings: ClientSettings,
    emit: Emitter,
  ) {
    this.#mechanism = mechanism
    this.#at = { mechanism, ...to }
    this.#settings = settings
    this.#emit = emit
  }

  /** Begins a conversation; whether it succeeds is an event. */
  async begin(): Promise<void> {
    const number = ++this.#number
    const emit: Emitter = (name, data, groupId, mono) => {
      this.#emit(name, data, groupId, mono)
      if (number !== this.#number) return
      if (name === 'belief:updated' && 'new' in data && data.new === 'down') this.#again()
    }
    this.#program = await clients[this.#mechanism](this.#at, emit, this.#settings)
  }

  observe(): void {
    this.#program?.observe()
  }

  async end(): Promise<void> {
    this.#ended = true
    clearTimeout(this.#timer)
    await this.#program?.close()
  }

  #again(): void {
    if (this.#ended || GO_ON.includes(this.#mechanism)) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      const old = this.#program
      this.#program = null
      void old?.close()
      void this.begin()
    }, AGAIN_AFTER_MS)
  }
}
