/** The handshake, held against the published vector of its pattern. */
import { expect, test } from 'vitest'
import { type First, Initiator, Responder, type Second } from '../../../src/protocols/wireguard/noise.ts'
import { keyPair, seal } from '../../../src/protocols/wireguard/primitives.ts'

const hex = (text: string) => Buffer.from(text, 'hex')

/** haskell-cryptography/cacophony, vectors/cacophony.txt: Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s. */
const PROLOGUE = Buffer.from('John Galt')
const PRESHARED = Buffer.from('This is my Austrian perspective!')
const INITIATOR = keyPair(hex('e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1'))
const INITIATOR_EPHEMERAL = keyPair(hex('893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a'))
const RESPONDER = keyPair(hex('4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893'))
const RESPONDER_EPHEMERAL = keyPair(hex('bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b'))
const FIRST =
  'ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944001e21de9f98ddd8e2ad57527207feb5' +
  '6253c9c94a9e496782ecfcb2a75fbcaf1b52948cc48daefe660c62119ab5000980c84831215f2441eba616548e832985' +
  '464cf17e51ee93109008399a21f7e13f'
const SECOND =
  '95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843cb765f2caef0751b8f007572dab03222' +
  '17755c0632f365717edbf34d33e87a'

const allOf = (message: First | Second) => Buffer.concat(Object.values(message)).toString('hex')

test('both ends say what the vector says, and come to its keys', () => {
  const initiator = new Initiator(INITIATOR, RESPONDER.public, INITIATOR_EPHEMERAL, PROLOGUE)
  const first = initiator.writeFirst(Buffer.from('Ludwig von Mises'))
  expect(first && allOf(first)).toBe(FIRST)

  const responder = new Responder(RESPONDER, PROLOGUE)
  expect(responder.readStatic(first as First)).toEqual(INITIATOR.public)
  expect(responder.readPayload(first as First)?.toString()).toBe('Ludwig von Mises')
  const second = responder.writeSecond(Buffer.from('Murray Rothbard'), RESPONDER_EPHEMERAL, PRESHARED)
  expect(second && allOf(second.message)).toBe(SECOND)

  const read = initiator.readSecond(second?.message as Second, PRESHARED)
  expect(read?.payload.toString()).toBe('Murray Rothbard')
  expect(read?.keys.send).toEqual(second?.keys.receive)
  expect(seal(read?.keys.send as Buffer, 0, Buffer.from('F. A. Hayek'), null).toString('hex')).toBe(
    '8153ca9833bc3c1b91a7e66e5f4d4f5b59bf9e64c2f20d15f0bba7',
  )
  expect(seal(second?.keys.send as Buffer, 0, Buffer.from('Carl Menger'), null).toString('hex')).toBe(
    '07af0c9c86e1b4e80f36b04ff7688d51141af3debd0332f0a705ef',
  )
})

test('a forged answer is none, and does not spoil the right one', () => {
  const initiator = new Initiator(INITIATOR, RESPONDER.public, keyPair())
  const first = initiator.writeFirst(Buffer.alloc(12)) as First
  const responder = new Responder(RESPONDER)
  responder.readStatic(first)
  responder.readPayload(first)
  const { message } = responder.writeSecond(Buffer.alloc(0), keyPair(), PRESHARED) as { message: Second }
  expect(initiator.readSecond({ ...message, payload: Buffer.alloc(16) }, PRESHARED)).toBeNull()
  expect(initiator.readSecond(message, Buffer.alloc(32))).toBeNull()
  expect(initiator.readSecond(message, PRESHARED)).not.toBeNull()
})

test('who does not have the key that it names is not believed', () => {
  const stranger = new Initiator({ ...keyPair(), public: INITIATOR.public }, RESPONDER.public, keyPair())
  const first = stranger.writeFirst(Buffer.alloc(12)) as First
  const responder = new Responder(RESPONDER)
  expect(responder.readStatic(first)).toEqual(INITIATOR.public)
  expect(responder.readPayload(first)).toBeNull()
})
