/** A TCP segment with less in it than its sender has sent. */
import { checksumOf } from '../protocols/internet-checksum.ts'
import { ethernet, ipProtocols, ipv4, ipv6, tcp, tcpFlag } from './constants.ts'
import { readIpv4Header, readIpv6Header } from './ip.ts'

/**
 * A frame with the first bytes of its payload, valid in itself: lengths and checksums are those of the shorter one,
 * and it does not say that it is the last (FIN).
 * @param frame a whole TCP segment over IPv4 or IPv6, as `decodePacket` takes it for one
 */
export function shortened(frame: Buffer, payloadBytes: number): Buffer {
  const whole = frame.subarray(ethernet.bytes)
  const header4 = readIpv4Header(whole)
  const isIpv4 = header4 !== null
  const { insideBytes = 0 } = header4 ?? readIpv6Header(whole) ?? {}
  const totalBytes = isIpv4
    ? whole.readUInt16BE(ipv4.totalLength)
    : ipv6.bytes + whole.readUInt16BE(ipv6.payloadLength)
  const tcpAt = ethernet.bytes + totalBytes - insideBytes
  const tcpBytes = (frame.readUInt8(tcpAt + tcp.dataOffset) >> 4) * 4
  const short = Buffer.from(frame.subarray(0, tcpAt + tcpBytes + payloadBytes))

  const ip = short.subarray(ethernet.bytes, tcpAt)
  const segment = short.subarray(tcpAt)
  if (isIpv4) {
    ip.writeUInt16BE(ip.length + segment.length, ipv4.totalLength)
    ip.writeUInt16BE(0, ipv4.checksum)
    ip.writeUInt16BE(checksumOf(ip), ipv4.checksum)
  } else ip.writeUInt16BE(ip.length + segment.length - ipv6.bytes, ipv6.payloadLength)

  segment.writeUInt8(segment.readUInt8(tcp.flags) & ~tcpFlag.fin, tcp.flags)
  segment.writeUInt16BE(0, tcp.checksum)
  const addresses = isIpv4
    ? ip.subarray(ipv4.source, ipv4.destination + 4)
    : ip.subarray(ipv6.source, ipv6.destination + 16)
  // The rest of the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1): the length of the segment, the
  // protocol. IPv4 has them in other places and in fewer bytes, which add up to the same sum.
  const rest = Buffer.alloc(8)
  rest.writeUInt32BE(segment.length, 0)
  rest.writeUInt8(ipProtocols.tcp, 7)
  segment.writeUInt16BE(checksumOf(Buffer.concat([addresses, rest, segment])), tcp.checksum)
  return short
}
