/**
 * A host without a kernel, for the inside of a tunnel where no TUN device can be had: it answers pings, sends back
 * what comes by UDP, and can ping. IP packets in, IP packets out (RFC 791, 792, 768; IPv4 alone).
 */
import { checksumOf } from '../../protocols/internet-checksum.ts'

const IPV4_HEADER_BYTES = 20
const ICMP_HEADER_BYTES = 8
const UDP_HEADER_BYTES = 8
const ICMP = 1
const UDP = 17
const ECHO_REPLY = 0
const ECHO_REQUEST = 8
/** RFC 1700: the default of that time, 64. */
const TTL = 64

export type InsideAnswer =
  | { kind: 'reply'; packet: Buffer }
  /** An answer to a ping of ours. */
  | { kind: 'pong'; from: string; identifier: number; number: number }

/**
 * What this host makes of a packet; null: nothing.
 * @param address its own, as text
 */
export function answerInside(packet: Buffer, address: string): InsideAnswer | null {
  const [first] = packet
  if (first === undefined || first >> 4 !== 4 || packet.length < IPV4_HEADER_BYTES) return null
  const headerBytes = (first & 0x0f) * 4
  const source = packet.subarray(12, 16)
  const inside = packet.subarray(headerBytes)
  // A fragment is not put together again: pings of more than one packet get no answer here.
  const isFragment = (packet.readUInt16BE(6) & 0x3fff) !== 0
  if (headerBytes < IPV4_HEADER_BYTES || isFragment || packet.subarray(16, 20).join('.') !== address)
    return null
  if (packet[9] === ICMP && inside.length >= ICMP_HEADER_BYTES)
    return answerIcmp(inside, source.join('.'), address)
  if (packet[9] === UDP && inside.length >= UDP_HEADER_BYTES) {
    const udp = Buffer.from(inside)
    udp.writeUInt16BE(inside.readUInt16BE(2), 0)
    udp.writeUInt16BE(inside.readUInt16BE(0), 2)
    // Swapped halves of the same addresses and ports: the checksum stays what it was.
    return { kind: 'reply', packet: ipv4(UDP, address, source.join('.'), udp) }
  }
  return null
}

function answerIcmp(icmp: Buffer, source: string, address: string): InsideAnswer | null {
  if (icmp[0] === ECHO_REPLY) {
    return { kind: 'pong', from: source, identifier: icmp.readUInt16BE(4), number: icmp.readUInt16BE(6) }
  }
  if (icmp[0] !== ECHO_REQUEST) return null
  const reply = Buffer.from(icmp)
  reply.writeUInt8(ECHO_REPLY)
  reply.writeUInt16BE(0, 2)
  reply.writeUInt16BE(checksumOf(reply), 2)
  return { kind: 'reply', packet: ipv4(ICMP, address, source, reply) }
}

/** An echo request. @param number 0 to 65,535 */
export function pingPacket(from: string, to: string, identifier: number, number: number): Buffer {
  const icmp = Buffer.alloc(ICMP_HEADER_BYTES)
  icmp.writeUInt8(ECHO_REQUEST)
  icmp.writeUInt16BE(identifier, 4)
  icmp.writeUInt16BE(number, 6)
  icmp.writeUInt16BE(checksumOf(icmp), 2)
  return ipv4(ICMP, from, to, icmp)
}

function ipv4(protocol: number, from: string, to: string, inside: Buffer): Buffer {
  const header = Buffer.alloc(IPV4_HEADER_BYTES)
  header.writeUInt8(0x45)
  header.writeUInt16BE(IPV4_HEADER_BYTES + inside.length, 2)
  header.writeUInt8(TTL, 8)
  header.writeUInt8(protocol, 9)
  Buffer.from(from.split('.').map(Number)).copy(header, 12)
  Buffer.from(to.split('.').map(Number)).copy(header, 16)
  header.writeUInt16BE(checksumOf(header), 10)
  return Buffer.concat([header, inside])
}
