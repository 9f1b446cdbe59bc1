/**
 * What a host is: a name, an address, and a way to run programs there. How it is made is the business of
 * a tier: `process.ts` (plain processes on loopback) or `netns.ts` (network namespaces with a switch).
 */
import type { HostProcess } from './host-process.ts'

export const tiers = ['process', 'netns'] as const
export type Tier = (typeof tiers)[number]

export interface Host {
  /** As in `cut-b`: the pair, then a (the clients) or b (the servers). */
  readonly name: string
  readonly pair: string
  readonly address: string
  /** Put before a command, it runs on this host: `['ip', 'netns', 'exec', 'cut-b']`, or nothing. */
  readonly commandPrefix: readonly string[]
  /** How many processes this host has had; a reboot makes a second. */
  incarnation: number
  /** The process that runs all programs of this host, while it runs. */
  process: HostProcess | null
}

/** Two hosts that talk to each other and to nobody else. */
export interface Pair {
  readonly name: string
  /** Runs the clients. */
  readonly a: Host
  /** Runs the servers. */
  readonly b: Host
}

/** The part of a tier that has cables and switches. */
export interface Network {
  /**
   * Detaches the host's port from its switch. Both ends keep their link lights: nobody is told.
   * Resolves once the port is detached.
   */
  unplug(host: Host): Promise<void>
  /** Puts the port back. */
  plug(host: Host): Promise<void>
  /** Is the host's port attached to its switch? */
  isPlugged(host: Host): boolean
  /**
   * Makes the host anew with the same name, address and MAC, its kernel's memory empty, plugged in.
   * Its process must have ended before.
   */
  reboot(host: Host): Promise<void>
}

/** What a tier offers. Everything it made is gone once the lab's processes have ended. */
export interface Hosts {
  readonly tier: Tier
  /** Makes one pair of hosts for each name. */
  bootPairs(names: readonly string[]): Promise<Pair[]>
  /** null where hosts share one loopback, which nobody can cut. */
  readonly network: Network | null
}
