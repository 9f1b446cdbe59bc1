/** Who is where in a pair of the netns tier: names, addresses, switches. Pure. */
import { BYSTANDER, type HostPlace, hostName } from '../events/host-names.ts'
import { type Host, isBox, type PairWish } from './host.ts'

/** An interface name has 15 characters at most (IFNAMSIZ), of which ours add three to the pair's. */
const PAIR_NAME_MAX = 12

/** The last number of an address. A host that moves has 3 afterwards. */
const LAST = { a: 1, b: 2, atHub: 3, besideB: 4, router: 254 } as const

const NO_IPV6 = { 'net/ipv6/conf/all/disable_ipv6': '1' }
/** Others than those that the kernels of a and b choose from: so no two connections have the same client port. */
const PORTS_BESIDE_B = { 'net/ipv4/ip_local_port_range': '20000 29999' }

export interface NetnsHost extends Host {
  /** Locally administered, and the address in hexadecimal: 10.0.6.2 is 02:00:0a:00:06:02. */
  readonly mac: string
  /** The bridge that its port is attached to; null where what is between is a program. */
  readonly switchName: string | null
  /** Where it sends what is for other networks; null where there are none. */
  readonly gateway: string | null
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
}

/**
 * @param network its number, which is part of each address
 * @param canHaveIpv6 the kernel has it
 * @throws RangeError when the name is too long for network interfaces
 */
export function pairMap(wish: Exclude<PairWish, string>, network: number, canHaveIpv6: boolean): PairMap {
  const { name, middle = 'switch' } = wish
  if (name.length > PAIR_NAME_MAX) {
    throw new RangeError(`Pair name "${name}" has more than ${PAIR_NAME_MAX} characters`)
  }
  const { link = null, ipv6 = false, third = false } = 'link' in wish || 'third' in wish ? wish : {}
  const hasCable = middle === 'cable' || link !== null
  const isProgram = isBox(middle)
  const isRouted = middle === 'router'
  const hasIpv6 = ipv6 && canHaveIpv6

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
    return {
      name: ownName,
      pair: name,
      address: `10.${subnet}.${network}.${last}`,
      // As RFC 5952 writes it. The router translates, and has none.
      address6: hasIpv6 && !isRouted ? `fd00:0:0:${network.toString(16)}::${last}` : null,
      hasIpv6,
      mac: `02:00:0a:${hex(subnet)}:${hex(network)}:${hex(last)}`,
      commandPrefix: ['ip', 'netns', 'exec', ownName],
      incarnation: 0,
      process: null,
      switchName: switchOf(place),
      gateway: isRouted ? `10.${subnet}.${network}.${LAST.router}` : null,
      sysctls: { ...(hasIpv6 ? {} : NO_IPV6), ...(last === LAST.besideB ? PORTS_BESIDE_B : {}) },
    }
  }

  const [a, b] = [host('a', LAST.a), host('b', LAST.b)]
  const c = isProgram ? host(BYSTANDER, LAST.atHub) : third ? host(BYSTANDER, LAST.besideB) : null
  const bridges = [...new Set([a, b].flatMap(({ switchName }) => switchName ?? []))]
  return { a, b, c, bridges, hasCable }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
