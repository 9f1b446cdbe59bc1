/**
 * What is in an Ethernet frame, as far as the labs have need of it: ARP, IPv4 and IPv6 with their fragments, ICMP
 * errors, UDP, TCP.
 *
 * A capture keeps only the beginning of a packet, and anybody can have sent it. So lengths come from the
 * headers, every read is checked against the bytes that are there, and what does not fit is `other`.
 */
import {
  ARP_REQUEST,
  arp,
  ethernet,
  etherTypes,
  icmp,
  ipProtocols,
  tcp,
  tcpFlag,
  tcpOption,
  udp,
} from './constants.ts'
import { type IpHeader, ipv4Address, readIpv4Header, readIpv6Header } from './ip.ts'

interface Addressed {
  /** `address:port`; without a port where the protocol has none; a MAC address below IP. */
  source: string
  destination: string
}

interface IpPacket extends Addressed {
  /** RFC 791 calls it identification. Linux counts it for each TCP connection, and often leaves it 0; IPv6 has none. */
  identification: number
  /** Bytes above the transport's header, as they were on the wire. */
  bytes: number
  /** What was captured of them. */
  payload: Buffer
}

export interface TcpPacket extends IpPacket {
  protocol: 'tcp'
  flags: number
  sequence: number
  acknowledgment: number
  /** As in the header: not scaled (RFC 7323 section 2). 0 is 0 either way. */
  window: number
  /** TSval, the sender's clock; null without timestamps (RFC 7323 section 3). */
  timestamp: number | null
}

export interface UdpPacket extends IpPacket {
  protocol: 'udp'
  /** It is the first fragment of a datagram, and `bytes` are those in it. */
  moreFragments: boolean
}

/** A fragment that is not the first (RFC 791 section 3.2): without ports, since those are in the first. */
export interface FragmentPacket extends IpPacket {
  protocol: 'fragment'
  /** Where its first byte belongs, behind the IP header of the whole. */
  offsetBytes: number
}

export interface IcmpPacket extends IpPacket {
  protocol: 'icmp'
  type: number
  code: number
  /** It is an error message, of a packet that it quotes. */
  isError: boolean
  /** What an error message says; undefined where its code is unknown, too. */
  words: string | undefined
  /** The packet that an error message is about; null when it is no error, or quotes too little. */
  about: Addressed | null
}

export interface ArpPacket extends Addressed {
  protocol: 'arp'
  isRequest: boolean
  senderMac: string
}

export interface OtherPacket extends Addressed {
  protocol: 'other'
  frame: Buffer
}

export type Packet = TcpPacket | UdpPacket | FragmentPacket | IcmpPacket | ArpPacket | OtherPacket

/** Decodes what was captured of one frame. Never throws. */
export function decodePacket(frame: Buffer): Packet {
  if (frame.length < ethernet.bytes) return { protocol: 'other', source: '', destination: '', frame }
  const inside = frame.subarray(ethernet.bytes)
  const type = frame.readUInt16BE(ethernet.type)
  return (
    decoders[type]?.(inside) ?? {
      protocol: 'other',
      source: macAt(frame, ethernet.source),
      destination: macAt(frame, ethernet.destination),
      frame,
    }
  )
}

/** By the type of what follows in the frame. */
const decoders: Readonly<Record<number, (inside: Buffer) => Packet | null>> = {
  [etherTypes.arp]: decodeArp,
  [etherTypes.ipv4]: (inside) => decodeIp(readIpv4Header(inside), decodeIcmpv4),
  [etherTypes.ipv6]: (inside) => decodeIp(readIpv6Header(inside), decodeIcmpv6),
}

/** As `SYN`, `PSH ACK`: in the order of their bits. */
export function flagNames(flags: number): string {
  return Object.entries(tcpFlag)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name.toUpperCase())
    .join(' ')
}

function decodeArp(bytes: Buffer): ArpPacket | null {
  if (bytes.length < arp.bytes) return null
  return {
    protocol: 'arp',
    source: ipv4Address(bytes, arp.senderIp),
    destination: ipv4Address(bytes, arp.targetIp),
    isRequest: bytes.readUInt16BE(arp.operation) === ARP_REQUEST,
    senderMac: macAt(bytes, arp.senderMac),
  }
}

type DecodeIcmp = (header: IpHeader) => IcmpPacket | null

function decodeIp(header: IpHeader | null, decodeIcmp: DecodeIcmp): Packet | null {
  if (header === null) return null
  if (header.offsetBytes > 0) return decodeFragment(header)
  if (header.protocol === ipProtocols.tcp) return decodeTcp(header)
  if (header.protocol === ipProtocols.udp) return decodeUdp(header)
  return decodeIcmp(header)
}

function decodeFragment({
  source,
  destination,
  identification,
  insideBytes,
  inside,
  offsetBytes,
}: IpHeader): FragmentPacket {
  const bytes = insideBytes
  return { protocol: 'fragment', source, destination, identification, offsetBytes, bytes, payload: inside }
}

