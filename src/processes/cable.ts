/**
 * The process that is the cables of a run: between hosts, it takes each frame from one and gives it to the
 * other, when and if it is told to. Linux can do most of this itself (netem), where it was built with it;
 * many kernels are not, and none can keep back a single SYN-ACK.
 *
 *      host a             the run's own namespace              host b
 *   +----------+       +--------------------------+         +----------+
 *   |     eth0 +-------+ cut-a  this process  cut-b +-------+ eth0     |
 *   +----------+       +--------------------------+         +----------+
 */
import { helperLog, serveLab } from '../kernel/as-helper.ts'
import type { CableAnswer, ToCables } from '../kernel/cable/messages.ts'
import { copyOf, FrameLoop, takeIn, type WholeFrame } from '../kernel/capture/frame-loop.ts'
import { PacketRing, wholePackets } from '../kernel/capture/packet-ring.ts'
import { systemCalls } from '../kernel/capture/system-calls.ts'
import { ByteLimit } from '../wire/byte-limit.ts'
import { type CableDirection, CableLine, cableDirections, type Link } from '../wire/cable.ts'
import { labelOf } from '../wire/label.ts'
import { decodePacket, flagNames } from '../wire/packet.ts'

/** One direction of one cable. */
interface Lane {
  cable: string
  direction: CableDirection
  line: CableLine<WholeFrame>
  /** Where frames come in; null until it is connected. */
  from: PacketRing | null
  to: PacketRing | null
  /** How much may pass until the cable is shut; null: no limit. */
  limit: ByteLimit | null
  /** Frames longer than a slot of the ring, since this was told. */
  cutShort: number
  /** The counts that the log was told last. */
  told: string
}

const { log } = helperLog('cable')
const emit = log.emitter('cable')
const system = systemCalls()
const lanes: Lane[] = []
const rings = () => lanes.flatMap(({ from }) => (from === null ? [] : [from]))
const loop = new FrameLoop(system, { turn, rings, untilDueMs, tellMissed, tellFailed })

serveLab<ToCables, CableAnswer>(
  (message) => obey(message),
  () => loop.stop(),
)
void run()

async function run(): Promise<void> {
  await loop.run()
  for (const lane of lanes) tellCounts(lane)
  process.exit()
}

/** @returns whether anything came */
function turn(): boolean {
  let hasTaken = false
  for (const lane of lanes) {
    const { line, from, to } = lane
    if (from !== null) {
      const taken = takeIn(from, (frame) => enter(lane, copyOf(frame)))
      lane.cutShort += taken.cutShort
      if (taken.hasTaken) hasTaken = true
    }
    const now = performance.now()
    // A host that is being rebooted has no card to take it.
    for (let frame = line.leave(now); frame !== null; frame = line.leave(now)) to?.send(frame.withOffload)
    to?.flush()
  }
  return hasTaken
}

function enter(lane: Lane, whole: WholeFrame): void {
  const isLimited = lane.limit?.isReached === false
  const frame = isLimited ? withinLimit(lane, whole) : whole
  const fate = lane.line.enter(frame, performance.now())
  if (isLimited && lane.limit?.isReached === true) {
    shut(lane.cable, true)
    emit('cable:limited', { cable: lane.cable, direction: lane.direction, bytes: 0, isReached: true })
  }
  if (fate === null) return
  const packet = decodePacket(frame.bytes)
  const text = labelOf(packet)
  emit('cable:frame_stopped', {
    cable: lane.cable,
    direction: lane.direction,
    fate,
    protocol: packet.protocol,
    source: packet.source,
    destination: packet.destination,
    ...(packet.protocol === 'tcp' ? { flags: flagNames(packet.flags) } : {}),
    bytes: 'bytes' in packet ? packet.bytes : 0,
    ...(text === undefined ? {} : { text }),
  })
}

/** The frame, or as much of it as may still pass: then nothing is put off for a network card to do. */
function withinLimit({ limit }: Lane, frame: WholeFrame): WholeFrame {
  const bytes = limit?.pass(frame.bytes) ?? frame.bytes
  if (bytes === frame.bytes) return frame
  const offload = Buffer.alloc(frame.withOffload.length - frame.bytes.length)
  return { bytes, withOffload: Buffer.concat([offload, bytes]) }
}

