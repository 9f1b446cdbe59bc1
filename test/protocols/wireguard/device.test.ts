/** Two ends and the network between them, all of it in this process: an hour passes in a moment. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRange } from '../../../src/protocols/wireguard/allowed-ips.ts'
import { type Action, Device } from '../../../src/protocols/wireguard/device.ts'
import type { Endpoint } from '../../../src/protocols/wireguard/endpoint.ts'
import { type KeyPair, keyPair } from '../../../src/protocols/wireguard/primitives.ts'

const A = { address: '192.0.2.1', port: 1 }
const B = { address: '192.0.2.2', port: 2 }
const NONE = Buffer.alloc(32)

interface EndOptions {
  preshared?: Buffer
  persistentKeepaliveMs?: number
  peer?: Buffer
}

/** An IPv4 packet with nothing in it but a word. */
function packet(from: string, to: string, word = 'hello'): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt8(0x45)
  header.writeUInt16BE(20 + word.length, 2)
  Buffer.from(from.split('.').map(Number)).copy(header, 12)
  Buffer.from(to.split('.').map(Number)).copy(header, 16)
  return Buffer.concat([header, Buffer.from(word)])
}

const TO_B = packet('10.9.0.1', '10.9.0.2')
const TO_A = packet('10.9.0.2', '10.9.0.1')

class Network {
  nowMs = 0
  isCut = false
  /** By first byte: what went over the wire, and when. */
  readonly wire: { atMs: number; type: number; from: 'a' | 'b'; bytes: Buffer }[] = []
  readonly delivered = { a: [] as string[], b: [] as string[] }
  readonly notes: string[] = []
  readonly places = { a: A as Endpoint, b: B as Endpoint }
  readonly ends: { a: Device; b: Device }

  constructor(a: EndOptions = {}, b: EndOptions = {}) {
    const keys = { a: keyPair(), b: keyPair() }
    const device = (
      own: KeyPair,
      other: Buffer,
      inside: string,
      endpoint: Endpoint | null,
      options: EndOptions,
    ) =>
      new Device({
        own,
        peers: [
          {
            public: options.peer ?? other,
            preshared: options.preshared ?? NONE,
            endpoint,
            persistentKeepaliveMs: options.persistentKeepaliveMs ?? Infinity,
            allowedIps: [readRange(inside)],
          },
        ],
        wallMs: () => 1_700_000_000_000 + this.nowMs,
        random: () => 0,
      })
    this.ends = {
      a: device(keys.a, keys.b.public, '10.9.0.2', B, a),
      b: device(keys.b, keys.a.public, '10.9.0.1', null, b),
    }
  }

  /** Carries actions out; what is sent arrives at once. */
  carry(from: 'a' | 'b', actions: Action[] | null): void {
    const to = from === 'a' ? 'b' : 'a'
    for (const action of actions ?? []) {
      if (action.do === 'note') this.notes.push(`${from} ${action.note.name}`)
      if (action.do === 'note-refused') this.notes.push(`${from} refused ${action.refusal}`)
      if (action.do === 'deliver') this.delivered[from].push(action.packet.subarray(20).toString())
      if (action.do !== 'send') continue
      this.wire.push({ atMs: this.nowMs, type: action.bytes[0] ?? 0, from, bytes: action.bytes })
      const arrives = action.to.port === this.places[to].port
      if (!this.isCut && arrives) this.give(to, action.bytes, this.places[from])
    }
  }

  give(to: 'a' | 'b', bytes: Buffer, from: Endpoint): void {
    this.carry(to, this.ends[to].receive(Buffer.from(bytes), from, this.nowMs))
  }

  send(from: 'a' | 'b', bytes = from === 'a' ? TO_B : TO_A): void {
    this.carry(from, this.ends[from].send(bytes, this.nowMs))
  }

  /** Until then, timer by timer. */
  wait(ms: number): void {
    const untilMs = this.nowMs + ms
    for (;;) {
      const dueAtMs = Math.min(this.ends.a.dueAtMs, this.ends.b.dueAtMs)
      if (dueAtMs > untilMs) break
      this.nowMs = Math.max(this.nowMs, dueAtMs)
      for (const end of ['a', 'b'] as const) this.carry(end, this.ends[end].due(this.nowMs))
    }
    this.nowMs = untilMs
  }

