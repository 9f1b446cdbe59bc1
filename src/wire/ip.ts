/** The headers of IPv4 and IPv6, and how their addresses are written: one way for all who compare them. */
import {
  ethernet,
  etherTypes,
  FRAGMENT_OFFSET_MASK,
  FRAGMENT_OFFSET_UNIT_BYTES,
  ipv4,
  ipv6,
  ipv6Extensions,
  ipv6Fragment,
  MORE_FRAGMENTS,
} from './constants.ts'

export interface IpHeader {
  /** As they stand before a port: of IPv6 in brackets. */
  source: string
  destination: string
  /** RFC 791 calls it identification. 0 where IPv6 has none: only its fragments have one. */
  identification: number
  protocol: number
  moreFragments: boolean
  /** 0 in a packet that is whole or a first fragment. */
  offsetBytes: number
  /** After the header: as long as the header says, and what was captured of it. */
  insideBytes: number
  inside: Buffer
}

/** null: it is none, or not all of the header is there. */
export function readIpv4Header(bytes: Buffer): IpHeader | null {
  const [first] = bytes
  if (first === undefined || bytes.length < ipv4.bytesMin || first >> 4 !== 4) return null
  const headerBytes = (first & 0x0f) * 4
  // The frame may be longer than the packet: Ethernet pads short ones.
  const totalBytes = bytes.readUInt16BE(ipv4.totalLength)
  if (headerBytes < ipv4.bytesMin || totalBytes < headerBytes) return null
  const fragment = bytes.readUInt16BE(ipv4.fragment)
  return {
    source: ipv4Address(bytes, ipv4.source),
    destination: ipv4Address(bytes, ipv4.destination),
    identification: bytes.readUInt16BE(ipv4.identification),
    protocol: bytes.readUInt8(ipv4.protocol),
    moreFragments: (fragment & MORE_FRAGMENTS) !== 0,
    offsetBytes: (fragment & FRAGMENT_OFFSET_MASK) * FRAGMENT_OFFSET_UNIT_BYTES,
    insideBytes: totalBytes - headerBytes,
    inside: bytes.subarray(headerBytes, totalBytes),
  }
}

/** With its extension headers, which say what they are followed by (RFC 8200 section 4). null as above. */
export function readIpv6Header(bytes: Buffer): IpHeader | null {
  const [first] = bytes
  if (first === undefined || bytes.length < ipv6.bytes || first >> 4 !== 6) return null
  const endsAt = ipv6.bytes + bytes.readUInt16BE(ipv6.payloadLength)
  let protocol = bytes.readUInt8(ipv6.nextHeader)
  let at: number = ipv6.bytes
  const fragment = { identification: 0, moreFragments: false, offsetBytes: 0 }
  while (ipv6Extensions.includes(protocol)) {
    const header = bytes.subarray(at, endsAt)
    if (header.length < ipv6Fragment.bytes) return null
    const isFragment = protocol === ipv6Fragment.protocol
    if (isFragment) {
      const field = header.readUInt16BE(ipv6Fragment.fragment)
      fragment.identification = header.readUInt32BE(ipv6Fragment.identification)
      fragment.moreFragments = (field & ipv6Fragment.moreFragments) !== 0
      fragment.offsetBytes = field & ipv6Fragment.offsetMask
    }
    protocol = header.readUInt8(0)
    // In units of eight bytes, of which the first is not counted.
    at += isFragment ? ipv6Fragment.bytes : (header.readUInt8(1) + 1) * 8
  }
  if (at > endsAt) return null
  return {
    source: ipv6Address(bytes.subarray(ipv6.source, ipv6.source + 16)),
    destination: ipv6Address(bytes.subarray(ipv6.destination, ipv6.destination + 16)),
    protocol,
    ...fragment,
    insideBytes: endsAt - at,
    inside: bytes.subarray(at, endsAt),
  }
}

export function ipv4Address(bytes: Buffer, offset: number): string {
  return bytes.subarray(offset, offset + 4).join('.')
}

/** Of 16 bytes in network order: in brackets, and otherwise as RFC 5952 writes it, which URL does. */
export function ipv6Address(bytes: Buffer): string {
  return new URL(`http://[${bytes.toString('hex').match(/.{4}/g)?.join(':')}]`).hostname
}

/** The address of an `address:port`, or of what has no port. */
export function withoutPort(end: string): string {
  return /^(\[[^\]]*\]|[^:]*)/.exec(end)?.[0] ?? ''
}

/** An IP packet of a device that has no frames, in a frame from nobody to nobody. */
export function framed(packet: Buffer): Buffer {
  const header = Buffer.alloc(ethernet.bytes)
  const isIpv6 = (packet[0] ?? 0) >> 4 === 6
  header.writeUInt16BE(isIpv6 ? etherTypes.ipv6 : etherTypes.ipv4, ethernet.type)
  return Buffer.concat([header, packet])
}
