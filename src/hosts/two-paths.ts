/**
 * Who is where in a pair of the netns tier that has two ways: names, addresses, cards, switches. Pure.
 *
 *                     10.1.6.0   p   10.2.6.0
 *                   .------------+------------.
 *           eth0    |                         |    eth0
 *    a: 10.0.6.1 ---+                         +--- b: 10.0.6.2
 *           eth1    |                         |    eth1
 *                   '------------+------------'
 *                     10.3.6.0   q   10.4.6.0
 *
 * p and q do nothing but forward. The addresses of a and b are on none of their cards: they are theirs whichever
 * card is up. In the middle of each of the four links there is a switch, so that a link can be cut without a word to
 * either end.
 */
import { type HostSide, otherSide, type RouterPlace } from '../events/host-names.ts'
import type { Forwarder } from './host.ts'
import { cardOf, checkName, LAST, type NetnsCard, type NetnsHost, NO_IPV6, standing } from './pair-map.ts'

export interface TwoPathsMap {
  readonly a: NetnsHost
  readonly b: NetnsHost
  readonly p: NetnsHost & Forwarder
  readonly q: NetnsHost & Forwarder
  readonly bridges: readonly string[]
  /** The ports of a and of q, where a cable that is a program is between them instead of a switch. */
  readonly cableEnds: { readonly a: string; readonly b: string } | null
}

/** The second number of the addresses on each link. */
const LINKS = { a: { p: 1, q: 3 }, b: { p: 2, q: 4 } } as const

/** What comes by one way may be answered by the other: a kernel that checks for that would drop it. */
const TAKES_FROM_ANY_CARD = Object.fromEntries(
  ['all', 'eth0', 'eth1'].map((card) => [`net/ipv4/conf/${card}/rp_filter`, '0']),
)
const FORWARDS = { 'net/ipv4/ip_forward': '1' }

/**
 * @param network its number, which is part of each address
 * @param isSlower the link between a and q is a cable that is a program
 * @throws RangeError when the name is too long for network interfaces
 */
export function twoPathsMap(name: string, network: number, isSlower: boolean): TwoPathsMap {
  checkName(name)
  const own = { a: `10.0.${network}.${LAST.a}`, b: `10.0.${network}.${LAST.b}` }
  const gateway = (side: HostSide, router: RouterPlace) =>
    `10.${LINKS[side][router]}.${network}.${LAST.router}`

  /** The card of whoever is at one end of the link between a side and a router. */
  function card(side: HostSide, router: RouterPlace, at: HostSide | RouterPlace): NetnsCard {
    const isRouter = at === router
    const index = (isRouter ? side === 'a' : router === 'p') ? 0 : 1
    const isProgram = isSlower && side === 'a' && router === 'q'
    return cardOf(
      index === 0 ? 'eth0' : 'eth1',
      `${name}-${at}${index}`,
      [LINKS[side][router], network, isRouter ? LAST.router : LAST[side]],
      isProgram ? null : `${name}-${side}${router}`,
    )
  }

  function end(side: HostSide): NetnsHost {
    const ways = (['p', 'q'] as const).map(
      (router, index) => `nexthop via ${gateway(side, router)} dev eth${index}`,
    )
    return {
      ...standing(name, side, own[side]),
      ...PLAIN,
      cards: [card(side, 'p', side), card(side, 'q', side)],
      isAddressApart: true,
      routes: [`${own[otherSide(side)]} src ${own[side]} ${ways.join(' ')}`],
      sysctls: { ...NO_IPV6, ...TAKES_FROM_ANY_CARD },
    }
  }

  function router(place: RouterPlace): NetnsHost & Forwarder {
    const routes = (['a', 'b'] as const).map(
      (side, index) => `${own[side]} via 10.${LINKS[side][place]}.${network}.${LAST[side]} dev eth${index}`,
    )
    return {
      ...standing(name, place, gateway('a', place)),
      outside: gateway('b', place),
      ...PLAIN,
      cards: [card('a', place, place), card('b', place, place)],
      isAddressApart: false,
      routes,
      sysctls: { ...NO_IPV6, ...TAKES_FROM_ANY_CARD, ...FORWARDS },
    }
  }

  const hosts = { a: end('a'), b: end('b'), p: router('p'), q: router('q') }
  const all = Object.values(hosts).flatMap(({ cards }) => cards)
  return {
    ...hosts,
    bridges: [...new Set(all.flatMap(({ switchName }) => switchName ?? []))],
    cableEnds: isSlower ? { a: card('a', 'q', 'a').port, b: card('a', 'q', 'q').port } : null,
  }
}

const PLAIN = { address6: null, hasIpv6: false } as const
