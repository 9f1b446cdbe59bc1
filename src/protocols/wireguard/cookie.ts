/**
 * Two macs at the end of a handshake message, and the cookie (section 5.4.7).
 *
 * mac1 shows that its sender knows the receiver's public key: whoever scans the network gets no answer. mac2 is made
 * with a cookie, which the receiver sends, encrypted, to the address a message came from: it shows that the sender
 * receives there. It is asked for only under load, and nothing is kept for who asks.
 */
import { randomBytes } from 'node:crypto'
import {
  COOKIE_GOOD_FOR_MS,
  KEY_BYTES,
  LABEL_COOKIE,
  LABEL_MAC1,
  MAC_BYTES,
  NONCE_BYTES,
} from './constants.ts'
import { type Message, writeCookieReply } from './messages.ts'
import { areSame, hash, mac, openRandom, sealRandomly } from './primitives.ts'

type CookieReply = Extract<Message, { kind: 'cookie-reply' }>

/** Where the parts of a handshake message are that the macs are made of. */
function partsOf(message: Buffer) {
  const mac1At = message.length - 2 * MAC_BYTES
  const mac2At = message.length - MAC_BYTES
  return {
    signedBy1: message.subarray(0, mac1At),
    mac1: message.subarray(mac1At, mac2At),
    signedBy2: message.subarray(0, mac2At),
    mac2: message.subarray(mac2At),
  }
}

/** The end that receives handshake messages, and asks for a cookie when they are too many. */
export class CookieMaker {
  readonly #mac1Key: Buffer
  readonly #cookieKey: Buffer
  #secret: Buffer = Buffer.alloc(0)
  #secretFromMs = -Infinity

  constructor(ownPublic: Buffer) {
    this.#mac1Key = hash(Buffer.from(LABEL_MAC1), ownPublic)
    this.#cookieKey = hash(Buffer.from(LABEL_COOKIE), ownPublic)
  }

  isForUs(message: Buffer): boolean {
    const { signedBy1, mac1 } = partsOf(message)
    return areSame(mac(this.#mac1Key, signedBy1), mac1)
  }

  /** @param from the address and port it came from, as text */
  hasCookie(message: Buffer, from: string, nowMs: number): boolean {
    const { signedBy2, mac2 } = partsOf(message)
    return areSame(mac(this.#cookieFor(from, nowMs), signedBy2), mac2)
  }

  /** What to answer instead: shorter than what it answers, so that nobody gains by a forged address. */
  reply(message: Buffer, sender: number, from: string, nowMs: number): Buffer {
    const nonce = randomBytes(NONCE_BYTES)
    const { mac1 } = partsOf(message)
    return writeCookieReply(
      sender,
      nonce,
      sealRandomly(this.#cookieKey, nonce, this.#cookieFor(from, nowMs), mac1),
    )
  }

  #cookieFor(from: string, nowMs: number): Buffer {
    if (nowMs - this.#secretFromMs >= COOKIE_GOOD_FOR_MS) {
      this.#secret = randomBytes(KEY_BYTES)
      this.#secretFromMs = nowMs
    }
    return mac(this.#secret, Buffer.from(from))
  }
}

/** The end that sends them to one peer. */
export class CookieKeeper {
  readonly #mac1Key: Buffer
  readonly #cookieKey: Buffer
  #lastMac1: Buffer | null = null
  #cookie: Buffer | null = null
  #cookieFromMs = -Infinity

  constructor(peerPublic: Buffer) {
    this.#mac1Key = hash(Buffer.from(LABEL_MAC1), peerPublic)
    this.#cookieKey = hash(Buffer.from(LABEL_COOKIE), peerPublic)
  }

  /** Fills in both macs; mac2 stays zero where there is no cookie of the last two minutes. */
  sign(message: Buffer, nowMs: number): Buffer {
    const { signedBy1, mac1, signedBy2, mac2 } = partsOf(message)
    mac(this.#mac1Key, signedBy1).copy(mac1)
    this.#lastMac1 = Buffer.from(mac1)
    if (this.#cookie !== null && nowMs - this.#cookieFromMs < COOKIE_GOOD_FOR_MS) {
      mac(this.#cookie, signedBy2).copy(mac2)
    }
    return message
  }

  /** @returns false for a cookie that does not belong to the last message of ours: then it is nobody's */
  take(reply: CookieReply, nowMs: number): boolean {
    if (this.#lastMac1 === null) return false
    const cookie = openRandom(this.#cookieKey, reply.nonce, reply.cookie, this.#lastMac1)
    if (cookie === null) return false
    this.#cookie = cookie
    this.#cookieFromMs = nowMs
    // One answer for each message: who has recorded it cannot give it again.
    this.#lastMac1 = null
    return true
  }
}
