/** Where somebody's programs wait to be spoken to, as the kernel of their host has it. */
import type { Host } from '../hosts/host.ts'
import { portOf } from '../kernel/socket-table.ts'
import type { Rig } from '../rig/rig.ts'
import { withoutPort } from '../wire/ip.ts'
import type { Family } from './request.ts'

export interface ListeningPlace {
  protocol: 'TCP' | 'UDP'
  address: string
  port: number
  /** From the other host. */
  isReachable: boolean
}

/** The address that stands for all of a host's own. */
export const WILDCARDS: Record<Family, string> = { 4: '0.0.0.0', 6: '::' }

/** @param ownPorts what our own processes have opened there, which is nobody's program */
function placesOf(rig: Rig, host: Host, family: Family, ownPorts: ReadonlySet<number>): ListeningPlace[] {
  const look = rig.look(host)
  const echo = `${host.address}:${host.process?.echoPort}`
  // A server on :: takes IPv4 clients, too.
  const reachable = family === 6 ? ['[::]', `[${host.address6}]`] : ['0.0.0.0', '[::]', host.address]
  const place = (protocol: ListeningPlace['protocol']) => (address: string) => ({
    protocol,
    address,
    port: portOf(address),
    isReachable: reachable.includes(withoutPort(address)),
  })
  return [
    ...[...(look?.listeners.keys() ?? [])].map(place('TCP')).filter(({ port }) => !ownPorts.has(port)),
    ...(look?.datagramSockets ?? [])
      .map(({ local }) => local)
      .filter((address) => address !== echo)
      .map(place('UDP'))
      .filter(({ port }) => !ownPorts.has(port)),
  ]
}

/** At which ports of which hosts the observers know what is spoken. */
export class KnownPlaces {
  readonly #rig: Rig
  readonly #row: string
  readonly #family: Family
  readonly #ownPorts: ReadonlySet<number>
  readonly #known = new Set<string>()

  /** @param row what is spoken there */
  constructor(rig: Rig, row: string, family: Family, ownPorts: ReadonlySet<number>) {
    this.#rig = rig
    this.#row = row
    this.#family = family
    this.#ownPorts = ownPorts
  }

  of(host: Host): ListeningPlace[] {
    return placesOf(this.#rig, host, this.#family, this.#ownPorts)
  }

  /** Tells the observers of the ports that have been opened since. @returns those, where the other host can reach them */
  async announce(host: Host): Promise<ListeningPlace[]> {
    const fresh: ListeningPlace[] = []
    for (const one of this.of(host)) {
      const place = `${host.name}:${one.port}`
      if (!one.isReachable || this.#known.has(place)) continue
      this.#known.add(place)
      await this.#rig.speaksAt(host, one.port, this.#row)
      fresh.push(one)
    }
    return fresh
  }
}
