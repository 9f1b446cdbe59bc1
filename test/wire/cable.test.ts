import { describe, expect, test } from 'vitest'
import {
  CableLine,
  type CableSettings,
  type FrameKind,
  HELD_FRAMES_MAX,
  isOfKind,
  QUEUE_FRAMES_MAX,
  REORDER_WAIT_MS,
} from '../../src/wire/cable.ts'

interface Frame {
  bytes: Buffer
}

const numbered = (number: number, length = 60): Frame => ({ bytes: Buffer.alloc(length, number) })
const named = (frames: Frame[]) => frames.map(({ bytes }) => bytes[0])

/** An Ethernet frame with IPv4 and TCP: no options, no checksums. */
function segment(flags: number, payloadBytes = 0): Buffer {
  const frame = Buffer.alloc(54 + payloadBytes)
  frame.writeUInt16BE(0x0800, 12)
  frame.writeUInt8(0x45, 14)
  frame.writeUInt16BE(40 + payloadBytes, 16)
  frame.writeUInt8(6, 23)
  frame.writeUInt8(0x50, 46)
  frame.writeUInt8(flags, 47)
  return frame
}

/** A line that meets these chances one after the other. */
function lineWith(settings: Partial<CableSettings>, chances: number[] = []): CableLine<Frame> {
  const left = [...chances]
  const line = new CableLine<Frame>(() => left.shift() ?? 0.999)
  line.set(settings)
  return line
}

/** What leaves, and when, if frames enter every `everyMs` from 0 on. */
function sendThrough(line: CableLine<Frame>, frames: Frame[], everyMs: number): [number, number][] {
  const left: [number, number][] = []
  const takeUntil = (untilMs: number) => {
    for (let at = line.nextAtMs; at !== null && at <= untilMs; at = line.nextAtMs) {
      const frame = line.leave(at)
      if (frame !== null) left.push([frame.bytes[0] ?? -1, at])
    }
  }
  for (const [index, frame] of frames.entries()) {
    takeUntil(index * everyMs)
    line.enter(frame, index * everyMs)
  }
  takeUntil(1e6)
  return left
}

