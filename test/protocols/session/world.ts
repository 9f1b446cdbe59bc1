/**
 * A client, a server and a network between them, all in one process and on one clock that only this file moves:
 * an hour of faults takes milliseconds, and the same seed gives the same hour.
 */
import { type ClientAction, type ClientMemory, SessionClient } from '../../../src/protocols/session/client.ts'
import type { Carrier } from '../../../src/protocols/session/exchange.ts'
import { parseLine } from '../../../src/protocols/session/lines.ts'
import { type ServerAction, type ServerMemory, SessionServer } from '../../../src/protocols/session/server.ts'

export const TIMING = { intervalMs: 200, suspectAfterMs: 300, downAfterMs: 700 }

export interface WorldOptions {
  carrier: Carrier
  random: () => number
  graceMs: number
  /** Of a datagram. */
  loss: number
  duplicate: number
  /** Each line takes between 1 and so many milliseconds; a stream keeps the order all the same. */
  delayMs: number
  /** Whether the server keeps its sessions where they survive it. */
  isDurable: boolean
}

interface Path {
  isOpen: boolean
  /** A stream that lost a line in a cut: nothing passes any more, and nobody is told. */
  isStuck: boolean
  /** A stream: nothing arrives before what was sent before it. */
  lastAtMs: { toServer: number; toClient: number }
}

export class World {
  nowMs = 0
  readonly #options: WorldOptions
  readonly #events: { atMs: number; order: number; run: () => void }[] = []
  #order = 0
  client: SessionClient
  server: SessionServer
  #path: Path | null = null
  #pathKey = ''
  #paths = 0
  isCut = false
  /** What each end said and what each end was handed, in order. */
  readonly said = { client: [] as string[], server: [] as string[] }
  readonly handed = { client: [] as string[], server: [] as string[] }
  readonly over = { client: [] as string[], server: [] as string[] }
  readonly sentByClient: string[] = []
  readonly clientStates: string[] = []
  readonly kept = { client: null as ClientMemory | null, server: new Map<string, ServerMemory>() }
  connections = 0
  #secrets = 0

  constructor(options: WorldOptions) {
    this.#options = options
    this.client = this.#newClient()
    this.server = this.#newServer()
  }

