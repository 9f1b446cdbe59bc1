import { endianness } from 'node:os'
import { expect, test } from 'vitest'
import { decodeHeardAgo, decodeSack, decodeTcpInfo } from '../../src/kernel/tcp-info.ts'
import { testNeeding } from '../support/needs.ts'

/** struct tcp_info of linux/tcp.h after a write was lost, as far as a kernel of 2005 fills it. */
function info({ state = 1 } = {}): Buffer {
  const bytes = Buffer.alloc(104)
  bytes.set([state, 4, 3, 2, 5], 0) // state, ca_state, retransmits, probes, backoff
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, 26)
  words[2] = 1_632_000 // rto
  words[6] = 1 // unacked
  words[13] = 2500 // last_data_recv
  words[14] = 1200 // last_ack_recv
  words[17] = 40 // rtt
  return bytes
}

test('decodeTcpInfo() gives milliseconds', () => {
  expect(decodeTcpInfo(info())).toEqual({
    state: 'ESTABLISHED',
    retransmissionTimeoutMs: 1632,
    roundTripMs: 0.04,
    unackedSegments: 1,
    retransmits: 3,
    unansweredProbes: 2,
    backoff: 5,
  })
})

test('decodeTcpInfo() counts segments, where the kernel does', () => {
  const longer = Buffer.concat([info(), Buffer.alloc(40)])
  const words = new Uint32Array(longer.buffer, longer.byteOffset, 36)
  words[34] = 7
  words[35] = 5
  expect(decodeTcpInfo(longer)).toMatchObject({ segmentsOut: 7, segmentsIn: 5 })
  expect(decodeTcpInfo(longer.subarray(0, 143))).not.toHaveProperty('segmentsIn')
})

test('decodeHeardAgo() takes whatever was heard last', () => {
  expect(decodeHeardAgo(info())).toBe(1200)
  expect(decodeHeardAgo(info().subarray(0, 60))).toBeNull()
})

test('decodeSack() reads one of the options', () => {
  const bytes = info()
  expect(decodeSack(bytes)).toBe(false)
  bytes[5] = 1 | 2 // timestamps, SACK
  expect(decodeSack(bytes)).toBe(true)
})

test('decodeTcpInfo() takes a struct that ends after the round trip, and none that ends before', () => {
  expect(decodeTcpInfo(info().subarray(0, 72))).not.toBeNull()
  expect(decodeTcpInfo(info().subarray(0, 71))).toBeNull()
})

test('decodeTcpInfo() has nothing to say about a closed socket', () => {
  expect(decodeTcpInfo(info({ state: 7 }))).toBeNull()
})

testNeeding('a little-endian processor', endianness() === 'LE')(
  'decodeTcpInfo() reads the order of the machine',
  () => {
    const bytes = Buffer.alloc(104)
    bytes[0] = 1
    bytes.set([0xe0, 0x1c, 0x03, 0x00], 8)
    expect(decodeTcpInfo(bytes)?.retransmissionTimeoutMs).toBe(204)
  },
)
