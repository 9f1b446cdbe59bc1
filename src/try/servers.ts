/** The server of a try, and where there are two, the one to go to: when each waits to be spoken to, and at which ports. */
import type { Host, Pair } from '../hosts/host.ts'
import type { Rig } from '../rig/rig.ts'
import type { Balancer } from './balancer.ts'
import { type ListeningPlace, placesOf } from './places.ts'
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
  readonly #rig: Rig
  readonly #row: string
  readonly #settings: TrySettings
  readonly #balancer: Balancer | null
  /** What our own processes have opened there. */
  readonly #ownPorts: ReadonlySet<number>
  readonly #readyWords: RegExp | null
  readonly #saidReady = new Set<string>()
  /** Where each listens, and since when nothing of that has changed. */
  readonly #placesSince = new Map<Host, { places: string; ms: number }>()
  readonly #known = new Set<string>()

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
    this.#rig = rig
    this.#row = row
    this.#settings = settings
    this.#balancer = balancer
    this.#ownPorts = ownPorts
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
    const places = this.#placesOf(host)
    const now = places.map(({ protocol, address }) => `${protocol} ${address}`).join()
    const before = this.#placesSince.get(host)
    const since = before?.places === now ? before : { places: now, ms: performance.now() }
    this.#placesSince.set(host, since)
    return performance.now() - since.ms >= PORTS_STABLE_MS && places.some(({ isReachable }) => isReachable)
  }

  /** Where somebody's programs listen on their hosts. */
  places(): ListeningPlace[] {
    return this.hosts.flatMap((host) => this.#placesOf(host))
  }

  #placesOf(host: Host): ListeningPlace[] {
    return placesOf(this.#rig, host, this.#settings.family, this.#ownPorts)
  }

  /** Tells the observers what is spoken at their ports. */
  async announce(): Promise<void> {
    for (const host of this.hosts) {
      for (const { protocol, port, isReachable } of this.#placesOf(host)) {
        const place = `${host.name}:${port}`
        if (!isReachable || this.#known.has(place)) continue
        this.#known.add(place)
        await this.#rig.speaksAt(host, port, this.#row)
        if (protocol === 'TCP') await this.#balancer?.listen(port)
      }
    }
  }
}