  types(sinceMs = 0): string {
    return this.wire
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ from, type }) => `${from}${type}`)
      .join(' ')
  }
}

describe('two ends that know each other', () => {
  test('agree with two messages when there is something to say, and the third carries it', () => {
    const network = new Network()
    network.send('a')
    expect(network.types()).toBe('a1 b2 a4')
    expect(network.delivered.b).toEqual(['hello'])
    network.send('b')
    expect(network.delivered.a).toEqual(['hello'])
    expect(network.wire.map(({ bytes }) => bytes.length).slice(0, 2)).toEqual([148, 92])
  })

  test('say nothing on a tunnel that is up and idle; whoever has heard something says so once', () => {
    const network = new Network()
    network.send('a')
    network.wait(60_000)
    // b, which had something from a and nothing to say: one empty packet after ten seconds.
    expect(network.types(1)).toBe('b4')
    expect(network.wire.at(-1)).toMatchObject({ atMs: 10_000 })
    expect(network.wire.at(-1)?.bytes).toHaveLength(32)
  })

  test('replace their keys after two minutes, and lose no packet by it', () => {
    const network = new Network()
    for (let second = 0; second < 600; second += 1) {
      network.send('a')
      network.send('b')
      network.wait(1000)
    }
    expect(network.delivered.b).toHaveLength(600)
    expect(network.delivered.a).toHaveLength(600)
    const initiations = network.wire.filter(({ type }) => type === 1)
    expect(initiations.map(({ atMs }) => atMs)).toEqual([0, 120_000, 240_000, 360_000, 480_000])
    expect(new Set(initiations.map(({ from }) => from))).toEqual(new Set(['a']))
  })

  test('a persistent keepalive is sent whether or not anybody is there, and never answered', () => {
    const network = new Network({ persistentKeepaliveMs: 25_000 })
    network.carry('a', network.ends.a.start(0))
    network.wait(100_000)
    expect(network.types(1)).toBe('a4 a4 a4 a4')
  })

  test('roam: the newest authentic packet says where a peer is', () => {
    const network = new Network()
    network.send('a')
    network.places.a = { address: '198.51.100.7', port: 7 }
    network.send('b')
    expect(network.delivered.a).toEqual([])
    network.send('a')
    network.send('b')
    expect(network.delivered.a).toEqual(['hello'])
    expect(network.notes.filter((note) => note === 'b roamed')).toHaveLength(2)
  })
})

describe('when the other end is gone', () => {
  test('it begins anew after fifteen seconds without an answer, every five, and gives up after ninety', () => {
    const network = new Network()
    network.send('a')
    network.isCut = true
    network.wait(1000)
    network.send('a')
    network.wait(300_000)
    const initiations = network.wire
      .filter(({ type, atMs }) => type === 1 && atMs > 0)
      .map(({ atMs }) => atMs)
    expect(initiations[0]).toBe(15_000)
    expect(initiations[1]).toBe(20_000)
    expect(initiations.at(-1)).toBe(15_000 + 85_000)
    expect(network.notes).toContain('a gave-up')
  })

  test('keys that nobody used for nine minutes are erased, and the next packet makes new ones', () => {
    const network = new Network()
    network.send('a')
    network.wait(539_000)
    expect(network.notes).not.toContain('a keys-erased')
    network.wait(2000)
    expect(network.notes).toContain('a keys-erased')
    network.send('a')
    expect(network.delivered.b).toEqual(['hello', 'hello'])
  })

  test('a peer that was started again answers data with nothing, and a new handshake with its own', () => {
    const network = new Network()
    network.send('a')
    const recorded = network.wire.at(-1)?.bytes as Buffer
    const other = new Network()
    other.give('b', recorded, A)
    expect(other.notes).toEqual(['b refused unknown-index'])
    expect(other.wire).toEqual([])
  })
})

