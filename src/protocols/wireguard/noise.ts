/**
 * The handshake: Noise_IKpsk2, pure. Two messages, and both ends have two secret keys that nobody else has.
 *
 *     initiator                                                responder
 *        knows the responder's public key before                  knows nobody yet
 *        e, es, s, ss, {payload}   ---------------------------->
 *                                  <----------------------------  e, ee, se, psk, {payload}
 *
 * e and s are public keys, ephemeral and static; two letters are the secret of one key of each end; psk is a secret
 * that both were given before. Each is mixed into the chaining key, and all that was said into the hash, so that the
 * next message opens for nobody who has seen something else. (The Noise Protocol Framework, sections 5, 7.5, 9.)
 */
import { CONSTRUCTION, IDENTIFIER } from './constants.ts'
import { dh, hash, type KeyPair, kdf, open, seal } from './primitives.ts'

/** The first message: `static` and `payload` are encrypted, so who asks stays hidden from who listens. */
export interface First {
  ephemeral: Buffer
  static: Buffer
  payload: Buffer
}

export interface Second {
  ephemeral: Buffer
  payload: Buffer
}

/** One key for each direction. */
export interface TransportKeys {
  send: Buffer
  receive: Buffer
}

/** What both ends have come to, step by step: they are the same as long as both have seen the same. */
class Transcript {
  #chainingKey = hash(Buffer.from(CONSTRUCTION))
  #hash: Buffer
  #key: Buffer = Buffer.alloc(0)

  constructor(responder: Buffer, prologue: Buffer) {
    this.#hash = hash(this.#chainingKey, prologue)
    this.mixHash(responder)
  }

  /** For who tries something that may turn out to be forged. */
  copy(): Transcript {
    const copy = new Transcript(Buffer.alloc(0), Buffer.alloc(0))
    copy.#chainingKey = this.#chainingKey
    copy.#hash = this.#hash
    copy.#key = this.#key
    return copy
  }

  mixHash(bytes: Buffer): void {
    this.#hash = hash(this.#hash, bytes)
  }

  /** An ephemeral key in the open. With a preshared key in the pattern it goes into the chaining key, too. */
  mixEphemeral(ephemeral: Buffer): void {
    this.mixHash(ephemeral)
    const [chaining] = kdf(1, this.#chainingKey, ephemeral) as [Buffer]
    this.#chainingKey = chaining
  }

  /** @returns false for a secret that is none, since somebody sent a point of low order */
  mixSecret(secret: Buffer | null): boolean {
    if (secret === null) return false
    const [chaining, key] = kdf(2, this.#chainingKey, secret) as [Buffer, Buffer]
    this.#chainingKey = chaining
    this.#key = key
    return true
  }

  mixPreshared(preshared: Buffer): void {
    const [chaining, toHash, key] = kdf(3, this.#chainingKey, preshared) as [Buffer, Buffer, Buffer]
    this.#chainingKey = chaining
    this.mixHash(toHash)
    this.#key = key
  }

  /** The counter is always 0: in this pattern no key encrypts twice. */
  encrypt(plain: Buffer): Buffer {
    const sealed = seal(this.#key, 0, plain, this.#hash)
    this.mixHash(sealed)
    return sealed
  }

  decrypt(sealed: Buffer): Buffer | null {
    const plain = open(this.#key, 0, sealed, this.#hash)
    if (plain !== null) this.mixHash(sealed)
    return plain
  }

  split(): [Buffer, Buffer] {
    return kdf(2, this.#chainingKey, Buffer.alloc(0)) as [Buffer, Buffer]
  }
}

const PROLOGUE = Buffer.from(IDENTIFIER)

export class Initiator {
  readonly #own: KeyPair
  readonly #responder: Buffer
  readonly #ephemeral: KeyPair
  readonly #transcript: Transcript

  /** @param ephemeral a new pair for each handshake: keys that are stolen later open nothing that was said before */
  constructor(own: KeyPair, responder: Buffer, ephemeral: KeyPair, prologue = PROLOGUE) {
    this.#own = own
    this.#responder = responder
    this.#ephemeral = ephemeral
    this.#transcript = new Transcript(responder, prologue)
  }

  /** @returns null where the responder's public key is a point of low order */
  writeFirst(payload: Buffer): First | null {
    const transcript = this.#transcript
    transcript.mixEphemeral(this.#ephemeral.public)
    if (!transcript.mixSecret(dh(this.#ephemeral, this.#responder))) return null
    const staticKey = transcript.encrypt(this.#own.public)
    if (!transcript.mixSecret(dh(this.#own, this.#responder))) return null
    return { ephemeral: this.#ephemeral.public, static: staticKey, payload: transcript.encrypt(payload) }
  }

  /**
   * May be called again: whoever forges an answer does not spoil the handshake.
   * @returns null if this is no answer to our first message by who has the responder's and the preshared key
   */
  readSecond(
    { ephemeral, payload }: Second,
    preshared: Buffer,
  ): { payload: Buffer; keys: TransportKeys } | null {
    const transcript = this.#transcript.copy()
    transcript.mixEphemeral(ephemeral)
    if (!transcript.mixSecret(dh(this.#ephemeral, ephemeral))) return null
    if (!transcript.mixSecret(dh(this.#own, ephemeral))) return null
    transcript.mixPreshared(preshared)
    const plain = transcript.decrypt(payload)
    if (plain === null) return null
    const [send, receive] = transcript.split()
    return { payload: plain, keys: { send, receive } }
  }
}

export class Responder {
  readonly #own: KeyPair
  readonly #transcript: Transcript
  #initiator: { static: Buffer; ephemeral: Buffer } | null = null

  constructor(own: KeyPair, prologue = PROLOGUE) {
    this.#own = own
    this.#transcript = new Transcript(own.public, prologue)
  }

  /**
   * Who it says it is. Only {@link readPayload} proves it; but whoever is nobody's peer costs us no more than this.
   * @returns null for what was not encrypted for us
   */
  readStatic(first: First): Buffer | null {
    const transcript = this.#transcript
    transcript.mixEphemeral(first.ephemeral)
    if (!transcript.mixSecret(dh(this.#own, first.ephemeral))) return null
    const initiator = transcript.decrypt(first.static)
    if (initiator !== null) this.#initiator = { static: initiator, ephemeral: first.ephemeral }
    return initiator
  }

  /** @returns null from who does not have the private key of the static key it sent */
  readPayload(first: First): Buffer | null {
    if (this.#initiator === null) return null
    if (!this.#transcript.mixSecret(dh(this.#own, this.#initiator.static))) return null
    return this.#transcript.decrypt(first.payload)
  }

  writeSecond(
    payload: Buffer,
    ephemeral: KeyPair,
    preshared: Buffer,
  ): { message: Second; keys: TransportKeys } | null {
    if (this.#initiator === null) return null
    const transcript = this.#transcript
    transcript.mixEphemeral(ephemeral.public)
    if (!transcript.mixSecret(dh(ephemeral, this.#initiator.ephemeral))) return null
    if (!transcript.mixSecret(dh(ephemeral, this.#initiator.static))) return null
    transcript.mixPreshared(preshared)
    const message = { ephemeral: ephemeral.public, payload: transcript.encrypt(payload) }
    const [receive, send] = transcript.split()
    return { message, keys: { send, receive } }
  }
}
