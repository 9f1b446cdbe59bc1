/**
 * STUN's Binding, bytes <-> value (RFC 8489): one end asks where it is seen from, the other says. Between the two may be a
 * router that translates addresses; the answer then tells of the translation, and both together keep it alive.
 *
 *     |0 0|  type  |  length without these 20  |  magic cookie  |  transaction, 12 bytes  |  attributes ...
 */
import { crc32 } from 'node:zlib'
import {
  ATTRIBUTE,
  COMPREHENSION_OPTIONAL,
  FAMILY,
  FINGERPRINT_XOR,
  HEADER_BYTES,
  KNOWN_ATTRIBUTES,
  MAGIC_COOKIE,
  MESSAGE_TYPE,
  TRANSACTION_BYTES,
} from './constants.ts'

const WORD_BYTES = 4
const ATTRIBUTE_HEADER_BYTES = 4
const FINGERPRINT_BYTES = ATTRIBUTE_HEADER_BYTES + 4
const ADDRESS_BYTES = { ipv4: 4, ipv6: 16 } as const
/** More attributes than any Binding has. */
const ATTRIBUTES_MAX = 32

export type StunKind = keyof typeof MESSAGE_TYPE

export interface Seen {
  address: string
  port: number
}

export interface StunMessage {
  kind: StunKind
  transaction: Buffer
  /** XOR-MAPPED-ADDRESS: from where the request came, as its receiver saw it. */
  mapped: Seen | null
  /** Attributes that must be understood and are not. */
  unknown: number[]
}

/**
 * Whether a datagram is STUN: zero, zero, the cookie. SIP begins with a letter, RTP with the bits 1, 0 (RFC 7983, RFC 5626 8).
 */
export function isStun(bytes: Buffer): boolean {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32BE(4) !== MAGIC_COOKIE) return false
  return bytes.readUInt8(0) < 4 && bytes.readUInt16BE(2) === bytes.length - HEADER_BYTES
}

/** @returns null for what is no Binding, is damaged, or has a fingerprint that does not fit */
export function readStun(bytes: Buffer): StunMessage | null {
  if (!isStun(bytes) || bytes.length % WORD_BYTES !== 0) return null
  const kind = kindOf(bytes.readUInt16BE(0))
  const attributes = kind && attributesOf(bytes)
  if (kind === null || attributes === null) return null
  const transaction = bytes.subarray(8, HEADER_BYTES)
  const message: StunMessage = { kind, transaction, mapped: null, unknown: [] }
  for (const { type, at, value } of attributes) {
    if (type === ATTRIBUTE.xorMappedAddress) {
      // Only the first of several counts (section 14).
      message.mapped ??= readAddress(value, transaction)
      if (message.mapped === null) return null
    } else if (type === ATTRIBUTE.fingerprint) {
      const isLast = at + FINGERPRINT_BYTES === bytes.length
      if (!isLast || value.length !== 4 || value.readUInt32BE(0) !== fingerprintOf(bytes.subarray(0, at)))
        return null
    } else if (type < COMPREHENSION_OPTIONAL && !KNOWN_ATTRIBUTES.includes(type)) message.unknown.push(type)
  }
  return message
}

function kindOf(type: number): StunKind | null {
  const [kind] = Object.entries(MESSAGE_TYPE).find(([, number]) => number === type) ?? []
  return (kind as StunKind | undefined) ?? null
}

interface Attribute {
  type: number
  at: number
  value: Buffer
}

function attributesOf(bytes: Buffer): Attribute[] | null {
  const attributes: Attribute[] = []
  for (let at = HEADER_BYTES; at < bytes.length; ) {
    const start = at + ATTRIBUTE_HEADER_BYTES
    const length = bytes.readUInt16BE(at + 2)
    // Padded to the next word, with anything.
    const end = start + WORD_BYTES * Math.ceil(length / WORD_BYTES)
    if (end > bytes.length || attributes.length === ATTRIBUTES_MAX) return null
    attributes.push({ type: bytes.readUInt16BE(at), at, value: bytes.subarray(start, start + length) })
    at = end
  }
  return attributes
}