describe('silence', () => {
  test.each<[string, EndOptions, EndOptions, string]>([
    ['a key that is nobody’s here', {}, { peer: keyPair().public }, 'b refused unknown-peer'],
    ['a public key that is not ours', { peer: keyPair().public }, {}, 'b refused mac1'],
  ])('for %s', (_, a, b, note) => {
    const network = new Network(a, b)
    network.send('a')
    expect(network.types()).toBe('a1')
    expect(network.notes).toContain(note)
  })

  test('after a wrong preshared key: the first to see it is who began', () => {
    const network = new Network({ preshared: Buffer.alloc(32, 1) })
    network.send('a')
    expect(network.types()).toBe('a1 b2')
    expect(network.notes).toContain('a refused not-authentic')
    expect(network.delivered.b).toEqual([])
  })

  test('for what was recorded: a packet, and an initiation', () => {
    const network = new Network()
    network.send('a')
    const [initiation, , data] = network.wire.map(({ bytes }) => bytes) as [Buffer, Buffer, Buffer]
    network.nowMs = 1000
    network.give('b', data, A)
    network.give('b', initiation, A)
    expect(network.types(1)).toBe('')
    expect(network.notes.slice(-2)).toEqual(['b refused not-authentic', 'b refused replayed'])
  })

  test('for an address inside that is not this peer’s', () => {
    const network = new Network()
    network.send('a', packet('10.9.0.77', '10.9.0.2'))
    expect(network.notes).toContain('b refused not-allowed')
    expect(network.delivered.b).toEqual([])
  })
})

test('under load who asks has to show that it receives, and then is answered', () => {
  const network = new Network()
  network.isCut = true
  network.send('a')
  const initiation = network.wire[0]?.bytes as Buffer
  // The same initiation, again and again: each has a valid first mac.
  for (let sent = 0; sent < 150; sent += 1) network.give('b', initiation, { address: '203.0.113.9', port: 9 })
  expect(network.notes.filter((note) => note === 'b refused no-cookie')).toHaveLength(50)
  network.isCut = false
  network.carry('b', network.ends.b.receive(initiation, A, network.nowMs))
  expect(network.notes).toContain('a cookie-received')
  network.wait(5000)
  expect(network.delivered.b).toEqual(['hello'])
})

describe('whatever comes', () => {
  const exchanged = () => {
    const network = new Network()
    network.send('a')
    return network.wire.map(({ bytes }) => bytes) as [Buffer, Buffer, Buffer]
  }

  test('that is shorter than it should be is no message, and gets no answer', () => {
    for (const message of exchanged()) {
      const network = new Network()
      for (let length = 0; length < message.length; length += 1) {
        network.give('b', message.subarray(0, length), A)
        network.give('a', message.subarray(0, length), B)
      }
      expect(network.wire).toEqual([])
    }
  })

  test('with one bit changed is not authentic, and gets no answer', () => {
    const network = new Network()
    network.isCut = true
    network.send('a')
    const initiation = network.wire[0]?.bytes as Buffer
    const signed = initiation.length - 16
    for (let bit = 0; bit < signed * 8; bit += 1) {
      const changed = Buffer.from(initiation)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      network.give('b', changed, A)
    }
    expect(network.types()).toBe('a1')
    expect(network.delivered.b).toEqual([])
  })

  test('of random bytes neither end stops, and both talk on', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((all) => Buffer.from(all))
    const typed = fc.tuple(fc.integer({ min: 1, max: 4 }), bytes).map(([type, all]) => {
      if (all.length >= 4) all.writeUInt32LE(type)
      return all
    })
    const network = new Network()
    network.send('a')
    fc.assert(
      fc.property(fc.oneof(bytes, typed), (datagram) => {
        network.give('a', datagram, B)
        network.give('b', datagram, A)
      }),
      { numRuns: 2000 },
    )
    expect(network.types()).toBe('a1 b2 a4')
    network.send('a')
    network.send('b')
    expect([network.delivered.a.length, network.delivered.b.length]).toEqual([1, 2])
  })
})
