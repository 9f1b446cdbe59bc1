/** The faults that `try` has, and what each is called in a run: a case of its own for each side it strikes. */

import type { Role } from '../events/host-names.ts'
import { afterBytes } from '../faults/after-bytes.ts'
import type { Fault } from '../faults/fault.ts'
import { lbForgets } from '../faults/lb-forgets.ts'
import { type IdleRouter, idlePromise, routerOf } from '../faults/nat-forgets.ts'
import { faults } from '../faults/registry.ts'
import type { Link, PairWish } from '../hosts/host.ts'
import type { Case } from '../plan/plan.ts'
import type { IdleLimit } from '../programs/relay/idle-proxy.ts'

/** In the order in which people meet them, as in the registry. */
export const tryFaults = [
  'none',
  'exit',
  'kill',
  'reset',
  'reboot',
  'power-off',
  'cut',
  'blip',
  'freeze',
  'move',
  'delay',
  'loss',
  'hold',
  'one-way',
  'after-bytes',
  'mtu-black-hole',
  'reject',
  'nat-forgets',
  'lb-forgets',
] as const
export type TryFault = (typeof tryFaults)[number]

/** What happens most, each telling something that the others do not. */
export const DEFAULT_FAULTS: readonly TryFault[] = ['exit', 'kill', 'freeze', 'cut', 'blip', 'reboot']

/** The name of a case is that of a network interface, which is short. */
const SHORT: Partial<Record<TryFault, string>> = {
  'after-bytes': 'cut-after',
  'mtu-black-hole': 'black-hole',
}
/** No program of the struck host is left that could notice anything. */
export const ENDS_THE_STRUCK: readonly TryFault[] = ['exit', 'kill', 'reboot', 'power-off']
/** There is nothing to undo, it undoes itself, or who comes back would be struck a second time. */
export const IS_OVER_AT_ONCE: readonly TryFault[] = [
  'none',
  'reset',
  'reboot',
  'move',
  'nat-forgets',
  'lb-forgets',
]
/** It is the client's host that it happens to, whichever is to be struck. */
const OF_CLIENT: readonly TryFault[] = ['move']
/** It happens between the hosts, or not at all, and strikes neither. */
const OF_NEITHER: readonly TryFault[] = ['none', 'nat-forgets', 'lb-forgets']

export function strikesNeither(fault: TryFault): boolean {
  return OF_NEITHER.includes(fault)
}

/** It is in what stands between the hosts, whoever is struck. */
export function isOnTheWay(fault: TryFault): boolean {
  const { needs }: Fault = faults[fault]
  return fault === 'lb-forgets' || needs.includes('cable') || needs.includes('router')
}

/** One fault on one side. */
export interface TryCase extends Case {
  readonly fault: TryFault
  readonly role: Role
  readonly needs: Fault['needs']
}

/** `cut` strikes the server's host, `cut-c` the client's. */
export function casesOf(chosen: readonly TryFault[], roles: readonly Role[]): TryCase[] {
  return chosen.flatMap((fault) => rolesOf(fault, roles).map((role) => caseOf(fault, role)))
}

function rolesOf(fault: TryFault, roles: readonly Role[]): readonly Role[] {
  if (OF_CLIENT.includes(fault)) return ['client']
  return strikesNeither(fault) ? roles.slice(0, 1) : roles
}

function caseOf(fault: TryFault, role: Role): TryCase {
  const { promise, needs }: Fault = faults[fault]
  const isClients = role === 'client' && !strikesNeither(fault) && !OF_CLIENT.includes(fault)
  return { id: `${SHORT[fault] ?? fault}${isClients ? '-c' : ''}`, promise, needs, fault, role }
}

/** Every case that there can be. */
export const allCases: readonly TryCase[] = casesOf(tryFaults, ['server', 'client'])

/** What somebody wants of the network by nature, and of faults that are not as in the registry. */
export interface Wanted {
  link: Link | null
  tunnel: boolean
  router: IdleRouter | null
  balancer: IdleLimit | null
  bytes: number | null
}

/** Every case, as it is wanted. */
export function casesOn({ link, tunnel, router, balancer, bytes }: Wanted): TryCase[] {
  return allCases.map((one) => {
    const needs = [
      ...one.needs,
      ...(link === null ? [] : ['cable' as const]),
      ...(tunnel ? ['tun' as const] : []),
    ]
    if (one.fault === 'nat-forgets' && router !== null) return { ...one, needs, promise: idlePromise(router) }
    if (one.fault === 'lb-forgets' && balancer !== null)
      return { ...one, needs, promise: lbForgets(balancer).promise }
    if (one.fault === 'after-bytes' && bytes !== null)
      return { ...one, needs, promise: afterBytes(bytes).promise }
    return { ...one, needs }
  })
}

/** The hosts that a case needs, and what has to stand between them. */
export function wishOf(
  { id, fault, needs }: TryCase,
  { link, router, later, secondServer }: Wanted & { later: string | null; secondServer: string | null },
): PairWish {
  const wish = {
    name: id,
    link,
    ipv6: true,
    third: [later, secondServer].some((one) => one !== null) || fault === 'lb-forgets',
  }
  if (needs.includes('router')) {
    return { ...wish, middle: 'router', ...(router === null ? {} : { router: routerOf(router) }) }
  }
  // Where there is a link, the cable is there anyway.
  return { ...wish, middle: needs.includes('cable') ? 'cable' : 'switch' }
}

/** How long a fault lasts on a host that is watched for so long: all of it, or as somebody said; a blip is over before. */
export function lastsMs(
  fault: TryFault,
  { lasts, watchMs }: { lasts: Partial<Record<TryFault, number>>; watchMs: number },
): number {
  // That a freeze ends after seconds is the labs' wish, which look at what comes then.
  const byNature = fault === 'blip' ? faults.blip.lastsMs : undefined
  return lasts[fault] ?? byNature ?? watchMs
}
