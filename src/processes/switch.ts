/**
 * The process that is the switches, hubs, access points and telephone exchanges of a run, where a lab wants to see
 * what such a box does: it takes each frame from the host that sent it and gives it to those that `src/wire/` says, and logs which and why. (The kernel's
 * own bridge does the same, faster and in silence.)
 *
 *      host a                the run's own namespace                 host b
 *   +----------+      +------------------------------------+      +----------+
 *   |     eth0 +------+ switch-a   this process   switch-b +------+ eth0     |
 *   +----------+      |              switch-c              |      +----------+
 *                     +-----------------+------------------+
 *                                       +---- eth0 of host c
 */
import { helperLog, serveLab } from '../kernel/as-helper.ts'
import { FrameLoop, takeIn } from '../kernel/capture/frame-loop.ts'
import { type CapturedFrame, PacketRing, wholePackets } from '../kernel/capture/packet-ring.ts'
import { systemCalls } from '../kernel/capture/system-calls.ts'
import type { SwitchKind, ToSwitches } from '../kernel/switch/messages.ts'
import { OfficeMover } from '../kernel/switch/office-mover.ts'
import { AccessPoint, BSSID } from '../wire/access-point.ts'
import { ethernet } from '../wire/constants.ts'
import { Hub, type PortDevice } from '../wire/hub.ts'
import { ADDRESSES_MAX, DEFAULT_AGEING_MS, LearningSwitch } from '../wire/learning-switch.ts'
import { macAt } from '../wire/packet.ts'
import { AirLog } from './air-log.ts'

interface Box {
  name: string
  /** A frame comes in at a port. @returns the ports at which it leaves */
  enter(frame: Buffer, from: string): readonly string[]
  /** Of an exchange, in place of that: it sends by itself, too, since its trunk has a clock. */
  office: OfficeMover | null
  /** By port. */
  rings: Map<string, PacketRing>
  /** Frames longer than a slot of the ring, since this was told. */
  cutShort: number
  /** What it did with a frame is told of so many; then they are counted. */
  log: { left: number; untold: number }
}

/** A second. A line for each frame takes longer than the frame, and nobody reads so many. */
const TOLD_MAX = 1000

const { identity, log } = helperLog('switch')
const emit = log.emitter('switch')
const system = systemCalls()
const boxes = new Map<string, Box>()
const rings = () => [...boxes.values()].flatMap((box) => [...box.rings.values()])
const loop = new FrameLoop(system, { turn, rings, untilDueMs, tellMissed, tellFailed })

serveLab<ToSwitches, void>(
  (message) => {
    if ('count' in message) boxes.get(message.count)?.office?.count()
    else connectAll(message.connect)
  },
  () => loop.stop(),
)
void run()

async function run(): Promise<void> {
  await loop.run()
  process.exit()
}

/** @returns whether anything came */
function turn(): boolean {
  let hasTaken = false
  for (const box of boxes.values()) {
    for (const [port, ring] of box.rings) {
      const taken = takeIn(ring, (frame) => forward(box, port, frame))
      box.cutShort += taken.cutShort
      if (taken.hasTaken) hasTaken = true
    }
    box.office?.turn()
    for (const ring of box.rings.values()) ring.flush()
  }
  return hasTaken
}

function untilDueMs(): number | null {
  const waits = [...boxes.values()]
    .map(({ office }) => office?.untilDueMs() ?? null)
    .filter((ms) => ms !== null)
  return waits.length === 0 ? null : Math.min(...waits)
}

function forward({ enter, office, rings }: Box, from: string, frame: CapturedFrame): void {
  office?.enter(from, frame)
  for (const port of enter(frame.bytes, from)) rings.get(port)?.send(frame.withOffload)
}

function connectAll({ name, ports, ...kind }: { name: string; ports: readonly string[] } & SwitchKind): void {
  const before = boxes.get(name)
  const box = before ?? make(name, ports, kind)
  for (const [port, ring] of box.rings) {
    ring.close()
    box.rings.delete(port)
  }
  for (const port of ports) {
    box.rings.set(port, PacketRing.open(system, '/proc/self/ns/net', port, wholePackets))
  }
}

function make(name: string, ports: readonly string[], about: SwitchKind): Box {
  const log = { left: TOLD_MAX, untold: 0 }
  const rings = new Map<string, PacketRing>()
  const office =
    about.kind === 'exchange'
      ? new OfficeMover(name, ports, about, { rings, emit, wallClock: system.wallClock })
      : null
  const box: Box = { name, enter: enterOf(name, ports, about, log), office, rings, cutShort: 0, log }
  boxes.set(name, box)
  return box
}

function enterOf(name: string, ports: readonly string[], about: SwitchKind, log: Box['log']): Box['enter'] {
  if (about.kind === 'exchange') return () => []
  return about.kind === 'access-point' ? onAir(name, ports, about) : byCable(name, ports, about, log)
}

function byCable(
  name: string,
  ports: readonly string[],
  about: Extract<SwitchKind, { kind: 'learning-switch' | 'hub' }>,
  log: Box['log'],
): Box['enter'] {
  const { kind, ageingMs = DEFAULT_AGEING_MS } = { ageingMs: undefined, ...about }
  const isHub = kind === 'hub'
  const settings = { ageingMs, addressesMax: ADDRESSES_MAX }
  const device: PortDevice<string> = isHub ? new Hub(ports) : new LearningSwitch(ports, settings)
  emit('switch:started', { switch: name, kind, ports: [...ports], ...(isHub ? {} : settings) })
  return (frame, from) => {
    const { to, because, learned } = device.enter(frame, from, performance.now())
    if (log.left === 0) {
      log.untold += 1
      return to
    }
    log.left -= 1
    emit('switch:forwarded', {
      switch: name,
      from,
      to: [...to],
      because,
      ...(learned === undefined ? {} : { learned }),
      source: macAt(frame, ethernet.source),
      destination: macAt(frame, ethernet.destination),
      bytes: frame.length,
    })
    return to
  }
}

function onAir(
  name: string,
  ports: readonly string[],
  { kind, stations }: Extract<SwitchKind, { kind: 'access-point' }>,
): Box['enter'] {
  const associated = Object.entries(stations).map(([port, mac]) => [mac.replaceAll(':', ''), port] as const)
  const device = new AccessPoint(new Map(associated))
  const air = new AirLog(identity.folder, name, emit)
  emit('switch:started', {
    switch: name,
    kind,
    ports: [...ports],
    bssid: macAt(Buffer.from(BSSID, 'hex'), 0),
  })
  return (frame, from) => {
    const passed = device.enter(frame, from)
    air.tell(passed, ports)
    return passed.flatMap(({ keptBy }) => keptBy)
  }
}

function tellMissed(): void {
  for (const box of boxes.values()) {
    const dropped = [...box.rings.values()].reduce((sum, ring) => sum + ring.dropped(), 0)
    const frames = dropped + box.cutShort
    box.cutShort = 0
    if (frames > 0) emit('switch:frames_missed', { switch: box.name, frames })
    if (box.log.untold > 0) emit('switch:frames_untold', { switch: box.name, frames: box.log.untold })
    box.log.left = TOLD_MAX
    box.log.untold = 0
  }
}

function tellFailed(failed: PacketRing, error: string): void {
  for (const { name, rings } of boxes.values()) {
    for (const [port, ring] of rings)
      if (ring === failed) emit('switch:port_failed', { switch: name, port, error })
  }
}
