/**
 * What a packet is for can often be told only by what came before it: a keepalive probe is an ACK with
 * the wrong sequence number, a retransmission a segment like any other. This remembers, for the packets
 * of one host, how far each connection had come.
 */
import type { PacketKind } from '../events/vocabulary.ts'
import { tcpFlag } from './constants.ts'
import type { Packet, TcpPacket } from './packet.ts'

/** Two for each connection. A host of a lab has a score; the oldest are forgotten. */
const DIRECTIONS_MAX = 4096

/** One direction of a connection. Sequence numbers are modulo 2^32. */
interface Direction {
  /** The sequence number of its SYN; null when that was before our time. */
  initial: number | null
  /** After the last byte seen: what RFC 9293 calls SND.NXT. */
  next: number
  /** What the other side acknowledged last: SND.UNA. */
  acknowledged: number
  /** The other side has no room: what looks like a keepalive probe then asks for room. */
  windowClosed: boolean
  /** A keepalive probe was the last thing seen, and nothing has answered it. */
  probing: boolean
}

export class FlowMemory {
  /** The one used last is the last. */
  readonly #directions = new Map<string, Direction>()

  /** What this packet is for. Call once for each packet of a host, in order of time. */
  classify(packet: Packet): PacketKind {
    if (packet.protocol === 'tcp') return this.#classifyTcp(packet)
    if (packet.protocol === 'udp') return 'datagram'
    if (packet.protocol === 'icmp') return packet.isError ? 'icmp-error' : 'other'
    return packet.protocol
  }

  #classifyTcp(packet: TcpPacket): PacketKind {
    const has = (flag: keyof typeof tcpFlag) => (packet.flags & tcpFlag[flag]) !== 0
    if (has('rst')) return 'rst'
    const { source, destination, sequence, acknowledgment } = packet
    if (has('syn') && !has('ack') && this.#recall(source, destination)?.initial !== sequence) {
      // A new connection between the same ports.
      this.#directions.delete(nameOf(source, destination))
      this.#directions.delete(nameOf(destination, source))
    }
    const own = this.#recall(source, destination) ?? this.#begin(packet, has('syn'))
    const other = this.#recall(destination, source)
    const answersProbe = other?.probing === true && acknowledgment === other.next && sequence === own.next
    if (other !== undefined && has('ack')) {
      if (isAfter(acknowledgment, other.acknowledged)) other.acknowledged = acknowledgment
      other.windowClosed = packet.window === 0
      other.probing = false
    }

    // RFC 9293 section 3.8.4: one before the next, with nothing or one byte of garbage, which the other
    // side must answer because it is outside its window.
    const isProbe = sequence === minus(own.next, 1) && packet.bytes <= 1 && !has('fin') && !has('syn')
    if (isProbe && own.acknowledged === own.next) {
      if (own.windowClosed) return 'other'
      own.probing = true
      return 'keepalive-probe'
    }
    const length = packet.bytes + (has('syn') ? 1 : 0) + (has('fin') ? 1 : 0)
    if (length === 0) return answersProbe ? 'keepalive-answer' : 'ack'
    const end = plus(sequence, length)
    // At the receiver also a segment that was overtaken, or fills a hole, looks like one sent again.
    if (!isAfter(end, own.next)) return 'retransmission'
    own.next = end
    if (has('syn')) return has('ack') ? 'syn-ack' : 'syn'
    return has('fin') ? 'fin' : 'data'
  }

  #recall(source: string, destination: string): Direction | undefined {
    const name = nameOf(source, destination)
    const direction = this.#directions.get(name)
    if (direction !== undefined) {
      this.#directions.delete(name)
      this.#directions.set(name, direction)
    }
    return direction
  }

  #begin({ source, destination, sequence }: TcpPacket, isFirst: boolean): Direction {
    const direction: Direction = {
      initial: isFirst ? sequence : null,
      next: sequence,
      // A connection that is older than our captures: we cannot know, and assume nothing outstanding.
      acknowledged: sequence,
      windowClosed: false,
      probing: false,
    }
    this.#directions.set(nameOf(source, destination), direction)
    const [oldest] = this.#directions.keys()
    if (this.#directions.size > DIRECTIONS_MAX && oldest !== undefined) this.#directions.delete(oldest)
    return direction
  }
}

function nameOf(source: string, destination: string): string {
  return `${source}>${destination}`
}

function plus(sequence: number, length: number): number {
  return (sequence + length) >>> 0
}

function minus(sequence: number, length: number): number {
  return (sequence - length) >>> 0
}

/** RFC 9293 section 3.4: on a circle, one is after the other when the shorter way there is forward. */
function isAfter(one: number, other: number): boolean {
  return one !== other && minus(one, other) < 0x8000_0000
}
