/** STUN's Binding: the vectors of RFC 5769, and messages that nobody should send. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isStun,
  readStun,
  writeBindingRequest,
  writeBindingSuccess,
} from '../../../src/protocols/stun/message.ts'
import { Binding } from '../../../src/protocols/stun/transaction.ts'

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex')
const TRANSACTION = hex('b7e7a701 bc34d686 fa87dfae')

/** RFC 5769 2.1, 2.2, 2.3. */
const REQUEST = hex(`
  00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74 00240004 6e0001ff
  80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020 00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249
  c1b571a2 80280004 e57a3bcf`)
const RESPONSE_IPV4 = hex(`
  0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200008 0001a147 e112a643
  00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96`)
const RESPONSE_IPV6 = hex(`
  01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200014 0002a147 0113a9fa
  a5d3f179 bc25f4b5 bed2b9d9 00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c`)

describe('the vectors of RFC 5769', () => {
  test('a request; its priority must be understood, and is not', () => {
    expect(readStun(REQUEST)).toEqual({
      kind: 'binding-request',
      transaction: TRANSACTION,
      mapped: null,
      unknown: [0x24],
    })
  })

  test.each([
    [RESPONSE_IPV4, '192.0.2.1'],
    [RESPONSE_IPV6, '2001:db8:1234:5678:11:2233:4455:6677'],
  ])('an answer says from where the request came: $1', (bytes, address) => {
    expect(readStun(bytes)).toEqual({
      kind: 'binding-success',
      transaction: TRANSACTION,
      mapped: { address, port: 32_853 },
      unknown: [],
    })
  })

  test('a bit that differs in the transaction or in the address is found by the fingerprint', () => {
    const [transaction, address] = [RESPONSE_IPV4.subarray(8, 20), RESPONSE_IPV4.subarray(40, 48)]
    for (const part of [transaction, address]) {
      for (let bit = 0; bit < 8 * part.length; bit += 1) {
        const changed = Buffer.from(RESPONSE_IPV4)
        const at = RESPONSE_IPV4.indexOf(part) + (bit >> 3)
        changed.writeUInt8(changed.readUInt8(at) ^ (1 << (bit & 7)), at)
        expect(readStun(changed)).toBe(null)
      }
    }
  })
})

test('what was written is read', () => {
  const addresses = fc.oneof(fc.ipV4(), fc.ipV6())
  const transactions = fc.uint8Array({ minLength: 12, maxLength: 12 }).map(Buffer.from)
  fc.assert(
    fc.property(addresses, fc.nat(65_535), transactions, (address, port, transaction) => {
      const bytes = writeBindingSuccess(transaction, { address, port })
      const { mapped, ...rest } = readStun(bytes) as NonNullable<ReturnType<typeof readStun>>
      expect(rest).toEqual({ kind: 'binding-success', transaction, unknown: [] })
      expect(new URL(urlOf(mapped?.address ?? '')).hostname).toBe(new URL(urlOf(address)).hostname)
      expect(mapped?.port).toBe(port)
    }),
  )
})

const urlOf = (address: string) => `http://${address.includes(':') ? `[${address}]` : address}`

test('bytes of others are no STUN, and stop nothing', () => {
  for (const text of [
    '',
    'OPTIONS sip:b@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2\r\n\r\n',
    '\r\n\r\n',
  ]) {
    expect(isStun(Buffer.from(text))).toBe(false)
  }
  expect(() => writeBindingSuccess(TRANSACTION, { address: 'b.example', port: 1 })).toThrow(RangeError)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => readStun(Buffer.from(bytes)) === null))
  // With a head that fits, so that what comes after it is read.
  const bodies = fc.uint8Array({ maxLength: 25 }).map((bytes) => Buffer.from(bytes))
  fc.assert(
    fc.property(bodies, (body) => {
      const head = Buffer.from(REQUEST.subarray(0, 20))
      const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)])
      head.writeUInt16BE(padded.length, 2)
      const message = readStun(Buffer.concat([head, padded]))
      expect(message === null || message.kind === 'binding-request').toBe(true)
    }),
  )
})

describe('a question', () => {
  /** When the request is sent, until it is given up. */
  function sentAt(binding: Binding): number[] {
    const sent: number[] = []
    while (binding.dueAtMs < Infinity) {
      const { dueAtMs } = binding
      if (binding.due(dueAtMs)) sent.push(dueAtMs)
    }
    return sent
  }

  test('is asked seven times, further and further apart, and given up after 39.5 s', () => {
    const binding = new Binding(TRANSACTION, 0)
    const last: number[] = []
    expect(binding.request).toEqual(writeBindingRequest(TRANSACTION))
    while (binding.dueAtMs < Infinity) {
      last.push(binding.dueAtMs)
      binding.due(binding.dueAtMs)
    }
    expect(last).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500, 39_500])
    expect(binding.state).toBe('given-up')
    expect(sentAt(new Binding(TRANSACTION, 1000, 10))).toEqual([1000, 1010, 1030, 1070, 1150, 1310, 1630])
  })

  test('has its answer from whoever knows its number, once', () => {
    const binding = new Binding(TRANSACTION, 0)
    binding.due(0)
    const other = writeBindingSuccess(Buffer.alloc(12), { address: '192.0.2.9', port: 9 })
    expect([binding.receive(other), binding.receive(REQUEST), binding.state]).toEqual([
      false,
      false,
      'waiting',
    ])
    expect(binding.receive(RESPONSE_IPV4)).toBe(true)
    expect([binding.state, binding.seen, binding.dueAtMs]).toEqual([
      'answered',
      { address: '192.0.2.1', port: 32_853 },
      Infinity,
    ])
    expect(binding.receive(RESPONSE_IPV6)).toBe(true)
    expect(binding.seen?.address).toBe('192.0.2.1')
  })
})
