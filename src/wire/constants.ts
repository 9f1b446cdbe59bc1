/** Numbers of the headers we read. Offsets and lengths in bytes, from the beginning of each header. */

/** IEEE 802.3: two MAC addresses and the type of what follows. */
export const ethernet = { bytes: 14, destination: 0, source: 6, type: 12 } as const
export const etherTypes = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const

/** RFC 826, for Ethernet and IPv4. */
export const arp = { bytes: 28, operation: 6, senderMac: 8, senderIp: 14, targetIp: 24 } as const
export const ARP_REQUEST = 1

/** RFC 791 section 3.1. */
export const ipv4 = {
  bytesMin: 20,
  totalLength: 2,
  identification: 4,
  fragment: 6,
  protocol: 9,
  checksum: 10,
  source: 12,
  destination: 16,
} as const
/** In units of 8 bytes; the rest of the field are flags. */
export const FRAGMENT_OFFSET_MASK = 0x1fff
export const FRAGMENT_OFFSET_UNIT_BYTES = 8
export const MORE_FRAGMENTS = 0x2000
export const ipProtocols = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const

/** RFC 8200 section 3. */
export const ipv6 = { bytes: 40, payloadLength: 4, nextHeader: 6, source: 8, destination: 24 } as const
/** RFC 8200 section 4.5: the protocol number of this extension header, and what is in it. */
export const ipv6Fragment = {
  protocol: 44,
  bytes: 8,
  fragment: 2,
  identification: 4,
  offsetMask: 0xfff8,
  moreFragments: 1,
} as const
/** Hop-by-hop options, routing, fragment, destination options. */
export const ipv6Extensions: readonly number[] = [0, 43, ipv6Fragment.protocol, 60]

/** RFC 768. */
export const udp = { bytes: 8 } as const

/** RFC 792, RFC 4443. An error message quotes the IP header and at least 8 bytes of the packet it is about. */
export const icmp = { bytes: 8, type: 0, code: 1 } as const

/** RFC 9293 section 3.1. */
export const tcp = {
  bytesMin: 20,
  sequence: 4,
  acknowledgment: 8,
  dataOffset: 12,
  flags: 13,
  window: 14,
  checksum: 16,
} as const
export const tcpFlag = {
  fin: 0x01,
  syn: 0x02,
  rst: 0x04,
  psh: 0x08,
  ack: 0x10,
  urg: 0x20,
  ece: 0x40,
  cwr: 0x80,
} as const
/** RFC 9293 section 3.2, and RFC 7323 section 3.2 for timestamps: kind, length, TSval, TSecr. */
export const tcpOption = { end: 0, noOperation: 1, timestamps: 8, timestampsBytes: 10 } as const

/** RFC 6455 section 5.2. */
export const webSocketOpcodes: Readonly<Record<number, string>> = {
  1: 'text',
  2: 'binary',
  8: 'close',
  9: 'ping',
  10: 'pong',
}
