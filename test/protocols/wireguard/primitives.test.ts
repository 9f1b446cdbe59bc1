/** Published figures: a primitive that gives them is the one that is meant. */
import { expect, test } from 'vitest'
import { dh, hash, keyPair, mac, open, seal } from '../../../src/protocols/wireguard/primitives.ts'

const bytes = (hex: string) => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex')

test('X25519 as in RFC 7748 section 6.1', () => {
  const alice = keyPair(bytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'))
  const bob = keyPair(bytes('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'))
  expect(bob.public.toString('hex')).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
  expect(dh(alice, bob.public)).toEqual(dh(bob, alice.public))
})

test('a point of low order makes no secret', () => {
  expect(dh(keyPair(), Buffer.alloc(32))).toBeNull()
})

test('BLAKE2s as in RFC 7693 appendix B, and with a key', () => {
  expect(hash(Buffer.from('abc')).toString('hex')).toBe(
    '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982',
  )
  const key = Buffer.alloc(32, 7)
  expect(mac(key, Buffer.from('ab'), Buffer.from('c'))).toEqual(mac(key, Buffer.from('abc')))
  expect(mac(key, Buffer.from('abc'))).toHaveLength(16)
  expect(mac(key, Buffer.from('abc'))).not.toEqual(mac(Buffer.alloc(32, 8), Buffer.from('abc')))
})

test('what was sealed opens with the same key, counter and associated bytes, and with no other', () => {
  const key = Buffer.alloc(32, 1)
  const sealed = seal(key, 5, Buffer.from('hello'), Buffer.from('head'))
  expect(open(key, 5, sealed, Buffer.from('head'))?.toString()).toBe('hello')
  expect(open(key, 6, sealed, Buffer.from('head'))).toBeNull()
  expect(open(key, 5, sealed, null)).toBeNull()
  expect(open(Buffer.alloc(32, 2), 5, sealed, Buffer.from('head'))).toBeNull()
  expect(open(key, 5, sealed.subarray(0, 15), Buffer.from('head'))).toBeNull()
})