function decodeUdp({ inside, insideBytes, ...header }: IpHeader): UdpPacket | null {
  if (inside.length < udp.bytes) return null
  return {
    protocol: 'udp',
    ...withPorts(header, inside),
    identification: header.identification,
    moreFragments: header.moreFragments,
    bytes: insideBytes - udp.bytes,
    payload: inside.subarray(udp.bytes),
  }
}

function decodeTcp({ inside, insideBytes, ...header }: IpHeader): TcpPacket | null {
  if (inside.length < tcp.bytesMin) return null
  const headerBytes = (inside.readUInt8(tcp.dataOffset) >> 4) * 4
  if (headerBytes < tcp.bytesMin || headerBytes > insideBytes) return null
  return {
    protocol: 'tcp',
    ...withPorts(header, inside),
    identification: header.identification,
    bytes: insideBytes - headerBytes,
    payload: inside.subarray(headerBytes),
    flags: inside.readUInt8(tcp.flags),
    sequence: inside.readUInt32BE(tcp.sequence),
    acknowledgment: inside.readUInt32BE(tcp.acknowledgment),
    window: inside.readUInt16BE(tcp.window),
    timestamp: timestampOf(inside.subarray(tcp.bytesMin, headerBytes)),
  }
}

function timestampOf(options: Buffer): number | null {
  let at = 0
  for (;;) {
    const kind = options[at]
    if (kind === undefined || kind === tcpOption.end) return null
    if (kind === tcpOption.noOperation) {
      at += 1
      continue
    }
    const length = options[at + 1]
    // An option shorter than its own two bytes would keep us here for ever.
    if (length === undefined || length < 2 || at + length > options.length) return null
    if (kind === tcpOption.timestamps && length === tcpOption.timestampsBytes)
      return options.readUInt32BE(at + 2)
    at += length
  }
}

function decodeIcmpv4(header: IpHeader): IcmpPacket | null {
  return header.protocol === ipProtocols.icmp ? decodeIcmp(header, icmpErrors, readIpv4Header) : null
}

function decodeIcmpv6(header: IpHeader): IcmpPacket | null {
  return header.protocol === ipProtocols.icmpv6 ? decodeIcmp(header, icmpv6Errors, readIpv6Header) : null
}

function decodeIcmp(
  { inside, insideBytes, source, destination, identification }: IpHeader,
  errors: IcmpErrors,
  readQuoted: (bytes: Buffer) => IpHeader | null,
): IcmpPacket | null {
  if (inside.length < icmp.bytes) return null
  const type = inside.readUInt8(icmp.type)
  const code = inside.readUInt8(icmp.code)
  const payload = inside.subarray(icmp.bytes)
  const quoted = type in errors ? readQuoted(payload) : null
  const hasPorts = quoted?.protocol === ipProtocols.tcp || quoted?.protocol === ipProtocols.udp
  return {
    protocol: 'icmp',
    source,
    destination,
    identification,
    bytes: insideBytes - icmp.bytes,
    payload,
    type,
    code,
    isError: type in errors,
    words: errors[type]?.[code],
    about:
      quoted?.offsetBytes === 0 && hasPorts && quoted.inside.length >= 4
        ? withPorts(quoted, quoted.inside)
        : null,
  }
}

/** By type, then by code. */
type IcmpErrors = Readonly<Record<number, Readonly<Record<number, string>>>>

/** RFC 792; RFC 1122 section 3.2.2.1 for the codes after 5. */
const icmpErrors: IcmpErrors = {
  3: {
    0: 'network unreachable',
    1: 'host unreachable',
    2: 'protocol unreachable',
    3: 'port unreachable',
    4: 'too large, and must not be fragmented',
    9: 'network forbidden',
    10: 'host forbidden',
    13: 'filtered',
  },
  11: { 0: 'time to live exceeded', 1: 'fragments missing' },
  12: { 0: 'header not understood' },
}

/** RFC 4443 section 3. */
const icmpv6Errors: IcmpErrors = {
  1: { 0: 'network unreachable', 1: 'filtered', 3: 'host unreachable', 4: 'port unreachable' },
  2: { 0: 'too large, and must not be fragmented' },
  3: { 0: 'hop limit exceeded', 1: 'fragments missing' },
  4: { 0: 'header not understood', 1: 'protocol unreachable' },
}

/** TCP and UDP both begin with their two ports. */
function withPorts({ source, destination }: Addressed, inside: Buffer): Addressed {
  return {
    source: `${source}:${inside.readUInt16BE(0)}`,
    destination: `${destination}:${inside.readUInt16BE(2)}`,
  }
}

/** As `02:00:0a:00:06:02`. */
export function macAt(bytes: Buffer, offset: number): string {
  return (bytes.toString('hex', offset, offset + 6).match(/../g) ?? []).join(':')
}
