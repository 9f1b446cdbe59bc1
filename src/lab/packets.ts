/** Captured packets in words, and the questions that several labs ask of them. `Cell.at().packets()` gives them. */
import { sideOf } from '../events/host-names.ts'
import type { EventOf } from '../events/vocabulary.ts'

export type Captured = EventOf<'packet:captured'>

/** `FIN ACK sent`; what carries data is called so, whatever its flags: `data received`. */
export function packetWords({ data }: Captured): string {
  return `${data.bytes > 0 ? 'data' : (data.flags ?? data.kind)} ${data.direction}`
}

/** `SYN from a`: as its sender's card saw it. */
export function sentWords(packet: Captured): string {
  return packetWords(packet).replace(' sent', ` from ${sideOf(packet.host)}`)
}

/** Those that went one way; null, as they were, where not all are known. */
export function sent(packets: readonly Captured[] | null): Captured[] | null {
  return packets === null ? null : packets.filter(({ data }) => data.direction === 'sent')
}

export function received(packets: readonly Captured[] | null): Captured[] | null {
  return packets === null ? null : packets.filter(({ data }) => data.direction === 'received')
}

/** Those of a kind; null, as they were, where not all are known. */
export function ofKind(
  packets: readonly Captured[] | null | undefined,
  kind: Captured['data']['kind'],
): Captured[] | null {
  return packets?.filter(({ data }) => data.kind === kind) ?? null
}

/** What packets carried, or programs sent or received, in all. */
export function bytesOf(events: readonly { data: { bytes: number } }[]): number {
  return events.reduce((sum, { data }) => sum + data.bytes, 0)
}

/** The same bytes were not on the wire before. */
export function isNew({ data }: Captured): boolean {
  return data.kind !== 'retransmission'
}

/** The same words once each, in the order of their first appearance. */
export function firstOfEach(words: readonly string[]): string[] {
  return [...new Set(words)]
}

/** All of them in words, in order: `SYN sent, RST ACK received`; null, as they were, where not all are known. */
export function inWords(packets: readonly Captured[] | null, words = packetWords): string | null {
  return packets === null ? null : packets.map(words).join(', ')
}

/** Arrivals after a packet that was sent later (RFC 4737 section 3.3); copies are not counted. */
export function reorderedOf({ sent, received }: { sent: Captured[]; received: Captured[] }): Captured[] {
  const placeOf = new Map(sent.map(({ data }, index) => [data.packet, index]))
  const seen = new Set<string>()
  let latest = -1
  return received.filter(({ data }) => {
    const place = placeOf.get(data.packet)
    if (place === undefined || seen.has(data.packet)) return false
    seen.add(data.packet)
    if (place < latest) return true
    latest = place
    return false
  })
}
