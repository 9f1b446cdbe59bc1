/**
 * The process that is the switches and hubs of a run, where a lab wants to see what such a box does: it takes each
 * frame from the host that sent it and gives it to those that `src/wire/` says, and logs which and why. (The kernel's
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
import { FrameLoop, takeIn, type WholeFrame } from '../kernel/capture/frame-loop.ts'
import { PacketRing, wholePackets } from '../kernel/capture/packet-ring.ts'
import { systemCalls } from '../kernel/capture/system-calls.ts'
import type { SwitchKind, ToSwitches } from '../kernel/switch/messages.ts'
import { ethernet } from '../wire/constants.ts'
import { Hub, type PortDevice } from '../wire/hub.ts'
import { ADDRESSES_MAX, DEFAULT_AGEING_MS, LearningSwitch } from '../wire/learning-switch.ts'
import { macAt } from '../wire/packet.ts'

interface Box {
  name: string
  device: PortDevice<string>
  /** By port. */
  rings: Map<string, PacketRing>
  /** Frames longer than a slot of the ring, since this was told. */
  cutShort: number
}

const { log } = helperLog('switch')
const emit = log.emitter('switch')
const system = systemCalls()
const boxes = new Map<string, Box>()
const rings = () => [...boxes.values()].flatMap((box) => [...box.rings.values()])
const loop = new FrameLoop(system, { turn, rings, untilDueMs: () => null, tellMissed })

serveLab<ToSwitches, void>(
  ({ connect }) => {
    connectAll(connect)
    loop.wake()
  },
  () => loop.stop(),
)
void run()

async function run(): Promise<void> {
  await loop.run()
  process.exit()
}

function turn(): boolean {
  let isMore = false
  for (const box of boxes.values()) {
    for (const [port, ring] of box.rings) {
      const taken = takeIn(ring, (frame) => forward(box, port, frame))
      box.cutShort += taken.cutShort
      if (taken.isMore) isMore = true
    }
  }
  return isMore
}

function forward({ name, device, rings }: Box, from: string, { bytes, withOffload }: WholeFrame): void {
  const { to, because, learned } = device.enter(bytes, from, performance.now())
  for (const port of to) {
    const ring = rings.get(port)
    if (ring !== undefined) system.send(ring.fd, withOffload)
  }
  emit('switch:forwarded', {
    switch: name,
    from,
    to: [...to],
    because,
    ...(learned === undefined ? {} : { learned }),
    source: macAt(bytes, ethernet.source),
    destination: macAt(bytes, ethernet.destination),
    bytes: bytes.length,
  })
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

function make(
  name: string,
  ports: readonly string[],
  { kind, ageingMs = DEFAULT_AGEING_MS }: SwitchKind,
): Box {
  const isHub = kind === 'hub'
  const settings = { ageingMs, addressesMax: ADDRESSES_MAX }
  const device = isHub ? new Hub(ports) : new LearningSwitch(ports, settings)
  const box: Box = { name, device, rings: new Map(), cutShort: 0 }
  boxes.set(name, box)
  emit('switch:started', { switch: name, kind, ports: [...ports], ...(isHub ? {} : settings) })
  return box
}

function tellMissed(): void {
  for (const box of boxes.values()) {
    const dropped = [...box.rings.values()].reduce((sum, ring) => sum + ring.dropped(), 0)
    const frames = dropped + box.cutShort
    box.cutShort = 0
    if (frames > 0) emit('switch:frames_missed', { switch: box.name, frames })
  }
}
