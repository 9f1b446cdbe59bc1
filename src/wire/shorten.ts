/** A TCP segment with less in it than its sender has sent. */
import { ethernet, ipProtocols, ipv4, tcp, tcpFlag } from './constants.ts'

/**
 * A frame with the first bytes of its payload, valid in itself: lengths and checksums are those of the shorter one,
 * and it does not say that it is the last (FIN).
 * @param frame a whole TCP segment over IPv4, as `decodePacket` takes it for one
 */
export function shortened(frame: Buffer, payloadBytes: number): Buffer {
  const ipBytes = (frame.readUInt8(ethernet.bytes) & 0x0f) * 4
  const tcpAt = ethernet.bytes + ipBytes
  const tcpBytes = (frame.readUInt8(tcpAt + tcp.dataOffset) >> 4) * 4
  const short = Buffer.from(frame.subarray(0, tcpAt + tcpBytes + payloadBytes))

  const ip = short.subarray(ethernet.bytes, tcpAt)
  ip.writeUInt16BE(ipBytes + tcpBytes + payloadBytes, ipv4.totalLength)
  ip.writeUInt16BE(0, ipv4.checksum)
  ip.writeUInt16BE(checksumOf(ip), ipv4.checksum)

  const segment = short.subarray(tcpAt)
  segment.writeUInt8(segment.readUInt8(tcp.flags) & ~tcpFlag.fin, tcp.flags)
  segment.writeUInt16BE(0, tcp.checksum)
  // The pseudo-header (RFC 9293 section 3.1): both addresses, the protocol, the length of the segment.
  const pseudo = Buffer.alloc(12)
  ip.copy(pseudo, 0, ipv4.source, ipv4.destination + 4)
  pseudo.writeUInt8(ipProtocols.tcp, 9)
  pseudo.writeUInt16BE(segment.length, 10)
  segment.writeUInt16BE(checksumOf(Buffer.concat([pseudo, segment])), tcp.checksum)
  return short
}

/** RFC 1071: the complement of the one's complement sum of all 16-bit words, the last one padded with 0. */
function checksumOf(bytes: Buffer): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) {
    sum += at + 1 < bytes.length ? bytes.readUInt16BE(at) : bytes.readUInt8(at) << 8
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