function shut(cable: string, isShut: boolean): void {
  for (const lane of lanes) if (lane.cable === cable) lane.line.shut(isShut)
}

function untilDueMs(): number | null {
  const next = Math.min(...lanes.map(({ line }) => line.nextAtMs ?? Number.POSITIVE_INFINITY))
  return next === Number.POSITIVE_INFINITY ? null : Math.max(0, next - performance.now())
}

function obey(message: Exclude<ToCables, { stop: true }>): CableAnswer {
  if ('connect' in message) {
    connect(message.connect)
  } else if ('plug' in message) {
    const { pair, isPlugged } = message.plug
    for (const direction of cableDirections) laneOf({ pair, direction }).line.plug(isPlugged)
    emit('cable:plugged', { cable: pair, isPlugged })
  } else if ('set' in message) {
    const lane = laneOf(message.set)
    tellCounts(lane)
    const before = lane.line.settings
    lane.line.set(message.set.change)
    emit('cable:set', { cable: lane.cable, direction: lane.direction, ...lane.line.settings })
    return { before }
  } else if ('limit' in message) {
    const lane = laneOf(message.limit)
    const { bytes } = message.limit
    lane.limit = bytes === null ? null : new ByteLimit(bytes)
    if (bytes === null) shut(lane.cable, false)
    emit('cable:limited', { cable: lane.cable, direction: lane.direction, bytes, isReached: false })
  } else if ('limited' in message) {
    return { isAtLimit: laneOf(message.limited).limit?.isReached === true }
  } else if ('drop' in message) {
    const { line, cable, direction } = laneOf(message.drop)
    const { kinds, frames } = message.drop
    line.drop(kinds, frames)
    emit('cable:told', { cable, direction, rule: 'drop', kinds: [...kinds], frames })
  } else if ('hold' in message) {
    const { line, cable, direction } = laneOf(message.hold)
    line.hold(message.hold.kinds)
    emit('cable:told', { cable, direction, rule: 'hold', kinds: [...message.hold.kinds] })
  } else if ('release' in message) {
    const { line, cable, direction } = laneOf(message.release)
    const { kinds } = message.release
    emit('cable:told', { cable, direction, rule: 'release', kinds: [...kinds], frames: line.counts.held })
    line.release(kinds, performance.now())
  } else return { counts: laneOf(message.count).line.counts }
  return {}
}

function connect({ pair, a, b, link }: { pair: string; a: string; b: string; link: Link }): void {
  for (const direction of cableDirections) {
    if (!lanes.some((lane) => lane.cable === pair && lane.direction === direction)) {
      const line = new CableLine<WholeFrame>(Math.random, link)
      lanes.push({ cable: pair, direction, line, from: null, to: null, limit: null, cutShort: 0, told: '' })
    }
  }
  const [aToB, bToA] = cableDirections.map((direction) => laneOf({ pair, direction }))
  if (aToB === undefined || bToA === undefined) return
  for (const lane of [aToB, bToA]) {
    lane.from?.close()
    lane.from = lane.to = null
  }
  const [endA, endB] = [a, b].map((name) => PacketRing.open(system, '/proc/self/ns/net', name, wholePackets))
  if (endA === undefined || endB === undefined) return
  aToB.from = bToA.to = endA
  bToA.from = aToB.to = endB
}

function laneOf({ pair, direction }: { pair: string; direction: CableDirection }): Lane {
  const found = lanes.find((lane) => lane.cable === pair && lane.direction === direction)
  if (found === undefined) throw new RangeError(`No cable "${pair}" here`)
  return found
}

/** Before its settings change and at the end, so that the difference is what these settings did. */
function tellCounts(lane: Lane): void {
  const { cable, direction, line } = lane
  const counts = line.counts
  if (JSON.stringify(counts) === lane.told) return
  lane.told = JSON.stringify(counts)
  emit('cable:counted', { cable, direction, ...counts })
}

function tellMissed(): void {
  for (const lane of lanes) {
    const frames = (lane.from?.dropped() ?? 0) + lane.cutShort
    lane.cutShort = 0
    if (frames > 0) emit('cable:frames_missed', { cable: lane.cable, direction: lane.direction, frames })
  }
}

function tellFailed(ring: PacketRing, error: string): void {
  for (const { from, cable, direction } of lanes) {
    if (from === ring) emit('cable:end_failed', { cable, direction, error })
  }
}