describe('CableLine', () => {
  test('a link has its own delay and loss, under those that are set', () => {
    const chances = [0.01, 0.3, 0.3, 0.3, 0.15]
    const line = new CableLine<Frame>(() => chances.shift() ?? 0.999, { delayMs: 50, loss: 0.02 })
    const frames = [1, 2, 3].map((number) => numbered(number))
    line.set({ delayMs: 10, loss: 0.2 })
    expect(sendThrough(line, frames, 100)).toEqual([[2, 160]])
    expect(line.counts).toMatchObject({ lost: 2, left: 1 })
  })

  test.each<[string, Partial<CableSettings>, number[], [number, number][]]>([
    [
      'nothing',
      {},
      [],
      [
        [0, 0],
        [1, 10],
        [2, 20],
      ],
    ],
    [
      'a delay',
      { delayMs: 50 },
      [],
      [
        [0, 50],
        [1, 60],
        [2, 70],
      ],
    ],
    [
      'jitter, in order: 1 waits for 0',
      { jitterMs: 20 },
      [0.9, 0.1, 0.5],
      [
        [0, 18],
        [1, 18],
        [2, 30],
      ],
    ],
    [
      'loss',
      { loss: 0.1 },
      [0.5, 0.05, 0.1],
      [
        [0, 0],
        [2, 20],
      ],
    ],
    [
      'duplication',
      { duplicate: 0.1 },
      [0.5, 0.05, 0.5],
      [
        [0, 0],
        [1, 10],
        [1, 10],
        [2, 20],
      ],
    ],
    [
      'reordering: 1 steps behind 2',
      { reorder: 0.1 },
      [0.5, 0.05, 0.5],
      [
        [0, 0],
        [2, 20],
        [1, 20],
      ],
    ],
    [
      'reordering: 0 and 1 step behind 2',
      { reorder: 0.1 },
      [0, 0, 0.5],
      [
        [2, 20],
        [0, 20],
        [1, 20],
      ],
    ],
    [
      'reordering of the last',
      { reorder: 0.1 },
      [0.5, 0.5, 0],
      [
        [0, 0],
        [1, 10],
        [2, 20 + REORDER_WAIT_MS],
      ],
    ],
    ['a cut', { cut: true }, [], []],
  ])('with %s', (_, settings, chances, expected) => {
    const line = lineWith(settings, chances)
    expect(sendThrough(line, [numbered(0), numbered(1), numbered(2)], 10)).toEqual(expected)
  })

  test('a black hole takes packets of more than so many bytes, without the Ethernet header', () => {
    const line = lineWith({ mtuBytes: 1000 })
    sendThrough(line, [numbered(0, 1014), numbered(1, 1015)], 1)
    expect(line.counts).toMatchObject({ left: 1, tooLarge: 1 })
  })

  test('a frame under way keeps its time when the delay changes, and is not overtaken', () => {
    const line = lineWith({ delayMs: 50 })
    line.enter(numbered(0), 0)
    line.set({ delayMs: 0 })
    line.enter(numbered(1), 10)
    expect(line.leave(49)).toBeNull()
    expect(named([line.leave(50), line.leave(50)] as Frame[])).toEqual([0, 1])
  })

  test.each<[string, (line: CableLine<Frame>) => void]>([
    ['cut', (line) => line.set({ cut: true })],
    ['unplugged', (line) => line.plug(false)],
  ])('what is under way is lost when it is %s', (_, cut) => {
    const line = lineWith({ delayMs: 50 })
    line.enter(numbered(0), 0)
    cut(line)
    expect(line.nextAtMs).toBeNull()
    line.set({ cut: false })
    line.plug(true)
    line.enter(numbered(1), 10)
    expect(named([line.leave(60)] as Frame[])).toEqual([1])
    expect(line.counts).toMatchObject({ entered: 2, cutOff: 1, left: 1 })
  })

  test('plugged in again, it is still cut if it was told so', () => {
    const line = lineWith({ cut: true })
    line.plug(false)
    line.plug(true)
    line.enter(numbered(0), 0)
    expect(line.nextAtMs).toBeNull()
  })

  test('holds what it is told to, and releases it in order', () => {
    const line = lineWith({})
    line.hold(['syn'])
    const [syn, again, ack] = [segment(0x02), segment(0x02), segment(0x10)].map((bytes) => ({ bytes }))
    if (!syn || !again || !ack) throw new Error('no frames')
    expect([line.enter(syn, 0), line.enter(ack, 1), line.enter(again, 2)]).toEqual(['held', null, 'held'])
    expect(line.leave(2)).toBe(ack)
    expect(line.leave(2)).toBeNull()
    expect(line.counts.held).toBe(2)
    expect(line.release([], 5)).toBe(2)
    expect([line.leave(5), line.leave(5), line.leave(5)]).toEqual([syn, again, null])
    expect(line.enter(syn, 6)).toBeNull()
  })

  test('released, a frame is delayed and lost like one that enters now, and the next kinds are held', () => {
    const line = lineWith({ delayMs: 50, loss: 0.1 }, [0.5, 0])
    line.hold(['everything'])
    line.enter(numbered(0), 0)
    line.enter(numbered(1), 1)
    line.release(['arp'], 100)
    expect(line.nextAtMs).toBe(150)
    expect(line.counts).toMatchObject({ lost: 1, held: 0 })
  })

  test('drops the next so many', () => {
    const line = lineWith({})
    line.drop(['everything'], 2)
    const fates = [0, 1, 2].map((number) => line.enter(numbered(number), number))
    expect(fates).toEqual(['dropped', 'dropped', null])
    expect(line.counts).toMatchObject({ entered: 3, dropped: 2 })
  })

  test.each([
    { loss: 10 },
    { reorder: -0.1 },
    { duplicate: Number.NaN },
    { delayMs: -1 },
    { jitterMs: Number.NaN },
  ])('refuses %j, and stays as it is', (change) => {
    const line = lineWith({ delayMs: 5 })
    expect(() => line.set({ delayMs: 7, ...change })).toThrow(RangeError)
    expect(line.settings.delayMs).toBe(5)
  })

  test('queues have an end', () => {
    const line = lineWith({ delayMs: 1000 })
    for (let number = 0; number <= QUEUE_FRAMES_MAX; number++) line.enter(numbered(number), 0)
    expect(line.counts.overflowed).toBe(1)
    line.hold(['everything'])
    for (let number = 0; number <= HELD_FRAMES_MAX; number++) line.enter(numbered(number), 0)
    expect(line.counts).toMatchObject({ overflowed: 2, held: HELD_FRAMES_MAX })
  })
})

describe('isOfKind()', () => {
  const frames = {
    SYN: segment(0x02),
    'SYN ACK': segment(0x12),
    ACK: segment(0x10),
    'PSH ACK with data': segment(0x18, 5),
    'FIN ACK': segment(0x11),
    'FIN ACK with data': segment(0x11, 5),
    RST: segment(0x04),
    'RST ACK': segment(0x14),
    nonsense: Buffer.from('nonsense'),
    nothing: Buffer.alloc(0),
  }
  test.each<[FrameKind, (keyof typeof frames)[]]>([
    ['syn', ['SYN']],
    ['syn-ack', ['SYN ACK']],
    ['ack', ['ACK']],
    ['data', ['PSH ACK with data', 'FIN ACK with data']],
    ['fin', ['FIN ACK', 'FIN ACK with data']],
    ['rst', ['RST', 'RST ACK']],
    ['udp', []],
    ['everything', Object.keys(frames) as (keyof typeof frames)[]],
  ])('%s is %j', (kind, expected) => {
    expect(
      Object.entries(frames).flatMap(([name, frame]) => (isOfKind(frame, [kind]) ? [name] : [])),
    ).toEqual(expected)
  })

  test('tcp is all of it', () => {
    const found = Object.values(frames).filter((frame) => isOfKind(frame, ['tcp', 'udp']))
    expect(found).toHaveLength(8)
  })
})
