/** A frame with a UDP datagram in it, from its bytes up: what a kernel does for who has a socket. */
import { checksumOf } from '../protocols/internet-checksum.ts'
import { ethernet, etherTypes, ipProtocols, ipv4, udp } from './constants.ts'

/** Where a card is, as bytes. */
export interface Place {
  mac: Buffer
  ip: Buffer
}

/** Who sent a frame with an IPv4 packet in it, and whom it is for. */
export function placesOf(frame: Buffer): { source: Place; destination: Place } {
  const place = (macAt: number, ipAt: number): Place => ({
    mac: Buffer.from(frame.subarray(macAt, macAt + MAC_BYTES)),
    ip: Buffer.from(frame.subarray(ethernet.bytes + ipAt, ethernet.bytes + ipAt + 4)),
  })
  return {
    source: place(ethernet.source, ipv4.source),
    destination: place(ethernet.destination, ipv4.destination),
  }
}

const MAC_BYTES = 6
const TIME_TO_LIVE = 64
const VERSION_AND_LENGTH = 0x45
/** Offsets in the headers of RFC 791 and RFC 768 that nobody else here writes. */
const TIME_TO_LIVE_AT = 8
const UDP_LENGTH_AT = 4

/**
 * @param identification a number of its own, by which captures tell packets apart
 * @returns without a UDP checksum: 0 says that there is none (RFC 768)
 */
export function datagramFrame(
  from: Place,
  to: Place,
  port: number,
  payload: Buffer,
  identification: number,
): Buffer {
  const frame = Buffer.alloc(ethernet.bytes + ipv4.bytesMin + udp.bytes + payload.length)
  to.mac.copy(frame, ethernet.destination)
  from.mac.copy(frame, ethernet.source)
  frame.writeUInt16BE(etherTypes.ipv4, ethernet.type)

  const packet = frame.subarray(ethernet.bytes)
  packet.writeUInt8(VERSION_AND_LENGTH, 0)
  packet.writeUInt16BE(packet.length, ipv4.totalLength)
  packet.writeUInt16BE(identification & 0xffff, ipv4.identification)
  packet.writeUInt8(TIME_TO_LIVE, TIME_TO_LIVE_AT)
  packet.writeUInt8(ipProtocols.udp, ipv4.protocol)
  from.ip.copy(packet, ipv4.source)
  to.ip.copy(packet, ipv4.destination)
  packet.writeUInt16BE(checksumOf(packet.subarray(0, ipv4.bytesMin)), ipv4.checksum)

  const datagram = packet.subarray(ipv4.bytesMin)
  datagram.writeUInt16BE(port, 0)
  datagram.writeUInt16BE(port, 2)
  datagram.writeUInt16BE(datagram.length, UDP_LENGTH_AT)
  payload.copy(datagram, udp.bytes)
  return frame
}
