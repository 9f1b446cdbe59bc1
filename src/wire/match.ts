/**
 * Which packet at one end is which at the other.
 *
 * Nothing in a packet says so: it is told by what no switch and no router changes. Two packets can still
 * be alike, a second ARP request, a datagram with the same words (Linux leaves the identification 0), so
 * it is also told by who sent it when.
 */
import { crc32 } from 'node:zlib'
import { withoutPort } from './ip.ts'
import type { Packet } from './packet.ts'

/** What has not arrived by then never will: the labs' longest delay is far shorter. */
const FORGET_AFTER_NS = 30_000_000_000n
/** A thousand packets a second, for as long as they are remembered. */
const PACKETS_MAX = 30_000

/** The same at both ends of a cable, and of almost no two packets. */
export function packetKey(packet: Packet): string {
  const ends = `${packet.protocol} ${packet.source}>${packet.destination}`
  switch (packet.protocol) {
    case 'tcp': {
      const { identification, sequence, acknowledgment, bytes, flags, timestamp } = packet
      return [ends, identification, sequence, acknowledgment, bytes, flags, timestamp].join(' ')
    }
    case 'udp':
      return [ends, packet.identification, packet.bytes, crc32(packet.payload)].join(' ')
    case 'fragment':
      return [ends, packet.identification, packet.offsetBytes, crc32(packet.payload)].join(' ')
    case 'icmp':
      return [ends, packet.identification, packet.type, packet.code, crc32(packet.payload)].join(' ')
    case 'arp':
      return [ends, packet.isRequest, packet.senderMac].join(' ')
    case 'other':
      return [ends, crc32(packet.frame)].join(' ')
  }
}

/**
 * The packet without what a translating router changes of it: one name for its client on both sides, and
 * no port, which may differ. What an ICMP error quotes is not looked into, so such a one is not matched.
 * @param translations addresses behind the router, and the address the other side sees instead
 */
export function untranslated(packet: Packet, translations: ReadonlyMap<string, string>): Packet {
  if (translations.size === 0 || packet.protocol === 'arp' || packet.protocol === 'other') return packet
  const seenAs = new Set(translations.values())
  const plain = (end: string): string => {
    const address = withoutPort(end)
    return translations.get(address) ?? (seenAs.has(address) ? address : end)
  }
  return { ...packet, source: plain(packet.source), destination: plain(packet.destination) }
}

/**
 * Alike packets sent so close together are a burst, of which each may arrive: the RSTs that late segments meet differ
 * in nothing. Farther apart the earlier one was probably lost, and sent again.
 */
const BURST_NS = 100_000_000n
/** A burst of a hundred that is all alike is no conversation. */
const BURST_PACKETS_MAX = 100

interface Known {
  number: number
  /** More than one where routers send it on. Empty while it was only seen to arrive. */
  sentBy: Set<string>
  receivedBy: Set<string>
  lastSeenNs: bigint
  /** Sent right before it and alike, oldest first. */
  burst: Known[]
}

/** Numbers the packets of a run from 1: the same number at both ends is the same packet. */
export class PacketNumbers {
  /** The one seen last is the last. */
  readonly #known = new Map<string, Known>()
  #last = 0

  /**
   * The number of a packet. Call in order of time.
   * @param nowNs when it passed, on one clock for all hosts
   */
  numberOf(key: string, direction: 'sent' | 'received', host: string, nowNs: bigint): number {
    this.#forget(nowNs)
    let known = this.#known.get(key)
    if (known === undefined || isAnother(known, direction, host)) {
      this.#last += 1
      const burst = known === undefined || direction === 'received' ? [] : burstBefore(known, nowNs)
      known = { number: this.#last, sentBy: new Set(), receivedBy: new Set(), lastSeenNs: nowNs, burst }
    } else if (direction === 'received' && known.receivedBy.has(host)) {
      const earlier = known.burst.find(({ receivedBy }) => !receivedBy.has(host))
      if (earlier !== undefined) {
        earlier.receivedBy.add(host)
        return earlier.number
      }
    }
    ;(direction === 'sent' ? known.sentBy : known.receivedBy).add(host)
    known.lastSeenNs = nowNs
    this.#known.delete(key)
    this.#known.set(key, known)
    return known.number
  }

  #forget(nowNs: bigint): void {
    for (const [key, { lastSeenNs }] of this.#known) {
      if (this.#known.size < PACKETS_MAX && nowNs - lastSeenNs < FORGET_AFTER_NS) return
      this.#known.delete(key)
    }
  }
}

/** The packets that one sent now is in a burst with. */
function burstBefore(known: Known, nowNs: bigint): Known[] {
  const { burst, ...latest } = known
  return [...burst, { ...latest, burst: [] }]
    .filter(({ lastSeenNs }) => nowNs - lastSeenNs < BURST_NS)
    .slice(-BURST_PACKETS_MAX)
}

/**
 * Sent again by the same host, it is another packet, however alike. Received again it is the same one,
 * which the network doubled; unless it comes from a switch itself, whose sending nobody captures.
 */
function isAnother(known: Known, direction: 'sent' | 'received', host: string): boolean {
  if (direction === 'sent') return known.sentBy.has(host)
  return known.sentBy.size === 0 && known.receivedBy.has(host)
}
