/** By which way packets went: what the log of this lab says. Pure. */
import type { HostSide } from '../../src/events/host-names.ts'
import type { EventOf } from '../../src/events/vocabulary.ts'
import type { Cell, End } from '../../src/lab/cell.ts'
import type { Period } from '../../src/lab/log.ts'
import { type Captured, received, reorderedOf, sent } from '../../src/lab/packets.ts'
import type { PathsSettings } from './conditions.ts'

export type PathsCell = Cell<PathsSettings>

/** By router p, or by router q. */
export type Way = 'p' | 'q'

/** Of a and of b: eth0 leads to p, eth1 to q. */
export function wayOfCard(card: string | undefined): Way {
  return card === 'eth1' ? 'q' : 'p'
}

/** As captured at the card of its sender, or of its receiver. */
export function wayOf({ data }: Captured): Way {
  return wayOfCard(data.card)
}

/** `p`, `q`, `p and q`, `none`; null where not all packets are known. */
export function waysOf(packets: readonly Captured[] | null): string | null {
  if (packets === null) return null
  return (
    (['p', 'q'] as const).filter((way) => packets.some((one) => wayOf(one) === way)).join(' and ') || 'none'
  )
}

/** Flow by flow: its packets, by the port of whoever is not the server. */
export function byPort(packets: readonly Captured[]): Map<number, Captured[]> {
  const flows = new Map<number, Captured[]>()
  for (const packet of packets) {
    const port = portOf(packet.group_id ?? '')
    flows.set(port, [...(flows.get(port) ?? []), packet])
  }
  return flows
}

/** What a host's kernel said of a flow, without sending anything: the last time it was asked. */
export function toldOf(
  end: End,
  { protocol, from, to }: { protocol: 'tcp' | 'udp'; from?: number; to?: number },
  within: Partial<Period> = {},
): EventOf<'kernel:route_read'> | undefined {
  return end
    .ofHost('kernel:route_read', within)
    .findLast(
      ({ data }) =>
        data.protocol === protocol &&
        (from === undefined || portOf(data.source) === from) &&
        (to === undefined || portOf(data.destination) === to),
    )
}

/** `p`, `q` or `none`, in words of a claim; empty: it was not asked. */
export function wayTold(told: EventOf<'kernel:route_read'> | undefined): string {
  if (told === undefined) return ''
  return told.data.card === null ? 'none' : wayOfCard(told.data.card)
}

/** A setting of a host as the experiment read it back last, by a moment; empty: it did not. */
export function settingOf(end: End, name: string, to?: number): string {
  const read = end
    .ofHost('kernel:sysctls_read', to === undefined ? {} : { to })
    .findLast(({ data }) => name in data.values)
  return read?.data.values[name] ?? ''
}

/** How much a counter of a host's kernel grew between the first and the last look; null: not two looks. */
export function counted({ log, watch }: Cell, { host }: { host: string }, name: string): number | null {
  const looks = log
    .all('kernel:counters_read', { host, from: watch.from, to: watch.to })
    .filter(({ data }) => name in data.values)
  const [first, last] = [looks[0], looks.at(-1)]
  if (first === undefined || last === undefined || first === last) return null
  return (last.data.values[name] ?? 0) - (first.data.values[name] ?? 0)
}

/** Which of these arrived: packets that the other end's cards received. null: not all of those are known. */
export function arrivedOf(
  cell: Cell,
  sent: readonly Captured[] | null,
  at: HostSide = 'b',
): Captured[] | null {
  const there = cell[at].packets()
  if (sent === null || there === null) return null
  const numbers = new Set(
    there.filter(({ data }) => data.direction === 'received').map(({ data }) => data.packet),
  )
  return sent.filter(({ data }) => numbers.has(data.packet))
}

/** The addresses by which a router on the way is known; undefined where the log does not tell. */
export function routerAt({ log, case: id }: Cell, way: Way): EventOf<'router:started'> | undefined {
  return log.all('router:started').find(({ data }) => data.router === `${id}-${way}`)
}

export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

/** What a sent with something in it that came to b after a packet that was sent later; null where not all are known. */
export function outOfOrder({ a, b }: Cell): Captured[] | null {
  const [left, came] = [sent(a.packets()), received(b.packets())]
  return left && came && reorderedOf({ sent: left.filter(({ data }) => data.bytes > 0), received: came })
}

/** `p, 3 of 3`: by which way these left, and how many came to the other end. */
export function fateOf(
  cell: PathsCell,
  packets: readonly Captured[] | null,
  at: 'a' | 'b' = 'b',
): string | null {
  const arrived = arrivedOf(cell, packets, at)
  return packets && arrived && `${waysOf(packets)}, ${arrived.length} of ${packets.length}`
}
