/**
 * Cryptokey routing (section 2): which peer a packet goes to, and which peer a packet may come from. One table for
 * both: an address inside the tunnel is as good as a key.
 */
import { RANGES_MAX } from './constants.ts'

/** `10.0.0.0/8`, `fd00::/64`: an address without a length is that address alone. */
export interface Range {
  bytes: Buffer
  prefixBits: number
}

/** @throws RangeError for what is no range of addresses */
export function readRange(text: string): Range {
  const [address = '', length, ...rest] = text.split('/')
  const bytes = bytesOf(address)
  const prefixBits = length === undefined ? bytes.length * 8 : Number(length)
  const isLength = length === undefined || /^\d{1,3}$/.test(length)
  if (rest.length > 0 || !isLength || prefixBits > bytes.length * 8) {
    throw new RangeError(`"${text}" is no range of addresses: 10.0.0.0/8 or fd00::/64`)
  }
  return { bytes, prefixBits }
}

/** The same as text, as {@link readRange} reads it. */
export function writeRange({ bytes, prefixBits }: Range): string {
  if (bytes.length === 4) return `${bytes.join('.')}/${prefixBits}`
  const groups = Array.from({ length: 8 }, (_, place) => bytes.readUInt16BE(2 * place).toString(16))
  return `${new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)}/${prefixBits}`
}

/** Four or sixteen bytes. */
function bytesOf(address: string): Buffer {
  const four = address.split('.')
  if (four.length === 4 && four.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) {
    return Buffer.from(four.map(Number))
  }
  const groups = expanded(address)
  if (groups === null) throw new RangeError(`"${address}" is no address`)
  const bytes = Buffer.alloc(16)
  for (const [place, group] of groups.entries()) bytes.writeUInt16BE(group, 2 * place)
  return bytes
}

/** Eight groups: `::` stands for as many zeros as are missing. A URL knows the grammar of IPv6 (RFC 5952). */
function expanded(address: string): number[] | null {
  if (!/^[0-9a-fA-F:.]+$/.test(address) || !URL.canParse(`http://[${address}]`)) return null
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const numbers = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  if (right === undefined) return numbers(left)
  const [before, after] = [numbers(left), numbers(right)]
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after]
}

/** Longest prefix first: the most particular range decides. Few ranges: a list that is read is fast enough. */
export class AllowedIps<Peer> {
  #entries: { range: Range; peer: Peer }[] = []

  /** @throws RangeError for more ranges than anybody needs */
  add(range: Range, peer: Peer): void {
    // A range belongs to one peer: whoever was given it last.
    const others = this.#entries.filter((entry) => !isSameRange(entry.range, range))
    if (others.length >= RANGES_MAX) throw new RangeError(`more than ${RANGES_MAX} ranges of addresses`)
    this.#entries = [...others, { range, peer }].sort((a, b) => b.range.prefixBits - a.range.prefixBits)
  }

  /** Where it is this peer's. */
  remove(range: Range, peer: Peer): void {
    this.#entries = this.#entries.filter((entry) => entry.peer !== peer || !isSameRange(entry.range, range))
  }

  removeAll(peer: Peer): void {
    this.#entries = this.#entries.filter((entry) => entry.peer !== peer)
  }

  rangesOf(peer: Peer): Range[] {
    return this.#entries.filter((entry) => entry.peer === peer).map(({ range }) => range)
  }

  /** @returns undefined where the address is nobody's */
  peerOf(address: Buffer): Peer | undefined {
    return this.#entries.find(({ range }) => contains(range, address))?.peer
  }
}

function contains({ bytes, prefixBits }: Range, address: Buffer): boolean {
  if (bytes.length !== address.length) return false
  const whole = prefixBits >> 3
  for (let place = 0; place < whole; place += 1) if (bytes[place] !== address[place]) return false
  const rest = prefixBits & 7
  return (
    rest === 0 || ((bytes.readUInt8(whole) ^ address.readUInt8(whole)) & (0xff << (8 - rest)) & 0xff) === 0
  )
}

function isSameRange(a: Range, b: Range): boolean {
  return a.prefixBits === b.prefixBits && contains(a, b.bytes)
}

const IPV4_HEADER_BYTES = 20
const IPV6_HEADER_BYTES = 40

/** What is inside, without the padding that the tunnel adds. */
export interface InnerPacket {
  source: Buffer
  destination: Buffer
  bytes: Buffer
}

/** @returns null for what is no whole IP packet (RFC 791 section 3.1, RFC 8200 section 3) */
export function readInner(bytes: Buffer): InnerPacket | null {
  const version = bytes.length === 0 ? 0 : bytes.readUInt8() >> 4
  if (version === 4 && bytes.length >= IPV4_HEADER_BYTES) {
    const length = bytes.readUInt16BE(2)
    if (length < IPV4_HEADER_BYTES || length > bytes.length) return null
    return {
      source: bytes.subarray(12, 16),
      destination: bytes.subarray(16, 20),
      bytes: bytes.subarray(0, length),
    }
  }
  if (version === 6 && bytes.length >= IPV6_HEADER_BYTES) {
    const length = IPV6_HEADER_BYTES + bytes.readUInt16BE(4)
    if (length > bytes.length) return null
    return {
      source: bytes.subarray(8, 24),
      destination: bytes.subarray(24, 40),
      bytes: bytes.subarray(0, length),
    }
  }
  return null
}
