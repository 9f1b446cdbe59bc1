/** Frames in, frames out: which go to the exchange, which to the packet line, and when they leave. */
import { expect, test } from 'vitest'
import {
  formatTelephone,
  parseTelephone,
  TELEPHONE_PORT,
  type TelephoneMessage,
  VOICE_BYTES,
} from '../../src/protocols/telephone/message.ts'
import { datagramFrame, placesOf } from '../../src/wire/datagram.ts'
import { OfficeFrames, type Outgoing } from '../../src/wire/office-frames.ts'
import { decodePacket } from '../../src/wire/packet.ts'

const OFFLOAD_BYTES = 10
const a = { mac: Buffer.from('02000a000101', 'hex'), ip: Buffer.from([10, 0, 1, 1]) }
const b = { mac: Buffer.from('02000a000102', 'hex'), ip: Buffer.from([10, 0, 1, 2]) }

function newOffice(change = {}) {
  return new OfficeFrames({ lines: 4, slots: 2, frameMs: 20, queueMax: 1, ...change })
}

function frame(from: typeof a, to: typeof a, payload: Buffer, port = TELEPHONE_PORT) {
  const bytes = datagramFrame(from, to, port, payload, 7)
  return { bytes, withOffload: Buffer.concat([Buffer.alloc(OFFLOAD_BYTES), bytes]) }
}

const says = (from: typeof a, to: typeof a, message: TelephoneMessage) =>
  frame(from, to, formatTelephone(message))

/** `a connected 1` */
function words(outgoing: readonly Outgoing[]): string[] {
  return outgoing.map(({ to, withOffload }) => {
    const packet = decodePacket(withOffload.subarray(OFFLOAD_BYTES))
    const message = packet.protocol === 'udp' ? parseTelephone(packet.payload) : null
    return message === null ? `${to} ${packet.protocol}` : `${to} ${message.verb} ${message.line}`
  })
}

function attached(change = {}) {
  const frames = newOffice(change)
  frames.enter(says(a, b, { verb: 'attach', line: 0 }), 'a', 0)
  frames.enter(says(b, a, { verb: 'attach', line: 0 }), 'b', 0)
  expect(words(frames.due(0))).toEqual(['a attach 0', 'b attach 0'])
  return frames
}

test('a frame that is made is one that can be read, and its checksum is right', () => {
  const { bytes } = frame(a, b, Buffer.from('hello'), 40_000)
  expect(decodePacket(bytes)).toMatchObject({
    protocol: 'udp',
    source: '10.0.1.1:40000',
    destination: '10.0.1.2:40000',
    bytes: 5,
    payload: Buffer.from('hello'),
  })
  expect(placesOf(bytes)).toEqual({ source: a, destination: b })
  // RFC 1071: with the checksum in it, a header adds up to all ones.
  const header = Array.from({ length: 10 }, (_, word) => bytes.readUInt16BE(14 + 2 * word))
  expect(header.reduce((sum, word) => sum + word, 0) % 0xffff).toBe(0)
})

test('a telephone is answered in the name of the one beyond, at once', () => {
  const frames = attached()
  frames.enter(says(a, b, { verb: 'call', line: 1 }), 'a', 1)
  const outgoing = frames.due(1)
  expect(words(outgoing)).toEqual(['b ringing 1', 'a connected 1'])
  const answer = decodePacket(outgoing[1]?.withOffload.subarray(OFFLOAD_BYTES) ?? Buffer.of())
  expect(answer).toMatchObject({
    source: `10.0.1.2:${TELEPHONE_PORT}`,
    destination: `10.0.1.1:${TELEPHONE_PORT}`,
  })
})

test('the trunk has its clock; speech leaves with the next frame, and c sees each of the same length', () => {
  const frames = attached()
  frames.enter(says(a, b, { verb: 'call', line: 1 }), 'a', 1)
  frames.due(1)
  expect(frames.office.nextDueMs).toBe(20)
  frames.enter(says(a, b, { verb: 'voice', line: 1, voice: { number: 1, spokenAtUs: 5 } }), 'a', 2)
  expect(frames.due(19)).toEqual([])
  const full = frames.due(20)
  expect(words(full)).toEqual(['b voice 1', 'c other'])
  const empty = frames.due(40)
  expect(words(empty)).toEqual(['c other'])
  const length = OFFLOAD_BYTES + 14 + 2 * VOICE_BYTES
  expect([full[1], empty[0]].map((one) => one?.withOffload.length)).toEqual([length, length])
  expect(frames.office.counted()).toMatchObject({ frames: 2, reserved: 2, silent: 1, owners: [1, 0] })
})

test('a frame of the trunk that is too long for Ethernet is shown in several', () => {
  const frames = attached({ lines: 20, slots: 12 })
  const shown = frames.due(20).map(({ withOffload }) => withOffload.length - OFFLOAD_BYTES - 14)
  expect(shown).toEqual([9 * VOICE_BYTES, 3 * VOICE_BYTES])
})

test('everything else stands in the queue of the packet line, whatever it says', () => {
  const frames = newOffice()
  const other = frame(a, b, Buffer.from('hello'), 40_000)
  const nonsense = frame(a, b, Buffer.from('hello'))
  for (const one of [other, nonsense, other]) frames.enter(one, 'a', 0)
  expect(frames.office.nextDueMs).toBe(10)
  expect(frames.due(10)).toEqual([{ to: 'b', withOffload: other.withOffload }])
  expect(frames.due(20)).toEqual([{ to: 'b', withOffload: nonsense.withOffload }])
  frames.enter(other, 'b', 21)
  expect(frames.due(31)).toEqual([{ to: 'a', withOffload: other.withOffload }])
  expect(frames.office.counted()).toMatchObject({ packets: 3, dropped: 1, calls: 0 })
})

test('the rows of what was seen begin anew when they were told', () => {
  const frames = newOffice({ queueMax: 0 })
  for (let packet = 0; packet < 100; packet++) frames.enter(frame(a, b, Buffer.of(), 40_000), 'a', packet * 5)
  const { droppedShares, waitsMs } = frames.office.counted()
  expect([droppedShares.length, waitsMs.length]).toEqual([20, 20])
  expect(frames.office.counted().droppedShares).toEqual([])
})

test('a dead line ends its calls', () => {
  const frames = attached()
  frames.enter(says(a, b, { verb: 'call', line: 1 }), 'a', 1)
  frames.due(1)
  expect(frames.office.lose('b')).toBe(1)
  expect(words(frames.due(1))).toEqual(['a lost 1'])
  expect(frames.office.lose('b')).toBe(0)
})
