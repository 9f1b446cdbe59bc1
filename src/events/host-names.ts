/**
 * What a host's name says: the pair it belongs to, then its side. `cut-a` runs the clients of the pair
 * `cut`, `cut-b` its servers. Where a case has a third host beside them, `hub-c`, it is at neither end of what
 * they say. Whoever needs to know that asks here; hosts without such a name (`lab`) belong to no pair. Where there are
 * two ways between the ends of a pair, `cut-p` and `cut-q` are the routers on them: nobody's peers.
 */

/** a runs the clients, b the servers. */
export const hostSides = ['a', 'b'] as const
export type HostSide = (typeof hostSides)[number]

/** What the programs of a side are to each other. */
export const roles = ['server', 'client'] as const
export type Role = (typeof roles)[number]

/** Stands beside the two ends of a pair, where a case has a third host. */
export const BYSTANDER = 'c'
/** The routers of a pair that has two ways. */
export const routerPlaces = ['p', 'q'] as const
export type RouterPlace = (typeof routerPlaces)[number]
/** Where programs run: the last letter of a host's name. */
export type HostPlace = HostSide | typeof BYSTANDER

const NAME = /^(.+)-([abc])$/

/** The name of one host of a pair: `cut-a`. */
export function hostName(pair: string, place: HostPlace | RouterPlace): string {
  return `${pair}-${place}`
}

/** The pair of a host; null for one that has none. */
export function pairOf(host: string): string | null {
  return NAME.exec(host)?.[1] ?? null
}

/** The side of a host; null for one that is at neither end of a pair. */
export function sideOf(host: string): HostSide | null {
  const place = NAME.exec(host)?.[2]
  return hostSides.find((side) => side === place) ?? null
}

export function otherSide(side: HostSide): HostSide {
  return side === 'a' ? 'b' : 'a'
}

export function otherRole(role: Role): Role {
  return role === 'server' ? 'client' : 'server'
}

/** The other end of the same pair. @throws Error when the host is at neither end of one */
export function peerOf(host: string): string {
  const [pair, side] = [pairOf(host), sideOf(host)]
  if (pair === null || side === null) throw new Error(`Host ${host} is at neither end of a pair`)
  return hostName(pair, otherSide(side))
}

/** What runs on a host of a pair: a the clients, every other one the servers. */
export function roleOf(host: string): Role {
  return sideOf(host) === 'a' ? 'client' : 'server'
}

/** The host of a pair on which the programs of a role run. */
export function hostOfRole(pair: string, role: Role): string {
  return hostName(pair, role === 'client' ? 'a' : 'b')
}
