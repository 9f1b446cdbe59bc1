/** A conversation: one client, one server, one session between them, over one connection after another. */
import { mkdirSync, readFileSync } from 'node:fs'
import type { EventName } from '../../src/events/vocabulary.ts'
import type { Host, Pair } from '../../src/hosts/host.ts'
import type { Wanted } from '../../src/programs/parts/event-memory.ts'
import type { ClientMemory } from '../../src/protocols/session/client.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { SessionHandle, SocketAddress } from '../../src/rig/sockets.ts'
import type { SessionSettings } from './conditions.ts'

const CARRIERS = ['tcp', 'udp'] as const
type Carrier = (typeof CARRIERS)[number]

/** Twice the longest grace period of any pace: nothing that is waited for here takes longer. */
const WITHIN_MS = 60_000

/** What the ends of a conversation keep; where left out, a session is kept in the memory of its programs only. */
export interface Kept {
  /** The client's state, in a file that outlives it. */
  isClientKept?: boolean
  /** The server's sessions, in a store that outlives it. */
  isServerKept?: boolean
  /** How long the server keeps a session that no connection carries; long where left out. */
  graceMs?: number
}

/** A conversation for each of the carriers that this run looks at. */
export function conversations(
  rig: Rig,
  pair: Pair,
  settings: SessionSettings,
  kept: Kept = {},
): Conversation[] {
  mkdirSync(`${rig.plan.folder}/kept`, { recursive: true, mode: 0o700 })
  return CARRIERS.filter((row) => rig.plan.cells.includes(`${pair.name}/${row}`)).map(
    (row) => new Conversation(rig, pair, row, settings, kept),
  )
}

/** All of them at the same time. */
export async function converse(
  rig: Rig,
  pair: Pair,
  settings: SessionSettings,
  kept: Kept,
  act: (it: Conversation) => Promise<void>,
): Promise<void> {
  await Promise.all(conversations(rig, pair, settings, kept).map(act))
}

export class Conversation {
  readonly row: Carrier
  readonly stateFile: string
  at: SocketAddress = { address: '', port: 0 }
  readonly #rig: Rig
  readonly #pair: Pair
  readonly #settings: SessionSettings
  readonly #kept: Kept
  #client: SessionHandle | undefined
  /** The number of the last message. */
  #said = 0

  constructor(rig: Rig, pair: Pair, row: Carrier, settings: SessionSettings, kept: Kept) {
    this.#rig = rig
    this.#pair = pair
    this.#settings = settings
    this.#kept = kept
    this.row = row
    this.stateFile = `${rig.plan.folder}/kept/${pair.name}-${row}.json`
  }

  get client(): SessionHandle {
    if (this.#client === undefined) throw new Error(`${this.#pair.name}: there is no client yet`)
    return this.#client
  }

  async begin(): Promise<void> {
    await this.serve()
    await this.open()
    await this.untilAttached(1)
    this.#rig.alive(this.#pair)
  }

  /** Where clients know it, when there was one before. */
  async serve(): Promise<void> {
    const { timing, longGraceMs } = this.#settings
    const { isServerKept, graceMs = longGraceMs } = this.#kept
    const storeFolder = isServerKept ? `${this.#rig.plan.folder}/kept/${this.#pair.name}-${this.row}` : null
    const options = { carrier: this.row, port: this.at.port, timing, graceMs, storeFolder }
    this.at = await this.#rig.sockets(this.#pair.b).session.serve(this.row, options)
  }

  /** @param stateFile of a client other than {@link client} */
  async open(name = 'session-client', stateFile?: string): Promise<SessionHandle> {
    const { timing } = this.#settings
    const own = this.#kept.isClientKept ? this.stateFile : null
    const options = { name, carrier: this.row, timing, stateFile: stateFile ?? own }
    const client = await this.#rig.sockets(this.#pair.a).session.open(this.row, this.at, options)
    if (stateFile === undefined) this.#client = client
    return client
  }

  async say(first: number, count: number): Promise<void> {
    this.#said = first + count - 1
    await this.client.say(first, count, this.#settings.everyMs, WITHIN_MS)
  }

  /** Everything was said and answered; the session is closed cleanly. @param overs how many end at the server by then */
  async end(overs = 1): Promise<void> {
    await this.untilAnswered()
    await this.client.leave()
    await this.untilOver(this.#pair.b, overs)
  }

  async untilAcknowledged(number: number): Promise<void> {
    await this.#until(this.#pair.a, 'session:message_acknowledged', { where: { number } })
  }

  /** The client has the answer to its last message. */
  async untilAnswered(): Promise<void> {
    await this.#until(this.#pair.a, 'session:message_delivered', { where: { number: this.#said } })
  }

  /** A client has been let in. @param occurrence 2: a second time */
  async untilAttached(occurrence: number): Promise<void> {
    await this.#until(this.#pair.b, 'session:state_updated', { where: { new: 'attached' }, occurrence })
  }

  /** An end has given its connection up. */
  async untilDetached(host: Host): Promise<void> {
    await this.#until(host, 'session:state_updated', { where: { new: 'detached' } })
  }

  /** An end at this host says that the session is over. @param occurrence 2: a second one, or of a second session */
  async untilOver(host: Host, occurrence = 1): Promise<void> {
    await this.#until(host, 'session:over', { occurrence })
  }

  async #until(host: Host, name: EventName, wanted: Omit<Wanted, 'name'>): Promise<void> {
    await this.#rig.untilEvent(host, name, { mechanism: this.row, ...wanted, withinMs: WITHIN_MS })
  }
}

/** What a client keeps: its token too. */
export function stateOf(file: string): ClientMemory {
  return JSON.parse(readFileSync(file, 'utf8')) as ClientMemory
}
