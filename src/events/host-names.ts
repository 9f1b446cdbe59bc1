/**
 * What a host's name says: the pair it belongs to, then its side. `cut-a` runs the clients of the pair
 * `cut`, `cut-b` its servers. Whoever needs to know that asks here; hosts without such a name (`lab`)
 * belong to no pair.
 */

/** a runs the clients, b the servers. */
export const hostSides = ['a', 'b'] as const
export type HostSide = (typeof hostSides)[number]

/** What the programs of a side are to each other. */
export const roles = ['server', 'client'] as const
export type Role = (typeof roles)[number]

const NAME = /^(.+)-([ab])$/

/** The name of one host of a pair: `cut-a`. */
export function hostName(pair: string, side: HostSide): string {
  return `${pair}-${side}`
}

/** The pair of a host; null for one that has none. */
export function pairOf(host: string): string | null {
  return NAME.exec(host)?.[1] ?? null
}

/** The side of a host; null for one that belongs to no pair. */
export function sideOf(host: string): HostSide | null {
  return (NAME.exec(host)?.[2] as HostSide | undefined) ?? null
}

export function otherSide(side: HostSide): HostSide {
  return side === 'a' ? 'b' : 'a'
}

export function otherRole(role: Role): Role {
  return role === 'server' ? 'client' : 'server'
}

/** The other host of the same pair. @throws Error when the host belongs to no pair */
export function peerOf(host: string): string {
  const [, pair, side] = NAME.exec(host) ?? []
  if (pair === undefined) throw new Error(`Host ${host} belongs to no pair`)
  return hostName(pair, otherSide(side as HostSide))
}

/** What runs on a host of a pair: a the clients, every other one the servers. */
export function roleOf(host: string): Role {
  return sideOf(host) === 'a' ? 'client' : 'server'
}

/** The host of a pair on which the programs of a role run. */
export function hostOfRole(pair: string, role: Role): string {
  return hostName(pair, role === 'client' ? 'a' : 'b')
}
