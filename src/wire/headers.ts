/** How long the headers of a frame are: what the network takes of it, before anything is left for a program. */
import { ethernet, etherTypes, ipProtocols, tcp, udp } from './constants.ts'
import { readIpv4Header, readIpv6Header } from './ip.ts'

/**
 * From the outside in: Ethernet, IP, TCP or UDP, as far as the frame has them. Never throws, whatever the bytes.
 * @param frame its beginning is enough
 */
export function headerBytes(frame: Buffer): number[] {
  if (frame.length < ethernet.bytes) return []
  const packet = frame.subarray(ethernet.bytes)
  const isIpv6 = frame.readUInt16BE(ethernet.type) === etherTypes.ipv6
  const isIp = isIpv6 || frame.readUInt16BE(ethernet.type) === etherTypes.ipv4
  const header = isIp ? (isIpv6 ? readIpv6Header(packet) : readIpv4Header(packet)) : null
  if (header === null) return [ethernet.bytes]
  const { inside, protocol, offsetBytes } = header
  const withIp = [ethernet.bytes, inside.byteOffset - packet.byteOffset]
  // Of a packet in fragments only the first has the ports.
  if (offsetBytes > 0) return withIp
  if (protocol === ipProtocols.udp && inside.length >= udp.bytes) return [...withIp, udp.bytes]
  if (protocol !== ipProtocols.tcp || inside.length < tcp.bytesMin) return withIp
  return [...withIp, (inside.readUInt8(tcp.dataOffset) >> 4) * 4]
}
