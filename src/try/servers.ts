/** The server of a try, and where there are two, the one to go to: when each waits to be spoken to, and at which ports. */
import type { Host, Pair } from '../hosts/host.ts'
import type { Rig } from '../rig/rig.ts'
import type { Balancer } from './balancer.ts'
import { KnownPlaces, type ListeningPlace } from './places.ts'
import type { TrySettings } from './request.ts'
import { SECOND, SERVER } from './rows.ts'
import { patternOf } from './settings.ts'

/** A server that opens several ports opens them one after the other. */
const PORTS_STABLE_MS = 500

/** One of the commands. */
interface ServerCommand {
  readonly name: string
  readonly host: Host
  readonly command: string
}

export class Servers {
  readonly all: readonly ServerCommand[]
  readonly #balancer: Balancer | null
  readonly #places: KnownPlaces
  readonly #readyWords: RegExp | null
  readonly #saidReady = new Set<string>()
  /** Where each listens, and since when nothing of that has changed. */
  readonly #placesSince = new Map<Host, { places: string; ms: number }>()

  constructor(
    rig: Rig,
    { b, c }: Pair,
    settings: TrySettings,
    row: string,
    { ownPorts, balancer }: { ownPorts: ReadonlySet<number>; balancer: Balancer | null },
  ) {
    const { server, secondServer } = settings
    this.all = [
      { name: SERVER, host: b, command: server },
      ...(c === undefined || secondServer === null ? [] : [{ name: SECOND, host: c, command: secondServer }]),
    ]
    this.#places = new KnownPlaces(rig, row, settings.family, ownPorts)
    this.#balancer = balancer
    this.#readyWords = patternOf(settings.serverReady)
  }

  get hosts(): Host[] {
    return this.all.map(({ host }) => host)
  }

  onLine(name: string, line: string): void {
    if (this.#readyWords?.test(line)) this.#saidReady.add(name)
  }

  /** Each has said so, or where nobody gave words for that, has opened no other port for a moment. */
  areReady(): boolean {
    return this.all.every(({ name, host }) =>
      this.#readyWords === null ? this.#isStable(host) : this.#saidReady.has(name),
    )
  }

  #isStable(host: Host): boolean {
    const places = this.#places.of(host)
    const now = places.map(({ protocol, address }) => `${protocol} ${address}`).join()
    const before = this.#placesSince.get(host)
    const since = before?.places === now ? before : { places: now, ms: performance.now() }
    this.#placesSince.set(host, since)
    return performance.now() - since.ms >= PORTS_STABLE_MS && places.some(({ isReachable }) => isReachable)
  }

  /** Where somebody's programs listen on their hosts. */
  places(): ListeningPlace[] {
    return this.hosts.flatMap((host) => this.#places.of(host))
  }

  /** Tells the observers what is spoken at their ports. */
  async announce(): Promise<void> {
    for (const host of this.hosts) {
      for (const { protocol, port } of await this.#places.announce(host)) {
        if (protocol === 'TCP') await this.#balancer?.listen(port)
      }
    }
  }
}
