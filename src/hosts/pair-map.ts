/** Who is where in a pair of the netns tier: names, addresses, cards, switches. Pure. */
import { BYSTANDER, type HostPlace, hostName, type RouterPlace } from '../events/host-names.ts'
import { type CardName, type Host, isBox, type PairWish } from './host.ts'

/** An interface name has 15 characters at most (IFNAMSIZ), of which ours add three to the pair's. */
const PAIR_NAME_MAX = 12

/** The last number of an address. A host that moves has 3 afterwards. */
export const LAST = { a: 1, b: 2, atHub: 3, besideB: 4, router: 254 } as const

export const NO_IPV6 = { 'net/ipv6/conf/all/disable_ipv6': '1' }
/** Others than those that the kernels of a and b choose from: so no two connections have the same client port. */
const PORTS_BESIDE_B = { 'net/ipv4/ip_local_port_range': '20000 29999' }

/** A network card of a host, and where its cable ends. */
export interface NetnsCard {
  readonly name: CardName
  /** The other end of its cable, in the run's own namespace. */
  readonly port: string
  /** With the length of its network's prefix: `10.0.6.1/24`. */
  readonly address: string
  /** Locally administered, and the address in hexadecimal: 10.0.6.2 is 02:00:0a:00:06:02. */
  readonly mac: string
  /** The bridge that its port is attached to; null where what is between is a program. */
  readonly switchName: string | null
}

export interface NetnsHost extends Host {
  readonly cards: readonly [NetnsCard, ...NetnsCard[]]
  /** Its address is on none of its cards, and so its own whichever of them is up. */
  readonly isAddressApart: boolean
  /** As `ip route add` takes them. */
  readonly routes: readonly string[]
  readonly hasIpv6: boolean
  /** Under /proc/sys, beside those that all hosts of a run have. */
  readonly sysctls: Readonly<Record<string, string>>
}

export interface PairMap {
  readonly a: NetnsHost
  readonly b: NetnsHost
  readonly c: NetnsHost | null
  readonly bridges: readonly string[]
  /** A cable that is a program is between a and b, or between a and the router. */
  readonly hasCable: boolean
  /** What the hosts are told as their way to other networks; null where there are none. */
  readonly gateways: { readonly a: string; readonly b: string } | null
}

/**
 * @param network its number, which is part of each address
 * @param canHaveIpv6 the kernel has it
 * @throws RangeError when the name is too long for network interfaces
 */
export function pairMap(wish: Exclude<PairWish, string>, network: number, canHaveIpv6: boolean): PairMap {
  const { name, middle = 'switch' } = wish
  checkName(name)
  const { link = null, ipv6 = false, third = false } = 'link' in wish || 'third' in wish ? wish : {}
  const hasCable = middle === 'cable' || link !== null
  const isProgram = isBox(middle)
  const isRouted = middle === 'router'
  const hasIpv6 = ipv6 && canHaveIpv6
  const gateways = isRouted
    ? { a: `10.0.${network}.${LAST.router}`, b: `10.1.${network}.${LAST.router}` }
    : null

  function switchOf(place: HostPlace): string | null {
    if (isProgram) return null
    if (isRouted && place !== 'a') return `${name}-sb`
    // Who is alone at an end of the cable needs no switch there.
    if (hasCable && (place === 'a' || !third)) return null
    return isRouted ? `${name}-sa` : `sw-${name}`
  }

  function host(place: HostPlace, last: number): NetnsHost {
    const ownName = hostName(name, place)
    const subnet = isRouted && place !== 'a' ? 1 : 0
    const card = cardOf('eth0', ownName, [subnet, network, last], switchOf(place))
    return {
      ...standing(name, place, `10.${subnet}.${network}.${last}`),
      // As RFC 5952 writes it. The router translates, and has none.
      address6: hasIpv6 && !isRouted ? `fd00:0:0:${network.toString(16)}::${last}` : null,
      hasIpv6,
      cards: [card],
      isAddressApart: false,
      routes: gateways === null ? [] : [`default via ${place === 'a' ? gateways.a : gateways.b}`],
      sysctls: { ...(hasIpv6 ? {} : NO_IPV6), ...(last === LAST.besideB ? PORTS_BESIDE_B : {}) },
    }
  }

  const [a, b] = [host('a', LAST.a), host('b', LAST.b)]
  const c = isProgram ? host(BYSTANDER, LAST.atHub) : third ? host(BYSTANDER, LAST.besideB) : null
  const bridges = [...new Set([a, b].flatMap(({ cards }) => cards[0].switchName ?? []))]
  return { a, b, c, bridges, hasCable, gateways }
}

/** What every host begins as. */
export function standing(pair: string, place: HostPlace | RouterPlace, address: string) {
  const name = hostName(pair, place)
  const commandPrefix = ['ip', 'netns', 'exec', name]
  return { name, pair, address, commandPrefix, incarnation: 0, process: null }
}

/** @param number the network of the card: the second, third and last number of its address */
export function cardOf(
  name: CardName,
  port: string,
  [subnet, network, last]: readonly [number, number, number],
  switchName: string | null,
): NetnsCard {
  const mac = `02:00:0a:${hex(subnet)}:${hex(network)}:${hex(last)}`
  return { name, port, address: `10.${subnet}.${network}.${last}/24`, mac, switchName }
}

/** @throws RangeError when it is too long for network interfaces */
export function checkName(name: string): void {
  if (name.length <= PAIR_NAME_MAX) return
  throw new RangeError(`Pair name "${name}" has more than ${PAIR_NAME_MAX} characters`)
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