  #newClient(): SessionClient {
    const makeToken = () => this.#hex(32)
    return new SessionClient({ timing: TIMING, makeToken, memory: this.kept.client ?? undefined }, this.nowMs)
  }

  #newServer(): SessionServer {
    return new SessionServer({
      timing: TIMING,
      graceMs: this.#options.graceMs,
      makeSessionId: () => this.#hex(16),
      makeChallenge: () => Math.floor(this.#options.random() * 2 ** 32),
      canLoad: this.#options.isDurable,
    })
  }

  #hex(digits: number): string {
    this.#secrets += 1
    return this.#secrets.toString(16).padStart(digits, '0')
  }

  at(afterMs: number, run: () => void): void {
    this.#events.push({ atMs: this.nowMs + afterMs, order: this.#order++, run })
  }

  /** Lets time pass, event by event. */
  run(forMs: number): void {
    const untilMs = this.nowMs + forMs
    for (;;) {
      this.#events.sort((one, other) => one.atMs - other.atMs || one.order - other.order)
      const nextMs = this.#events[0]?.atMs ?? Infinity
      const dueMs = Math.min(this.client.dueAtMs, this.server.dueAtMs)
      const atMs = Math.max(this.nowMs, Math.min(nextMs, dueMs))
      if (atMs > untilMs) break
      this.nowMs = atMs
      if (nextMs <= dueMs) this.#events.shift()?.run()
      else {
        this.perform(this.client.time(this.nowMs))
        this.performServer(this.server.time(this.nowMs))
      }
    }
    this.nowMs = untilMs
  }

  /** A connection attempt; it needs the network. */
  connect(): void {
    if (this.isCut || ['over', 'attached', 'opening', 'resuming'].includes(this.client.state)) return
    this.#paths += 1
    this.connections += 1
    this.#path = { isOpen: true, isStuck: false, lastAtMs: { toServer: 0, toClient: 0 } }
    this.#pathKey = `path-${this.#paths}`
    if (this.#options.carrier === 'stream') {
      this.performServer(this.server.connected(this.#pathKey, 'stream', this.nowMs))
    }
    this.perform(this.client.connected(this.#options.carrier, this.nowMs))
  }

  /** The connection breaks: a stream tells both ends, datagrams tell nobody. */
  break(): void {
    const path = this.#path
    if (path === null) return
    path.isOpen = false
    this.#path = null
    if (this.#options.carrier === 'datagrams') return
    const key = this.#pathKey
    this.perform(this.client.lost('reset', this.nowMs))
    this.at(1, () => this.performServer(this.server.lost(key, 'reset', this.nowMs)))
  }

  /** SIGKILL, and a new one with what was kept. */
  killClient(): void {
    // Its session is over: it has nothing to come back to.
    if (this.client.state === 'over') return
    this.break()
    this.client = this.#newClient()
  }

  killServer(): void {
    this.break()
    this.server = this.#newServer()
  }

  sayAsClient(text: string): 'taken' | 'full' | 'over' {
    const said = this.client.say(text, this.nowMs)
    if (typeof said === 'string') return said
    this.said.client.push(text)
    this.perform(said.actions)
    return 'taken'
  }

  sayAsServer(session: string, text: string): 'taken' | 'full' | 'over' {
    const said = this.server.say(session, text, this.nowMs)
    if (typeof said === 'string') return said
    this.said.server.push(text)
    this.performServer(said.actions)
    return 'taken'
  }

  perform(actions: ClientAction[]): void {
    for (const action of actions) {
      if (action.do === 'save') this.kept.client = structuredClone(this.client.memory)
      else if (action.do === 'send') {
        this.sentByClient.push(action.line)
        this.#carry('toServer', action.line)
      } else if (action.do === 'deliver') this.handed.client.push(action.text)
      else if (action.do === 'over') this.over.client.push(action.because)
      else if (action.do === 'note-state') this.clientStates.push(action.new)
      else if (action.do === 'close') this.#closePath(this.#pathKey)
    }
  }

  performServer(actions: ServerAction[]): void {
    const queue = [...actions]
    for (let action = queue.shift(); action !== undefined; action = queue.shift()) {
      if (action.do === 'save') {
        const memory = this.server.memoryOf(action.session)
        if (this.#options.isDurable && memory !== null)
          this.kept.server.set(action.session, structuredClone(memory))
      } else if (action.do === 'forget') this.kept.server.delete(action.session)
      else if (action.do === 'load') {
        const memory = this.kept.server.get(action.session) ?? null
        queue.push(...this.server.loaded(action.connection, action.line, memory, this.nowMs))
      } else if (action.do === 'send') {
        if (action.connection === this.#pathKey) this.#carry('toClient', action.line)
      } else if (action.do === 'deliver') this.handed.server.push(action.text)
      else if (action.do === 'over') this.over.server.push(action.because)
      else if (action.do === 'close') this.#closePath(action.connection)
    }
  }

  #closePath(key: string): void {
    if (this.#options.carrier === 'datagrams') return
    const path = this.#path
    if (path === null || key !== this.#pathKey) {
      this.performServer(this.server.lost(key, 'closed', this.nowMs))
      return
    }
    this.#path = null
    // What was sent before still arrives; then both ends see the end.
    const after = Math.max(1, path.lastAtMs.toClient - this.nowMs, path.lastAtMs.toServer - this.nowMs)
    const client = this.client
    this.at(after, () => {
      path.isOpen = false
      if (client === this.client && this.#path === null) this.perform(this.client.lost('closed', this.nowMs))
      this.performServer(this.server.lost(key, 'closed', this.nowMs))
    })
  }

  #carry(way: 'toServer' | 'toClient', text: string): void {
    const path = this.#path
    const { carrier, random, loss, duplicate, delayMs } = this.#options
    if (path === null) return
    if (this.isCut && carrier === 'stream') path.isStuck = true
    if (this.isCut || path.isStuck) return
    const key = this.#pathKey
    const arrive = () => {
      if (carrier === 'stream' && (!path.isOpen || path.isStuck)) return
      if (way === 'toClient') {
        if (key === this.#pathKey) this.perform(this.client.take(parseLine(text), this.nowMs))
        return
      }
      if (carrier === 'datagrams' && !this.server.has(key)) {
        this.performServer(this.server.connected(key, 'datagrams', this.nowMs))
      }
      this.performServer(this.server.take(key, parseLine(text), this.nowMs))
    }
    const delay = () => 1 + Math.floor(random() * delayMs)
    if (carrier === 'stream') {
      const atMs = Math.max(path.lastAtMs[way], this.nowMs + delay())
      path.lastAtMs[way] = atMs
      this.at(atMs - this.nowMs, arrive)
      return
    }
    if (random() >= loss) this.at(delay(), arrive)
    if (random() < duplicate) this.at(delay() * 3, arrive)
  }
}
