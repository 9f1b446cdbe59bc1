/**
 * What a host is: a name, an address, and a way to run programs there. How it is made is the business of
 * a tier: `process.ts` (plain processes on loopback) or `netns.ts` (network namespaces with a switch).
 */
import type { RouterPlace } from '../events/host-names.ts'
import type { Cable } from '../kernel/cable/cable-process.ts'
import type { Link } from '../wire/cable.ts'
import type { OfficeSettings } from '../wire/office.ts'
import type { HostProcess } from './host-process.ts'
import type { Router, RouterSettings } from './router.ts'

export { plainLink } from '../wire/cable.ts'
export type { Cable, Link, OfficeSettings, Router }

export const tiers = ['process', 'netns'] as const
export type Tier = (typeof tiers)[number]

export interface Host {
  /** As in `cut-b`: the pair, then a (the clients), b (the servers) or c (who stands beside). */
  readonly name: string
  readonly pair: string
  readonly address: string
  /** Its IPv6 address; null: it has none by which another host could reach it. */
  readonly address6: string | null
  /** Put before a command, it runs on this host: `['ip', 'netns', 'exec', 'cut-b']`, or nothing. */
  readonly commandPrefix: readonly string[]
  /** How many processes this host has had; a reboot makes a second. */
  incarnation: number
  /**
   * Where its telephones' wires lead, where an exchange is no box on the cable but a program at ports: the exchange,
   * and the packet line beside it.
   */
  readonly office?: Readonly<Record<'exchange' | 'line', { address: string; port: number }>>
  /** The process that runs all programs of this host, while it runs. */
  process: HostProcess | null
}

/**
 * What is between the hosts of a pair. `switch`: a bridge of the kernel, which does nothing to frames.
 * `cable`: a program, which does to frames what it is told (`Network.cable`). `router`: two networks and a
 * router between them that translates addresses (`Network.router`). `learning-switch`, `hub`, `access-point`:
 * programs, which say of each frame where it went and why; a third host, c, is on them too. `exchange`: a program, a
 * telephone exchange and a packet line side by side (`Hosts.countExchange`); c is a meter on its trunk. `two-paths`:
 * two routers, which only forward, and each host has a card towards either (two-paths.ts).
 */
export const middles = [
  'switch',
  'cable',
  'router',
  'learning-switch',
  'hub',
  'access-point',
  'exchange',
  'two-paths',
] as const
export type Middle = (typeof middles)[number]

/** It is a program with three ports. */
export function isBox(middle: Middle): middle is 'learning-switch' | 'hub' | 'access-point' | 'exchange' {
  return ['learning-switch', 'hub', 'access-point', 'exchange'].includes(middle)
}

/**
 * A pair to be made; a name alone is one with a switch. What its way is like by nature is the `link`: a cable that
 * is a program then stands in place of the switch, or before the router.
 */
export type PairWish =
  | string
  | ({ name: string; middle?: 'switch' | 'cable' } & Extras)
  | ({ name: string; middle: 'router'; router?: RouterSettings } & Extras)
  | { name: string; middle: 'hub' | 'access-point' }
  | { name: string; middle: 'learning-switch'; ageingMs?: number }
  | { name: string; middle: 'exchange'; exchange: OfficeSettings; uncaptured?: true }
  | { name: string; middle: 'two-paths'; slowerMs?: number }

interface Extras {
  link?: Link | null
  /** The hosts have IPv6, too, and reach each other by it where there is no router between them. */
  ipv6?: boolean
  /** A third host is beside b, in the same network. */
  third?: boolean
  /** Its packets are not captured. */
  uncaptured?: true
}

/** Two hosts that talk to each other, and to nobody else unless somebody stands beside. */
export interface Pair {
  readonly name: string
  /** Runs the clients. */
  readonly a: Host
  /** Runs the servers. */
  readonly b: Host
  /** A third host, where the middle is a program with three ports ({@link isBox}), and where one was wished for. */
  readonly c?: Host
  /** Of `two-paths`: no programs run there. */
  readonly routers?: Readonly<Record<RouterPlace, Forwarder>>
  /** Absent: it takes no time and loses nothing. */
  readonly link?: Link
}

/** A router on one of two ways: its address is that of its card towards a. */
export interface Forwarder extends Host {
  /** That of its card towards b. */
  readonly outside: string
}

/** The addresses of a host, each as it stands before a port. */
export function addressesOf({ address, address6 }: Pick<Host, 'address' | 'address6'>): string[] {
  return [address, ...(address6 === null ? [] : [`[${address6}]`])]
}

/** The network cards of a host. Only where there are two ways is there a second. */
export const cardNames = ['eth0', 'eth1'] as const
export type CardName = (typeof cardNames)[number]

/** The part of a tier that has cables and switches. */
export interface Network {
  /**
   * Detaches the host's port from its switch; a cable that is a program then passes nothing. Both ends
   * keep their link lights: nobody is told. Resolves once the port is detached.
   * @throws RangeError for a host on a hub or a switch that are programs: their ports stay as they are
   */
  unplug(host: Host): Promise<void>
  /** Puts the port back. */
  plug(host: Host): Promise<void>
  /**
   * Takes away the signal at one of the host's cards, as when the cable is pulled out at its far end, or gives it
   * back: this end's light goes out, and nobody else is told.
   */
  signal(host: Host, card: CardName, isThere: boolean): Promise<void>
  /** Is the host's port attached to its switch? */
  isPlugged(host: Host): boolean
  /** The cable of a pair that was made with one. @throws RangeError when it was not */
  cable(pair: Pair): Cable
  /** The router of a pair that was made with one. @throws RangeError when it was not */
  router(pair: Pair): Router
  /**
   * Makes the host anew with the same name, address and MAC, its kernel's memory empty, plugged in.
   * Its process must have ended before.
   */
  reboot(host: Host): Promise<void>
}

/** What a tier offers. Everything it made is gone once the lab's processes have ended. */
export interface Hosts {
  readonly tier: Tier
  /** What is missing here for pairs with this in the middle; null when they can be made. */
  missingFor(middle: Middle): string | null
  /** Makes a pair of hosts. @throws Error when its middle cannot be made here */
  bootPair(wish: PairWish): Promise<Pair>
  /** Has the exchange of a pair that was made with one log what it has counted. @throws RangeError when it was not */
  countExchange(pair: Pair): Promise<void>
  /** null where hosts share one loopback, which nobody can cut. */
  readonly network: Network | null
  /** Ends the processes that are between hosts. */
  close(): Promise<void>
}
