/**
 * What a network namespace knows of the first host on the way to another: whether there is a route, and whether the
 * next host has told its address on the wire (proc_pid_net(5), ip-neighbour(8)). It is the kernel's own network that
 * fails then, and its connections end otherwise than by a silent peer.
 */
import { endianness } from 'node:os'
import { ipv6Address } from '../wire/ip.ts'

export interface OwnNetwork {
  routes: readonly Route[]
  /** Next hosts that were asked for their address and have not told it. */
  silentNeighbours: ReadonlySet<string>
}

export interface Route {
  network: bigint
  /** Bits of the address that count. */
  prefix: number
  bits: 32 | 128
  /** null: the host itself is the next one. */
  gateway: string | null
}

/** RTF_REJECT in linux/ipv6_route.h: a route that says there is none. */
const REJECT = 0x200
/** ATF_COM in linux/if_arp.h: the address on the wire is known. */
const ARP_COMPLETE = 0x2

/** What is wrong on the way to `remote`, an address as IPv4 or IPv6 writes it; null: nothing that the kernel knows. */
export function problemOnTheWay(
  { routes, silentNeighbours }: OwnNetwork,
  remote: string,
): 'no-route' | 'no-neighbour' | null {
  if (remote.startsWith('127.') || remote === '::1') return null
  const bits = remote.includes(':') ? 128 : 32
  const address = numberOf(remote)
  const fitting = routes.filter(
    (route) =>
      route.bits === bits &&
      address >> BigInt(bits - route.prefix) === route.network >> BigInt(bits - route.prefix),
  )
  const best = fitting.sort((a, b) => b.prefix - a.prefix)[0]
  if (best === undefined) return 'no-route'
  return silentNeighbours.has(best.gateway ?? remote) ? 'no-neighbour' : null
}

/** /proc/<pid>/net/route: the main table of IPv4. Addresses are numbers of this machine. */
export function parseRoutes4(text: string): Route[] {
  return linesOf(text)
    .slice(1)
    .map(([, destination = '', gateway = '', , , , , mask = '']) => ({
      network: BigInt(`0x${networkOrder(destination)}`),
      prefix: bitsSet(Number.parseInt(mask, 16)),
      bits: 32,
      gateway: /^0+$/.test(gateway) ? null : addressOf(networkOrder(gateway)),
    }))
}

/** /proc/<pid>/net/ipv6_route: all tables of IPv6. Addresses are in network order. */
export function parseRoutes6(text: string): Route[] {
  return linesOf(text).flatMap(([network = '0', prefix = '', , , gateway = '', , , , flags = '']) =>
    (Number.parseInt(flags, 16) & REJECT) !== 0
      ? []
      : [
          {
            network: BigInt(`0x${network}`),
            prefix: Number.parseInt(prefix, 16),
            bits: 128 as const,
            gateway: /^0+$/.test(gateway) ? null : addressOf(gateway),
          },
        ],
  )
}

/** /proc/<pid>/net/arp: IPv4 addresses that were asked for in vain. */
export function parseSilentNeighbours4(text: string): string[] {
  return linesOf(text)
    .slice(1)
    .filter(([, , flags = '']) => (Number.parseInt(flags, 16) & ARP_COMPLETE) === 0)
    .map(([address = '']) => address)
}

/** Prints the same of IPv6, for {@link parseSilentNeighbours6}: /proc has no such file. It has to run inside. */
export const neighboursCommand: readonly string[] = [
  'ip',
  '-6',
  'neighbour',
  'show',
  'nud',
  'incomplete',
  'nud',
  'failed',
]

export function parseSilentNeighbours6(text: string): string[] {
  return linesOf(text).map(([address = '']) => address)
}

function linesOf(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/))
}

/** Hexadecimal. */
function networkOrder(word: string): string {
  const bytes = Buffer.from(word, 'hex')
  return (endianness() === 'LE' ? bytes.reverse() : bytes).toString('hex')
}

/** From hexadecimal in network order, as socket tables have it. */
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  return bytes.length === 4 ? bytes.join('.') : ipv6Address(bytes).slice(1, -1)
}

function numberOf(address: string): bigint {
  if (!address.includes(':')) {
    return address.split('.').reduce((number, byte) => number * 256n + BigInt(byte), 0n)
  }
  const [head = '', tail] = address.split('::') as [string, string?]
  const words = (text: string) => (text === '' ? [] : text.split(':'))
  const [before, after] = [words(head), words(tail ?? '')]
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  const all = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  return all.reduce((number, word) => number * 65_536n + BigInt(`0x${word}`), 0n)
}

function bitsSet(mask: number): number {
  return mask.toString(2).replaceAll('0', '').length
}
