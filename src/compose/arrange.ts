/**
 * From what each container wrote to pairs: `client-3` and the server as it met `client-3`. The server is one
 * process with conversations with everybody, and it sees them all coming from the router. Which is whose, the
 * router's own memory tells; so an event of the server goes to the pair of the client behind it, under the name
 * that the client gave the connection.
 *
 * Pure: events in, events out. What it adds has the stamp of the event that it follows from.
 */

import { hostName } from '../events/host-names.ts'
import type { EventName, EventOf, LabEvent } from '../events/vocabulary.ts'
import { portOf } from '../kernel/socket-table.ts'

/** How many conversations a router that is up for a day has seen, most of them long over. */
const MAPPINGS_MAX = 10_000

/** Some seconds of one conversation. What does not fit stays the server's own. */
const WAITING_MAX = 200

/** What the server says of itself, and so to each of its peers. */
const OF_ITS_PROCESS: ReadonlySet<EventName> = new Set<EventName>([
  'program:started',
  'program:ready',
  'program:stopping',
  'kernel:sysctls_read',
  'detector:paused',
])

export const SERVER = 'server'
export const ROUTER = 'router'
export const isClient = (host: string) => /^client-\d+$/.test(host)

export class Arranger {
  /** The clients, by their address. */
  readonly #clients = new Map<string, string>()
  readonly #pairs = new Set<string>()
  /** Where the server sees it from, to what the client calls it: `tcp 41234 tcp-idle` -> `10.213.1.129:41234`. */
  readonly #mappings = new Map<string, string>()
  /** The newest of these for what a client calls a connection: `tcp 10.213.1.129:41234 tcp-idle` -> `41234`. */
  readonly #newest = new Map<string, string>()
  /** Which client last used a connection's name: where the router said nothing. */
  readonly #pairOfGroup = new Map<string, string>()
  /** What a pair that begins later has to be told of the server's kernel. */
  #sysctls: EventOf<'kernel:sysctls_read'> | null = null
  #serverAddress: string | null = null
  /** Conversations whose client is not known yet. */
  #waiting: LabEvent[] = []

  readonly #mechanismOf: (server: string) => string | undefined

  /** @param ports the server's, by mechanism */
  constructor(ports: Readonly<Record<string, number>>) {
    const byPort = new Map(Object.entries(ports).map(([mechanism, port]) => [port, mechanism]))
    this.#mechanismOf = (server) => byPort.get(portOf(server))
  }

  /**
   * @param events in order of time
   * @returns what they come to; what was waiting for the router's word comes after it, with its older stamp
   */
  take(events: readonly LabEvent[]): LabEvent[] {
    // The router's process tells a millisecond after its kernel has begun to translate.
    for (const event of events) if (event.name === 'router:mapping_updated') this.#remember(event)
    const waiting = this.#waiting
    this.#waiting = []
    return [...waiting, ...events].flatMap((event) => this.#takeOne(event))
  }

  #takeOne(event: LabEvent): LabEvent[] {
    if (event.host === SERVER) return this.#takeServer(event)
    if (event.name === 'router:mapping_updated') return [this.#named(event)]
    if (!isClient(event.host)) return [event]
    const pair = event.host
    if (event.group_id !== undefined) remember(this.#pairOfGroup, event.group_id, pair)
    const renamed = { ...event, host: hostName(pair, 'a') }
    if (event.name !== 'container:entered') return [renamed]
    this.#clients.set(event.data.address, pair)
    return [renamed, ...this.#begin(pair, event)]
  }

  #begin(pair: string, entered: EventOf<'container:entered'>): LabEvent[] {
    const a = started(entered, hostName(pair, 'a'), pair, entered.data.address)
    if (this.#pairs.has(pair)) return [a]
    this.#pairs.add(pair)
    return [
      a,
      started(entered, hostName(pair, 'b'), pair, this.#serverAddress ?? '?'),
      // True before, and told now: the log stays in order of time.
      ...(this.#sysctls === null
        ? []
        : [{ ...this.#sysctls, host: hostName(pair, 'b'), mono: entered.mono, time: entered.time }]),
    ]
  }

  #takeServer(event: LabEvent): LabEvent[] {
    if (event.name === 'container:entered') this.#serverAddress = event.data.address
    if (event.group_id === undefined) {
      if (!OF_ITS_PROCESS.has(event.name)) return [event]
      if (event.name === 'kernel:sysctls_read') this.#sysctls = event
      return [event, ...[...this.#pairs].map((pair) => ({ ...event, host: hostName(pair, 'b') }))]
    }
    const found = this.#findPair(event.group_id)
    if (found === 'replaced') return [event]
    if (found === undefined) {
      this.#waiting.push(event)
      return this.#waiting.length > WAITING_MAX ? this.#waiting.splice(0, 1) : []
    }
    return [{ ...event, host: hostName(found.pair, 'b'), group_id: found.group }]
  }

  /**
   * 'replaced': the router took another port for this client since then, and for the server that is somebody else. What
   * it comes to believe of the address that nobody has any more says nothing of the client.
   */
  #findPair(group: string): { pair: string; group: string } | 'replaced' | undefined {
    const [mechanism = '', port = ''] = group.split(':')
    const protocol = protocolOf(mechanism)
    const client = this.#mappings.get(`${protocol} ${port} ${mechanism}`)
    if (client !== undefined && this.#newest.get(`${protocol} ${client} ${mechanism}`) !== port)
      return 'replaced'
    const [address = '', clientPort = ''] = client?.split(':') ?? []
    const pair = this.#clients.get(address)
    if (pair !== undefined) return { pair, group: `${mechanism}:${clientPort}` }
    // The router is stopped, or does not tell: it keeps a client's port when it can.
    const named = this.#pairOfGroup.get(group)
    return named === undefined ? undefined : { pair: named, group }
  }

  /** With the name of the connection that it is about. */
  #named(event: EventOf<'router:mapping_updated'>): LabEvent {
    const mechanism = this.#mechanismOf(event.data.server)
    return mechanism === undefined
      ? event
      : { ...event, group_id: `${mechanism}:${portOf(event.data.client)}` }
  }

  #remember({ data }: EventOf<'router:mapping_updated'>): void {
    const mechanism = this.#mechanismOf(data.server)
    // What is forgotten stays here: the server may go on writing to it.
    if (!data.isKnown || mechanism === undefined) return
    const port = String(portOf(data.outside))
    remember(this.#mappings, `${data.protocol} ${port} ${mechanism}`, data.client)
    remember(this.#newest, `${data.protocol} ${data.client} ${mechanism}`, port)
  }
}

function started(entered: LabEvent, host: string, pair: string, address: string): LabEvent {
  const { group_id: _, ...envelope } = entered
  return { ...envelope, host, program: 'recorder', name: 'host:started', data: { address, pair } }
}

/** Forgets the oldest for a new one, when there are too many. */
export function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > MAPPINGS_MAX) map.delete(map.keys().next().value as string)
}

function protocolOf(mechanism: string): string {
  return mechanism.startsWith('udp') ? 'udp' : 'tcp'
}
