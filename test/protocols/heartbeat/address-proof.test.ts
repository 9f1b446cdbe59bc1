import { describe, expect, test } from 'vitest'
import { addressProof, UNPROVED_FACTOR_MAX } from '../../../src/protocols/heartbeat/address-proof.ts'
import { formatLine } from '../../../src/protocols/heartbeat/message.ts'

const proof = addressProof(Buffer.from('a secret'))
const HERE = '192.0.2.1:4000'
const pong = (number: number) => ({ kind: 'pong', number }) as const

describe('addressProof()', () => {
  test('takes its own number back from the same address only, and only in a PONG', () => {
    const number = proof.numberFor(HERE, 0)
    expect(proof.isProof(HERE, pong(number), 0)).toBe(true)
    expect(proof.isProof(HERE, { kind: 'ping', number }, 0)).toBe(false)
    expect(proof.isProof(HERE, pong(number + 1), 0)).toBe(false)
    expect(proof.isProof('192.0.2.1:4001', pong(number), 0)).toBe(false)
    expect(proof.isProof('192.0.2.2:4000', pong(number), 0)).toBe(false)
    expect(addressProof(Buffer.from('another secret')).isProof(HERE, pong(number), 0)).toBe(false)
  })

  test('takes it for ten seconds at least, and for twenty at most', () => {
    const number = proof.numberFor(HERE, 9999)
    expect(proof.isProof(HERE, pong(number), 19_999)).toBe(true)
    expect(proof.isProof(HERE, pong(number), 20_000)).toBe(false)
  })

  test('has numbers that fit into what may go back for the shortest PING', () => {
    const longest = 'PONG 0'.length + formatLine({ kind: 'ping', number: 9_999_999 }).trimEnd().length
    expect(longest).toBe(UNPROVED_FACTOR_MAX * 'PING 0'.length)
    for (let port = 0; port < 1000; port++) {
      expect(proof.numberFor(`192.0.2.1:${port}`, 0)).toBeLessThan(10_000_000)
    }
  })
})
