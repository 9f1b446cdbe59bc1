/** What whoever can send datagrams might try: nothing stops an end, nothing is kept for a stranger, most gets silence. */
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRange } from '../../../src/protocols/wireguard/allowed-ips.ts'
import {
  HANDSHAKES_PER_SECOND_MAX,
  LABEL_MAC1,
  REPLAY_WINDOW_PACKETS,
} from '../../../src/protocols/wireguard/constants.ts'
import { type Action, Device } from '../../../src/protocols/wireguard/device.ts'
import { hash, keyPair, mac } from '../../../src/protocols/wireguard/primitives.ts'

const A = { address: '192.0.2.1', port: 1 }
const B = { address: '192.0.2.2', port: 2 }
const keys = { a: keyPair(), b: keyPair() }

function deviceOf(own: 'a' | 'b'): Device {
  const [other, inside, endpoint] =
    own === 'a' ? [keys.b, '10.9.0.2', B] : ([keys.a, '10.9.0.1', null] as const)
  const peer = {
    public: other.public,
    preshared: Buffer.alloc(32),
    endpoint,
    persistentKeepaliveMs: Infinity,
    allowedIps: [readRange(inside)],
  }
  return new Device({ own: keys[own], peers: [peer], wallMs: () => 1_700_000_000_000 })
}

/** From a's inside to b's: nothing but a number. */
function packet(number: number): Buffer {
  const bytes = Buffer.alloc(24)
  bytes.writeUInt8(0x45)
  bytes.writeUInt16BE(24, 2)
  Buffer.from([10, 9, 0, 1, 10, 9, 0, 2]).copy(bytes, 12)
  bytes.writeUInt32BE(number, 20)
  return bytes
}

const sent = (actions: readonly Action[] | null) =>
  (actions ?? []).flatMap((action) => (action.do === 'send' ? [Buffer.from(action.bytes)] : []))
const delivered = (actions: readonly Action[]) =>
  actions.flatMap((action) => (action.do === 'deliver' ? [action.packet.readUInt32BE(20)] : []))

/** Both have keys, and both have spoken in them. */
function established() {
  const [a, b] = [deviceOf('a'), deviceOf('b')]
  const [initiation] = sent(a.send(packet(0), 0)) as [Buffer]
  const [response] = sent(b.receive(initiation, A, 0)) as [Buffer]
  const [data] = sent(a.receive(response, B, 0)) as [Buffer]
  b.receive(data, A, 0)
  return { a, b, initiation, response, data }
}

/** What anybody can make who knows the public key. */
function signedJunk(toPublic: Buffer, type: 1 | 2): Buffer {
  const message = randomBytes(type === 1 ? 148 : 92)
  message.writeUInt32LE(type)
  const signed = message.length - 32
  mac(hash(Buffer.from(LABEL_MAC1), toPublic), message.subarray(0, signed)).copy(message, signed)
  return message
}

test('every message, changed anywhere, cut or made longer, gets silence and changes nothing', () => {
  const { a, b, initiation, response, data } = established()
  const recorded = fc.constantFrom(initiation, response, data)
  const change = fc.record({
    message: recorded,
    place: fc.nat(200),
    value: fc.integer({ min: 1, max: 255 }),
    cutTo: fc.option(fc.nat(200)),
    more: fc.uint8Array({ maxLength: 40 }),
  })
  fc.assert(
    fc.property(change, ({ message, place, value, cutTo, more }) => {
      const changed = Buffer.concat([message, more]).subarray(0, cutTo ?? undefined)
      const at = place % Math.max(changed.length, 1)
      if (changed.length > 0) changed.writeUInt8(changed.readUInt8(at) ^ value, at)
      for (const [end, from] of [
        [a, B],
        [b, A],
      ] as const) {
        const actions = end.receive(changed, from, 1)
        expect(sent(actions)).toEqual([])
        expect(delivered(actions)).toEqual([])
      }
    }),
    // Fewer handshakes than are too many in a second: no cookies yet.
    { numRuns: HANDSHAKES_PER_SECOND_MAX - 20 },
  )
  const [next] = sent(a.send(packet(7), 2)) as [Buffer]
  expect(delivered(b.receive(next, A, 2))).toEqual([7])
})

test('packets in any order and any number: each that is not too late is delivered once', () => {
  const { a, b } = established()
  const packets = Array.from({ length: 60 }, (_, number) => sent(a.send(packet(number + 1), 0))[0] as Buffer)
  const order =
    fc.sample(fc.array(fc.nat(packets.length - 1), { minLength: 400, maxLength: 400 }), 1)[0] ?? []
  const came = order.flatMap((place) => delivered(b.receive(packets[place] as Buffer, A, 0)))
  expect(came).toEqual([...new Set(order)].map((place) => place + 1))
})

test('a packet that is later than the window is refused, one that is just in it is not', () => {
  const { a, b } = established()
  const packets = Array.from(
    { length: REPLAY_WINDOW_PACKETS + 1 },
    (_, number) => sent(a.send(packet(number), 0))[0],
  )
  const give = (place: number) => delivered(b.receive(packets.at(place) as Buffer, A, 0))
  expect(give(-1)).toEqual([REPLAY_WINDOW_PACKETS])
  expect(give(0)).toEqual([])
  expect(give(1)).toEqual([1])
})

test('a flood of junk with a valid first mac gets at most a cookie, which is shorter, and nothing is kept for it', () => {
  const { a, b } = established()
  const peersBefore = b.status(0).peers.map(({ sentBytes, receivedBytes }) => ({ sentBytes, receivedBytes }))
  const dueAtMs = b.dueAtMs
  const answers: Buffer[] = []
  const FLOOD = 1000
  for (let number = 0; number < FLOOD; number += 1) {
    const from = { address: `203.0.113.${number % 250}`, port: 1024 + number }
    answers.push(...sent(b.receive(signedJunk(keys.b.public, number % 2 === 0 ? 1 : 2), from, 10)))
  }
  expect(answers.length).toBeLessThanOrEqual(FLOOD - HANDSHAKES_PER_SECOND_MAX + 2)
  expect(new Set(answers.map((answer) => `${answer[0]} ${answer.length}`))).toEqual(new Set(['3 64']))
  expect(b.dueAtMs).toBe(dueAtMs)
  expect(b.status(0).peers).toMatchObject(peersBefore)
  // Who has keys notices nothing of it.
  expect(delivered(b.receive(sent(a.send(packet(9), 11))[0] as Buffer, A, 11))).toEqual([9])
})
