/**
 * Moves the frames of one telephone office between its ports, and looks at their link lights. What becomes of each
 * frame is decided in `src/wire/office.ts`.
 */
import { readFileSync } from 'node:fs'
import type { Emitter } from '../../events/emit.ts'
import type { Town } from '../../wire/exchange.ts'
import type { OfficeSettings } from '../../wire/office.ts'
import { OfficeFrames, type OfficePort } from '../../wire/office-frames.ts'
import { OfficeLog } from '../../wire/office-log.ts'
import { copyOf } from '../capture/frame-loop.ts'
import type { CapturedFrame, PacketRing } from '../capture/packet-ring.ts'

const TOWNS: readonly Town[] = ['a', 'b']
/** A frame in a ring is no older, unless this process stood still, or the wall clock was set. */
const AGE_MAX_MS = 1000

export class OfficeMover {
  /** Of a, b and c, in this order. */
  readonly #ports: readonly string[]
  readonly #frames: OfficeFrames
  readonly #log: OfficeLog
  readonly #rings: ReadonlyMap<string, PacketRing>
  readonly #wallClock: () => bigint
  readonly #frameMs: number
  readonly #dark = new Set<Town>()
  #lightsAtMs = 0

  /** @throws RangeError where nothing could ever pass */
  constructor(
    name: string,
    ports: readonly string[],
    settings: OfficeSettings,
    {
      rings,
      emit,
      wallClock,
    }: { rings: ReadonlyMap<string, PacketRing>; emit: Emitter; wallClock: () => bigint },
  ) {
    this.#ports = ports
    this.#frames = new OfficeFrames(settings)
    this.#log = new OfficeLog(name, this.#frames.office, emit)
    this.#frameMs = settings.frameMs
    this.#rings = rings
    this.#wallClock = wallClock
  }

  enter(port: string, frame: CapturedFrame): void {
    const town = TOWNS[this.#ports.indexOf(port)]
    if (town === undefined) return
    this.#frames.enter(copyOf(frame), town, this.#arrivedMs(frame))
    this.#log.tellCords()
  }

  /** Lets out what is due, with the next flush of each ring. */
  turn(): void {
    const now = performance.now()
    if (now >= this.#lightsAtMs) {
      this.#lightsAtMs = now + this.#frameMs
      for (const town of TOWNS) this.#lookAt(town)
    }
    for (const { to, withOffload } of this.#frames.due(now)) {
      this.#rings.get(this.#portOf(to))?.send(withOffload)
    }
  }

  untilDueMs(): number | null {
    const { nextDueMs } = this.#frames.office
    return nextDueMs === null ? null : Math.max(0, nextDueMs - performance.now())
  }

  count(): void {
    // What was due is to be counted, however late we are.
    this.turn()
    this.#log.tellCounts()
  }

  /** The trunk has a clock that wakes us for each frame, so a light that goes out is seen within one. */
  #lookAt(town: Town): void {
    const port = this.#portOf(town)
    const isLit = readFileSync(`/sys/class/net/${port}/operstate`, 'latin1').trim() === 'up'
    if (isLit) return void this.#dark.delete(town)
    if (this.#dark.has(town)) return
    this.#dark.add(town)
    this.#log.loseLine(town, port)
  }

  /** By the kernel's stamp: so a packet has stood in the queue since it came, not since this process saw it. */
  #arrivedMs({ wallNs }: CapturedFrame): number {
    const ageMs = Number(this.#wallClock() - wallNs) / 1e6
    // Somebody may have set the wall clock meanwhile.
    return performance.now() - Math.min(Math.max(0, ageMs), AGE_MAX_MS)
  }

  #portOf(port: OfficePort): string {
    return this.#ports[port === 'c' ? 2 : TOWNS.indexOf(port)] ?? ''
  }
}
