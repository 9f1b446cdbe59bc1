/**
 * The four messages of WireGuard, bytes <-> value. All numbers are little-endian (sections 5.4.2 to 5.4.7).
 *
 *     initiation    1 0 0 0  sender    ephemeral 32  static 32+16  timestamp 12+16        mac1 16  mac2 16    148
 *     response      2 0 0 0  sender    receiver 4  ephemeral 32  nothing 0+16             mac1 16  mac2 16     92
 *     cookie reply  3 0 0 0  receiver  nonce 24  cookie 16+16                                                  64
 *     data          4 0 0 0  receiver  counter 8  packet n+16                                          at least 32
 *
 * Told apart by the first byte, not by length: a datagram of one byte is as long as a cookie reply.
 */
import { COUNTER_MAX, KEY_BYTES, MAC_BYTES, NONCE_BYTES, TAG_BYTES, TIMESTAMP_BYTES } from './constants.ts'
import type { First, Second } from './noise.ts'

const INITIATION = 1
const RESPONSE = 2
const COOKIE_REPLY = 3
const DATA = 4

const TYPE_BYTES = 4
const INDEX_BYTES = 4
const SEALED_KEY_BYTES = KEY_BYTES + TAG_BYTES
const SEALED_TIMESTAMP_BYTES = TIMESTAMP_BYTES + TAG_BYTES
const SEALED_COOKIE_BYTES = MAC_BYTES + TAG_BYTES
const MACS_BYTES = 2 * MAC_BYTES

export const INITIATION_BYTES =
  TYPE_BYTES + INDEX_BYTES + KEY_BYTES + SEALED_KEY_BYTES + SEALED_TIMESTAMP_BYTES + MACS_BYTES
export const RESPONSE_BYTES = TYPE_BYTES + 2 * INDEX_BYTES + KEY_BYTES + TAG_BYTES + MACS_BYTES
const COOKIE_REPLY_BYTES = TYPE_BYTES + INDEX_BYTES + NONCE_BYTES + SEALED_COOKIE_BYTES
export const DATA_HEADER_BYTES = TYPE_BYTES + INDEX_BYTES + 8
export const DATA_BYTES_MIN = DATA_HEADER_BYTES + TAG_BYTES

export type Message =
  /** `sender` is the number by which its sender will know the answer. */
  | ({ kind: 'initiation'; sender: number } & First)
  | ({ kind: 'response'; sender: number; receiver: number } & Second)
  | { kind: 'cookie-reply'; receiver: number; nonce: Buffer; cookie: Buffer }
  | { kind: 'data'; receiver: number; counter: number; packet: Buffer }

/** @returns null for what is no message of WireGuard: there is no answer to that */
export function readMessage(bytes: Buffer): Message | null {
  if (bytes.length < TYPE_BYTES + INDEX_BYTES) return null
  const first = bytes.readUInt32LE(TYPE_BYTES)
  // The three reserved bytes are zero: with them the type is a number of four bytes.
  switch (bytes.readUInt32LE()) {
    case INITIATION: {
      if (bytes.length !== INITIATION_BYTES) return null
      const [ephemeral, staticKey, payload] = cut(
        bytes,
        8,
        KEY_BYTES,
        SEALED_KEY_BYTES,
        SEALED_TIMESTAMP_BYTES,
      )
      return { kind: 'initiation', sender: first, ephemeral, static: staticKey, payload } as Message
    }
    case RESPONSE: {
      if (bytes.length !== RESPONSE_BYTES) return null
      const [ephemeral, payload] = cut(bytes, 12, KEY_BYTES, TAG_BYTES)
      return {
        kind: 'response',
        sender: first,
        receiver: bytes.readUInt32LE(8),
        ephemeral,
        payload,
      } as Message
    }
    case COOKIE_REPLY: {
      if (bytes.length !== COOKIE_REPLY_BYTES) return null
      const [nonce, cookie] = cut(bytes, 8, NONCE_BYTES, SEALED_COOKIE_BYTES)
      return { kind: 'cookie-reply', receiver: first, nonce, cookie } as Message
    }
    case DATA: {
      if (bytes.length < DATA_BYTES_MIN) return null
      const counter = bytes.readUInt32LE(8) + bytes.readUInt32LE(12) * 2 ** 32
      if (counter > COUNTER_MAX) return null
      return { kind: 'data', receiver: first, counter, packet: bytes.subarray(DATA_HEADER_BYTES) }
    }
    default:
      return null
  }
}

/** Pieces of these lengths, one after the other. */
function cut(bytes: Buffer, from: number, ...lengths: readonly number[]): Buffer[] {
  let at = from
  return lengths.map((length) => {
    at += length
    return bytes.subarray(at - length, at)
  })
}

/** Both macs are zeros still: {@link file://./cookie.ts} fills them in. */
export function writeInitiation(sender: number, first: First): Buffer {
  return Buffer.concat(
    [numbers(INITIATION, sender), first.ephemeral, first.static, first.payload],
    INITIATION_BYTES,
  )
}

export function writeResponse(sender: number, receiver: number, second: Second): Buffer {
  return Buffer.concat(
    [numbers(RESPONSE, sender, receiver), second.ephemeral, second.payload],
    RESPONSE_BYTES,
  )
}

export function writeCookieReply(receiver: number, nonce: Buffer, cookie: Buffer): Buffer {
  return Buffer.concat([numbers(COOKIE_REPLY, receiver), nonce, cookie])
}

export function writeData(receiver: number, counter: number, sealed: Buffer): Buffer {
  const header = numbers(DATA, receiver, counter % 2 ** 32, Math.floor(counter / 2 ** 32))
  return Buffer.concat([header, sealed])
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [place, value] of values.entries()) bytes.writeUInt32LE(value, 4 * place)
  return bytes
}
