/** The checksum of IP, ICMP, UDP and TCP. */

/** RFC 1071: the complement of the one's complement sum of all 16-bit words, the last one padded with 0. */
export function checksumOf(bytes: Buffer): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) {
    sum += at + 1 < bytes.length ? bytes.readUInt16BE(at) : bytes.readUInt8(at) << 8
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
