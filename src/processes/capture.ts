/**
 * The capture process: started by the runner, inside the run's namespaces. It sees every packet of every
 * host twice, as sent and as received, and tells which two are one.
 *
 * A process of its own, so that its work delays neither the observed programs nor the control timer; and
 * of low priority, since a late look loses nothing: the kernel has stamped the packets and keeps them.
 */
import { closeSync, existsSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { setPriority } from 'node:os'
import type { Emitter } from '../events/emit.ts'
import { helperLog, serveLab } from '../kernel/as-helper.ts'
import type { ToCapture, WatchedHost, WatchedTunnel } from '../kernel/capture/messages.ts'
import { BYTES_KEPT, type CapturedFrame, PacketRing, SLOTS } from '../kernel/capture/packet-ring.ts'
import { systemCalls } from '../kernel/capture/system-calls.ts'
import { measureWallClock, readClocks } from '../kernel/capture/wall-clock.ts'
import { enhancedPacket, interfaceDescription, linkType, sectionHeader } from '../view/pcapng/blocks.ts'
import { FlowMemory } from '../wire/flow-memory.ts'
import { FragmentMemory } from '../wire/fragments.ts'
import { groupOf } from '../wire/group.ts'
import { headerBytes } from '../wire/headers.ts'
import { framed } from '../wire/ip.ts'
import { labelOf } from '../wire/label.ts'
import { PacketNumbers, packetKey, untranslated } from '../wire/match.ts'
import { decodePacket, flagNames } from '../wire/packet.ts'
import { readTlsHello } from '../wire/tls-hello.ts'

/** Seldom enough to cost nothing while nothing happens; the recorder waits longer for late events. */
const LOOK_EVERY_MS = 20
/** The event loop is ours again after this many, about 20 ms; the rest waits in the rings. */
const PACKETS_A_LOOK_MAX = 500
/**
 * A packet is stamped a moment before it is in its ring. Younger ones wait for the next look, so that an
 * older one of another host cannot come after them.
 */
const HOLD_BACK_NS = 1_000_000n
const ASK_FOR_DROPS_EVERY_MS = 1000
/** The one that every host has. */
const FIRST_CARD = 'eth0'
/** nice(1): ten times less weight than a program of ordinary priority. */
const NICENESS = 10

/** One network card of a host. What is known of the host's connections is one for all of its cards. */
interface Watched {
  name: string
  card: string
  /** There is nothing but IP on it: a frame is put around each packet, as files and decoders want it. */
  isTunnel: boolean
  /** `performance.now()` when its ring was asked for drops last. */
  askedForDropsAt: number
  ring: PacketRing
  emit: Emitter
  flows: FlowMemory
  fragments: FragmentMemory
  capture: CaptureFile
}

interface CaptureFile {
  descriptor: number
  frames: number
  /** Written at the end of a look: one write(2) for all of its packets. */
  blocks: Buffer[]
}

const { identity, log } = helperLog('capture')
setPriority(NICENESS)
const system = systemCalls()
const clock = measureWallClock(system)
/** The clock of the .pcapng files: the wall clock as it was now, whoever sets it later. */
const wallClockAheadNs = clock.aheadNs
const watched = new Set<Watched>()
const files = new Map<string, CaptureFile>()
const mechanisms = new Map<string, string>()
const translations = new Map<string, string>()
const numbers = new PacketNumbers()
mkdirSync(`${identity.folder}/packets`, { recursive: true })

setInterval(() => look(process.hrtime.bigint() - HOLD_BACK_NS, PACKETS_A_LOOK_MAX), LOOK_EVERY_MS)
setInterval(reportDrops, ASK_FOR_DROPS_EVERY_MS)
// When the lab is gone, what it left in the rings is still worth having.
serveLab<ToCapture, void>((message) => {
  if ('watch' in message) watch(message.watch)
  else if ('tunnel' in message) watchTunnel(message.tunnel)
  else if ('mechanisms' in message) learn(mechanisms, message.mechanisms)
  else learn(translations, message.translations)
}, stop)

function watch({ name, incarnation, cards = [FIRST_CARD] }: WatchedHost): void {
  closeAll(
    [...watched].filter((before) => before.name === name),
    'the host was started again',
  )
  const host = { name, incarnation }
  const capture = files.get(name) ?? createFile(name)
  const shared = {
    name,
    emit: log.emitter('wire', host),
    flows: new FlowMemory(),
    fragments: new FragmentMemory(),
    capture,
  }
  for (const card of cards) {
    const ring = PacketRing.open(system, `/run/netns/${name}`, card)
    watched.add({ ...shared, card, isTunnel: false, askedForDropsAt: performance.now(), ring })
  }
  files.set(name, capture)
  shared.emit('wire:capture_started', {
    packetsBuffered: SLOTS,
    bytesKept: BYTES_KEPT,
    wallClockAheadNs: String(wallClockAheadNs),
    wallClockWithinNs: Number(clock.withinNs),
  })
}

/** What is known of the host's connections is one for all of its cards, and they write one file. */
function watchTunnel({ name, card }: WatchedTunnel): void {
  const host = [...watched].find((one) => one.name === name)
  if (host === undefined) throw new RangeError(`${name} is not captured`)
  const ring = PacketRing.open(system, `/run/netns/${name}`, card)
  watched.add({ ...host, card, isTunnel: true, askedForDropsAt: performance.now(), ring })
}

function createFile(name: string): CaptureFile {
  const path = `${identity.folder}/packets/${name}.pcapng`
  if (existsSync(path)) throw new RangeError(`${path} exists already`)
  const descriptor = openSync(path, 'a')
  const about = { name, description: `the network cards of ${name}`, bytesKept: BYTES_KEPT }
  writeSync(
    descriptor,
    Buffer.concat([sectionHeader(), interfaceDescription({ ...about, linkType: linkType.ethernet })]),
  )
  return { descriptor, frames: 0, blocks: [] }
}

function learn(known: Map<string, string>, told: Record<string, string>): void {
  for (const [address, what] of Object.entries(told)) known.set(address, what)
}

/** Takes up to `limit` packets stamped before `untilNs`, of all hosts, in order of time. */
function look(untilNs: bigint, limit: number): void {
  let oldest = findOldest()
  if (oldest === null) return
  clock.update(readClocks(system))
  const untilWallNs = untilNs + clock.aheadNs
  for (let taken = 0; taken < limit; taken++) {
    if (oldest === null || oldest.frame.wallNs > untilWallNs) break
    record(oldest.host, oldest.frame)
    oldest.host.ring.release()
    oldest = findOldest()
  }
  for (const { descriptor, blocks } of files.values()) {
    if (blocks.length > 0) writeSync(descriptor, Buffer.concat(blocks.splice(0)))
  }
}

function findOldest(): { host: Watched; frame: CapturedFrame } | null {
  let oldest: { host: Watched; frame: CapturedFrame } | null = null
  for (const host of watched) {
    const frame = host.ring.head()
    if (frame !== null && (oldest === null || frame.wallNs < oldest.frame.wallNs)) oldest = { host, frame }
  }
  return oldest
}

function record(
  { name, card, isTunnel, emit, flows, fragments, capture }: Watched,
  frame: CapturedFrame,
): void {
  const { direction } = frame
  const bytes = isTunnel ? framed(frame.bytes) : frame.bytes
  const wireBytes = frame.wireBytes + bytes.length - frame.bytes.length
  const mono = frame.wallNs - clock.aheadNs
  const packet = decodePacket(bytes)
  const text = labelOf(packet)
  const groupId = fragments.groupOf(packet, groupOf(packet, mechanisms))
  capture.frames += 1
  capture.blocks.push(enhancedPacket({ interfaceId: 0, wallNs: mono + wallClockAheadNs, bytes, wireBytes }))
  emit(
    'packet:captured',
    {
      direction,
      packet: String(numbers.numberOf(packetKey(untranslated(packet, translations)), direction, name, mono)),
      frame: capture.frames,
      protocol: packet.protocol,
      source: packet.source,
      destination: packet.destination,
      kind: flows.classify(packet),
      ...(packet.protocol === 'tcp' ? { flags: flagNames(packet.flags) } : {}),
      bytes: 'bytes' in packet ? packet.bytes : 0,
      ...(text === undefined ? {} : { text }),
      frameBytes: wireBytes,
      headerBytes: headerBytes(bytes),
      ...(card === FIRST_CARD ? {} : { card }),
    },
    groupId,
    mono,
  )
  const hello = packet.protocol === 'tcp' ? readTlsHello(packet.payload) : null
  if (hello !== null) emit('tls:hello_captured', { ...hello, direction }, groupId, mono)
}

function reportDrops(): void {
  for (const host of watched) {
    const packets = host.ring.dropped()
    const withinMs = Math.ceil(performance.now() - host.askedForDropsAt)
    host.askedForDropsAt = performance.now()
    if (packets > 0) host.emit('wire:packets_dropped', { packets, withinMs })
  }
}

/** The last packets of some cards, whose cables are gone by now. A capture has ended when it has at all of its host's. */
function closeAll(cards: readonly Watched[], because: string): void {
  if (cards.length === 0) return
  look(process.hrtime.bigint(), Number.POSITIVE_INFINITY)
  reportDrops()
  for (const { ring } of cards) ring.close()
  for (const each of cards) {
    watched.delete(each)
    const isLast = ![...watched].some(({ name }) => name === each.name)
    if (isLast) each.emit('wire:capture_ended', { because, brokeOff: false })
  }
}

function stop(): void {
  closeAll([...watched], 'the run is over')
  for (const { descriptor } of files.values()) closeSync(descriptor)
  process.exit()
}
