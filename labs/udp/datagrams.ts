/** What the log of this lab says of datagrams on their way from a to b. */
import type { HostSide } from '../../src/events/host-names.ts'
import type { EventOf } from '../../src/events/vocabulary.ts'
import type { Cell } from '../../src/lab/cell.ts'
import { nothing, says } from '../../src/lab/claims.ts'
import { type Captured, received, sent } from '../../src/lab/packets.ts'

/** What left a, and what of it came to b, in order; null where not every packet is known. */
export interface Passage {
  sent: Captured[]
  received: Captured[]
}

export function passage({ a, b }: Pick<Cell, HostSide>): Passage | null {
  const [left, came] = [sent(a.packets()), received(b.packets())]
  return left && came && { sent: left.filter(isNoIcmp), received: came.filter(isNoIcmp) }
}

/** The same for the way back. */
export function passageBack({ a, b }: Cell): Passage | null {
  return passage({ a: b, b: a })
}

function isNoIcmp({ data }: Captured): boolean {
  return data.kind !== 'icmp-error'
}

/** The ICMP messages about this row's packets that came back to a. */
export function icmpAtA(cell: Cell): Captured[] | null {
  return received(cell.a.packets())?.filter((packet) => !isNoIcmp(packet)) ?? null
}

/** The numbers of different packets. */
export function distinct(packets: readonly Captured[]): Set<string> {
  return new Set(packets.map(({ data }) => data.packet))
}

/** Which of the packets sent never arrived. */
export function lostOf({ sent, received }: Passage): Captured[] {
  const arrived = distinct(received)
  return sent.filter(({ data }) => !arrived.has(data.packet))
}

/** Copies beyond the first. */
export function copiesOf({ received }: Passage): Captured[] {
  const seen = new Set<string>()
  return received.filter(({ data }) => {
    if (seen.has(data.packet)) return true
    seen.add(data.packet)
    return false
  })
}

/** What the cable was told last on the way from a to b; undefined where it was told nothing. */
export function cableOf(cell: Cell): EventOf<'cable:set'>['data'] | undefined {
  return cell.log
    .all('cable:set', { to: cell.watch.to })
    .findLast(({ data }) => data.cable === cell.case && data.direction === 'aToB')?.data
}

/** What a socket of host a knows of its path, and the event that says so; NaN where the system does not say. */
export function pathMtu(cell: Cell): { mtuBytes: number; evidence: EventOf<'udp:bound'>[] } {
  const bound = cell.a.ofHost('udp:bound').filter(({ data }) => data.pathMtuBytes !== undefined)
  const own = bound.find(({ data }) => data.mechanism === cell.row) ?? bound[0]
  return { mtuBytes: own?.data.pathMtuBytes ?? Number.NaN, evidence: own === undefined ? [] : [own] }
}

/** send() took it; that says nothing about anybody. */
export function sendTakesIt(cell: Cell) {
  const taken = cell.a.all('udp:datagram_sent')
  const refused = cell.a.all('udp:send_failed')
  return says(cell, 'send', '1 sent, 0 refused', `${taken.length} sent, ${refused.length} refused`, {
    claim: 'send() takes the datagram',
    formula: 'one send()',
    because: 'send() is done when its own kernel has the datagram; it does not ask about the receiver',
    source: 'RFC 768; send(2): no indication of failure to deliver is implicit in a send()',
    evidence: [...taken, ...refused],
  })
}

/** The sending program hears nothing, for the whole watch. */
export function toldNothing(cell: Cell) {
  return nothing(cell, 'told', cell.a.all('udp:error_received'), cell.watch, {
    claim: 'the sending program is told nothing, for the whole watch',
    formula: 'no error on the socket',
    because: 'UDP expects no answer, so its silence is never an error',
    source: 'RFC 768; Linux: only a hard ICMP error reaches a socket, and only a connected one (udp_err)',
    short: 'QUIET',
  })
}