/** Section 14.2: hidden from routers that rewrite every address they recognise. */
function readAddress(value: Buffer, transaction: Buffer): Seen | null {
  if (value.length < WORD_BYTES) return null
  const family = value.readUInt8(1)
  const port = value.readUInt16BE(2) ^ (MAGIC_COOKIE >>> 16)
  const bytes = xored(value.subarray(WORD_BYTES), transaction)
  if (family === FAMILY.ipv4 && bytes.length === ADDRESS_BYTES.ipv4) return { address: bytes.join('.'), port }
  if (family === FAMILY.ipv6 && bytes.length === ADDRESS_BYTES.ipv6) return { address: ipv6Text(bytes), port }
  return null
}

/** The cookie, then the transaction; IPv4 needs only the first. */
function xored(bytes: Buffer, transaction: Buffer): Buffer {
  const mask = Buffer.alloc(WORD_BYTES + TRANSACTION_BYTES)
  mask.writeUInt32BE(MAGIC_COOKIE, 0)
  transaction.copy(mask, WORD_BYTES)
  return Buffer.from(bytes.map((byte, place) => byte ^ (mask[place] ?? 0)))
}

function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, place) => bytes.readUInt16BE(2 * place).toString(16))
  // As the system writes it: the longest run of zeros is left out.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

/** @returns null where it is no IPv4 address */
function ipv4Bytes(address: string): Buffer | null {
  const numbers = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number)
  return numbers?.every((number) => number < 256) ? Buffer.from(numbers) : null
}

/** @returns null where it is no IPv6 address */
function ipv6Bytes(address: string): Buffer | null {
  // WHATWG's parser knows every way to write one; a zone (fe80::1%eth0) is none of the address.
  const url = `http://[${address.replace(/%.*/, '')}]`
  if (!URL.canParse(url)) return null
  const [before = '', after] = new URL(url).hostname.slice(1, -1).split('::')
  const groups = (part: string | undefined) => (part ? part.split(':') : [])
  const [head, tail] = [groups(before), groups(after)]
  const all = [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** @param transaction 12 random bytes, by which its sender knows the answer */
export function writeBindingRequest(transaction: Buffer): Buffer {
  return framed('binding-request', transaction, Buffer.alloc(0))
}

/** @throws RangeError where `seen.address` is no IP address */
export function writeBindingSuccess(transaction: Buffer, seen: Seen): Buffer {
  const address = ipv4Bytes(seen.address) ?? ipv6Bytes(seen.address)
  if (address === null) throw new RangeError(`"${seen.address}" is no IP address`)
  const attribute = Buffer.alloc(ATTRIBUTE_HEADER_BYTES + WORD_BYTES)
  attribute.writeUInt16BE(ATTRIBUTE.xorMappedAddress, 0)
  attribute.writeUInt16BE(WORD_BYTES + address.length, 2)
  attribute.writeUInt8(address.length === ADDRESS_BYTES.ipv4 ? FAMILY.ipv4 : FAMILY.ipv6, 5)
  attribute.writeUInt16BE(seen.port ^ (MAGIC_COOKIE >>> 16), 6)
  return framed('binding-success', transaction, Buffer.concat([attribute, xored(address, transaction)]))
}

/** With a fingerprint, as RFC 5626 8 asks where another protocol is on the same port. */
function framed(kind: StunKind, transaction: Buffer, attributes: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt16BE(MESSAGE_TYPE[kind], 0)
  // The fingerprint is counted in the length that it covers (14.7).
  header.writeUInt16BE(attributes.length + FINGERPRINT_BYTES, 2)
  header.writeUInt32BE(MAGIC_COOKIE, 4)
  transaction.copy(header, 8)
  const covered = Buffer.concat([header, attributes])
  const fingerprint = Buffer.alloc(FINGERPRINT_BYTES)
  fingerprint.writeUInt16BE(ATTRIBUTE.fingerprint, 0)
  fingerprint.writeUInt16BE(4, 2)
  fingerprint.writeUInt32BE(fingerprintOf(covered), ATTRIBUTE_HEADER_BYTES)
  return Buffer.concat([covered, fingerprint])
}

function fingerprintOf(covered: Buffer): number {
  return (crc32(covered) ^ FINGERPRINT_XOR) >>> 0
}
