/** What the specifications print, through the functions that are used; where ours fix a parameter, through theirs. */
import { createCipheriv } from 'node:crypto'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { blake2s } from '@noble/hashes/blake2.js'
import { expect, test } from 'vitest'
import {
  dh,
  hash,
  keyPair,
  mac,
  openRandom,
  seal,
  sealRandomly,
} from '../../../src/protocols/wireguard/primitives.ts'

const bytes = (hex: string) => Buffer.from(hex, 'hex')
const upTo = (from: number, count: number) =>
  Buffer.from(Array.from({ length: count }, (_, place) => from + place))
const multiply = (scalar: Buffer, point: Buffer) =>
  dh({ private: scalar, public: point }, point) ?? Buffer.alloc(0)

test.each([
  [
    'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
    'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
    'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
  ],
  [
    '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
    'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
    '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
  ],
])('X25519 as in RFC 7748 section 5.2: %s', (scalar, point, product) => {
  expect(multiply(bytes(scalar), bytes(point)).toString('hex')).toBe(product)
})

test('X25519 a thousand times over, as in RFC 7748 section 5.2', () => {
  const base: Buffer = bytes(`09${'00'.repeat(31)}`)
  let [scalar, point] = [base, base]
  const after: Record<number, string> = {}
  for (let times = 1; times <= 1000; times += 1) {
    ;[scalar, point] = [multiply(scalar, point), scalar]
    if (times === 1 || times === 1000) after[times] = scalar.toString('hex')
  }
  expect(after).toEqual({
    1: '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079',
    1000: '684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51',
  })
})

test('a shared secret as in RFC 7748 section 6.1', () => {
  const alice = keyPair(bytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'))
  const bobPublic = bytes('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
  expect(dh(alice, bobPublic)?.toString('hex')).toBe(
    '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  )
})

const SUNSCREEN = Buffer.from(
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
)
const ASSOCIATED = bytes('50515253c0c1c2c3c4c5c6c7')

test('ChaCha20-Poly1305 as in RFC 8439 section 2.8.2, and ours the same with a nonce of WireGuard', () => {
  const [key, nonce] = [upTo(0x80, 32), bytes('070000004041424344454647')]
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  cipher.setAAD(ASSOCIATED, { plaintextLength: SUNSCREEN.length })
  const sealed = Buffer.concat([cipher.update(SUNSCREEN), cipher.final(), cipher.getAuthTag()])
  expect(sealed.toString('hex')).toBe(
    'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b' +
      '1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc' +
      '3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
  )
  // Another library, given the nonce in full: four zero bytes, then the counter, little-endian.
  const counted = bytes('000000000403020100000100')
  const theirs = chacha20poly1305(key, counted, ASSOCIATED).encrypt(SUNSCREEN)
  expect(seal(key, 0x0001_0000_0102_0304, SUNSCREEN, ASSOCIATED)).toEqual(Buffer.from(theirs))
})

test('XChaCha20-Poly1305 as in draft-irtf-cfrg-xchacha-03 appendix A.3.1', () => {
  const [key, nonce] = [upTo(0x80, 32), upTo(0x40, 24)]
  const sealed = sealRandomly(key, nonce, SUNSCREEN, ASSOCIATED)
  expect(sealed.toString('hex')).toBe(
    'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39' +
      'ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9' +
      '21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49',
  )
  expect(openRandom(key, nonce, sealed, ASSOCIATED)).toEqual(SUNSCREEN)
})

/** RFC 7693 appendix E: bytes that only look random. */
function sequence(length: number, seed: number): Buffer {
  let [a, b] = [Math.imul(0xdead4bad, seed) >>> 0, 1]
  const filled = Buffer.alloc(length)
  for (let place = 0; place < length; place += 1) {
    const next = (a + b) >>> 0
    ;[a, b] = [b, next]
    filled.writeUInt8(next >>> 24, place)
  }
  return filled
}

test('BLAKE2s, with a key and without, of all lengths of RFC 7693 appendix E', () => {
  const all: Uint8Array[] = []
  for (const dkLen of [16, 20, 28, 32]) {
    for (const length of [0, 3, 64, 65, 255, 1024]) {
      const input = sequence(length, length)
      const key = sequence(dkLen, dkLen)
      const [plain, keyed] = [blake2s(input, { dkLen }), blake2s(input, { dkLen, key })]
      all.push(plain, keyed)
      // Where ours have the same parameters they are the same functions.
      if (dkLen === 32) expect(hash(input)).toEqual(Buffer.from(plain))
      if (dkLen === 16) expect(mac(key, input)).toEqual(Buffer.from(keyed))
    }
  }
  expect(hash(...all).toString('hex')).toBe(
    '6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe',
  )
})
