/** Digest with the examples that RFC 2617 3.5 and RFC 7616 3.9.1 print, and what a server makes of nonces. */
import { describe, expect, test } from 'vitest'
import {
  answerChallenge,
  isRight,
  readChallenge,
  readCredentials,
  responseOf,
  writeChallenge,
} from '../../../src/protocols/sip/digest.ts'
import { NONCE_GOOD_FOR_MS, Nonces } from '../../../src/protocols/sip/nonces.ts'

const mufasa = {
  username: 'Mufasa',
  realm: 'http-auth@example.org',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  uri: '/dir/index.html',
  counted: { cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ', nc: '00000001' },
}
const secret = { password: 'Circle of Life', method: 'GET' }

test('responses are those of the examples', () => {
  expect(responseOf({ ...mufasa, algorithm: 'MD5' }, secret)).toBe('8ca523f5e9506fed4657c9700eebdbec')
  expect(responseOf({ ...mufasa, algorithm: 'SHA-256' }, secret)).toBe(
    '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
  )
  const older = { nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093', realm: 'testrealm@host.com' }
  const counted = { cnonce: '0a4f113b', nc: '00000001' }
  const password = 'Circle Of Life'
  expect(responseOf({ ...mufasa, ...older, counted, algorithm: 'MD5' }, { password, method: 'GET' })).toBe(
    '6629fae49393a05397450978507c4ef1',
  )
})

test('a challenge is answered, and the answer is right for that password only', () => {
  const challenge = {
    realm: 'a "b"',
    nonce: 'n',
    algorithm: 'SHA-256',
    qop: true,
    opaque: 'o',
    isStale: true,
  } as const
  const read = readChallenge(writeChallenge(challenge))
  expect(read).toEqual(challenge)
  const who = { username: 'bob', password: 'x', method: 'REGISTER', uri: 'sip:r', cnonce: 'c', uses: 1 }
  const credentials = readCredentials(answerChallenge(challenge, who))
  if (credentials === null) throw new Error('not read')
  expect(isRight(credentials, who)).toBe(true)
  expect(isRight(credentials, { ...who, password: 'y' })).toBe(false)
  expect(readChallenge('NoOneKnowsThisScheme opaque-data=here')).toBeNull()
})

describe('a nonce', () => {
  const nonces = new Nonces(Buffer.alloc(32, 1))
  test('is good once for each number, for its time, where it was made', () => {
    const nonce = nonces.make(1000, 'random')
    expect(nonces.use(nonce, '00000001', 1000)).toBe('good')
    expect(nonces.use(nonce, '00000001', 1001)).toBe('replayed')
    expect(nonces.use(nonce, '00000002', 1002)).toBe('good')
    expect(nonces.use(nonce, 'zz', 1002)).toBe('replayed')
    expect(nonces.use(nonce, '00000003', 1000 + NONCE_GOOD_FOR_MS)).toBe('stale')
    expect(new Nonces(Buffer.alloc(32, 2)).use(nonce, '00000001', 1000)).toBe('not-ours')
    expect(nonces.use('', null, 0)).toBe('not-ours')
  })
})
