/**
 * The three primitives of WireGuard, from libraries: X25519, ChaCha20-Poly1305, BLAKE2s. No cipher is our own.
 * Section 5.4 of the paper names the functions; so do we.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { blake2s } from '@noble/hashes/blake2.js'
import { hmac } from '@noble/hashes/hmac.js'
import { KEY_BYTES, MAC_BYTES, TAG_BYTES } from './constants.ts'

export interface KeyPair {
  private: Buffer
  public: Buffer
}

/** What stands before the 32 bytes of a key where OpenSSL reads one (RFC 8410 sections 4, 7). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')

const privateObject = (bytes: Buffer) =>
  createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, bytes]), format: 'der', type: 'pkcs8' })
const publicObject = (bytes: Buffer) =>
  createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, bytes]), format: 'der', type: 'spki' })

/** @param privateKey 32 bytes; new random ones by default */
export function keyPair(privateKey: Buffer = randomBytes(KEY_BYTES)): KeyPair {
  const written = createPublicKey(privateObject(privateKey)).export({ format: 'der', type: 'spki' })
  return { private: privateKey, public: written.subarray(PUBLIC_PREFIX.length) }
}

/**
 * The secret that both have who know one private key and the other's public one (RFC 7748).
 * @returns null for a point of low order, which would make everybody's secret the same
 */
export function dh(own: KeyPair, theirs: Buffer): Buffer | null {
  try {
    return diffieHellman({ privateKey: privateObject(own.private), publicKey: publicObject(theirs) })
  } catch {
    return null
  }
}

/** 32 bytes that stand for all of `parts` (RFC 7693). */
export function hash(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.from(blake2s(Buffer.concat(parts)))
}

/** 16 bytes that only who has the key can make: BLAKE2s with a key, which is not HMAC (RFC 7693 section 2.9). */
export function mac(key: Buffer, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.from(blake2s(Buffer.concat(parts), { key, dkLen: MAC_BYTES }))
}

/** One to three new keys out of a key and something fresh: HKDF (RFC 5869) as Noise has it, section 4.3 there. */
export function kdf(count: 1 | 2 | 3, key: Buffer, input: Uint8Array): Buffer[] {
  const secret = hmac(blake2s, key, input)
  const keys: Buffer[] = []
  let last: Uint8Array = new Uint8Array()
  for (let number = 1; number <= count; number += 1) {
    last = hmac(blake2s, secret, Buffer.concat([last, Buffer.of(number)]))
    keys.push(Buffer.from(last))
  }
  return keys
}

/** Four zero bytes, then the counter, little-endian: section 5.4.6. */
function nonceOf(counter: number): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32LE(counter % 2 ** 32, 4)
  nonce.writeUInt32LE(Math.floor(counter / 2 ** 32), 8)
  return nonce
}

const CHACHA = 'chacha20-poly1305'
const TAG = { authTagLength: TAG_BYTES }

/** Encrypts, and signs that together with `associated`, which stays readable (RFC 8439). */
export function seal(key: Buffer, counter: number, plain: Uint8Array, associated: Buffer | null): Buffer {
  const cipher = createCipheriv(CHACHA, key, nonceOf(counter), TAG)
  if (associated !== null) cipher.setAAD(associated, { plaintextLength: plain.length })
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** @returns null for what was not sealed with this key, counter and `associated`: nobody sees any of it */
export function open(key: Buffer, counter: number, sealed: Buffer, associated: Buffer | null): Buffer | null {
  const length = sealed.length - TAG_BYTES
  if (length < 0) return null
  const decipher = createDecipheriv(CHACHA, key, nonceOf(counter), TAG)
  decipher.setAuthTag(sealed.subarray(length))
  if (associated !== null) decipher.setAAD(associated, { plaintextLength: length })
  const plain = decipher.update(sealed.subarray(0, length))
  try {
    decipher.final()
  } catch {
    return null
  }
  return plain
}

/** The same with a nonce of 24 random bytes, for cookies: XChaCha20-Poly1305, which OpenSSL does not have. */
export function sealRandomly(key: Buffer, nonce: Buffer, plain: Buffer, associated: Buffer): Buffer {
  return Buffer.from(xchacha20poly1305(key, nonce, associated).encrypt(plain))
}

export function openRandom(key: Buffer, nonce: Buffer, sealed: Buffer, associated: Buffer): Buffer | null {
  try {
    return Buffer.from(xchacha20poly1305(key, nonce, associated).decrypt(sealed))
  } catch {
    return null
  }
}

/** In the same time, whether they differ early, late or not at all. */
export function areSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}
