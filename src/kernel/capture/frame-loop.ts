/**
 * The heart of a process that carries frames between rings (cables, switches): take in what came, let out what is
 * due, wait for more in a thread of its own (ppoll), so that nothing turns while nothing passes.
 */
import { readSync, writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { PacketRing } from './packet-ring.ts'
import type { SystemCalls } from './system-calls.ts'

/** Then those that are due may leave, and the lab be heard, before more come in. */
const FRAMES_A_TURN_MAX = 64
/** The kernel counts what found no free slot; this is how often it is asked, while anything passes. */
const TELL_MISSED_EVERY_MS = 1000

/** A frame of ours to keep: the ring has its slot back. */
export interface WholeFrame {
  bytes: Buffer
  /** The same with its offload header before it, as `send` takes it. */
  withOffload: Buffer
}

export interface FrameCarrier {
  /**
   * Takes in what came and lets out what is due.
   * @returns whether anything came: then there may be more, and to look again costs less than to wait in a thread
   */
  turn(): boolean
  /** Where frames come in. */
  rings(): readonly PacketRing[]
  /** When to call `turn` at the latest, though nothing came; null: never. */
  untilDueMs(): number | null
  /** Tells of frames that were lost to it, since it was asked last. */
  tellMissed(): void
}

export class FrameLoop {
  readonly #system: SystemCalls
  readonly #carrier: FrameCarrier
  readonly #wakeUp: number
  readonly #woken = new Uint8Array(8)
  /** Something was written to `wakeUp` and not yet read back. */
  #isWoken = false
  #isStopping = false

  constructor(system: SystemCalls, carrier: FrameCarrier) {
    this.#system = system
    this.#carrier = carrier
    this.#wakeUp = system.eventfd()
  }

  /** Resolves after {@link stop}. */
  async run(): Promise<void> {
    let nextTellMissedMs = 0
    while (!this.#isStopping) {
      const hasTaken = this.#carrier.turn()
      if (performance.now() > nextTellMissedMs) {
        this.#carrier.tellMissed()
        nextTellMissedMs = performance.now() + TELL_MISSED_EVERY_MS
      }
      const rings = this.#carrier.rings().map(({ fd }) => fd)
      if (hasTaken) await setImmediate()
      else await this.#system.whenReadable([this.#wakeUp, ...rings], this.#carrier.untilDueMs())
      if (this.#isWoken) readSync(this.#wakeUp, this.#woken)
      this.#isWoken = false
    }
    this.#carrier.tellMissed()
  }

  /** Something has changed: look again at once. */
  wake(): void {
    this.#isWoken = true
    writeSync(this.#wakeUp, new Uint8Array(BigUint64Array.of(1n).buffer))
  }

  /** The end waits for the poll, which must come back first. */
  stop(): void {
    this.#isStopping = true
    this.wake()
  }
}

/**
 * Takes what came in at a ring, so many frames at most. What this namespace itself sends there is nobody's.
 * @returns whether anything came; and how many were longer than a slot of the ring: cut short, they cannot be sent on
 */
export function takeIn(
  ring: PacketRing,
  take: (frame: WholeFrame) => void,
): { hasTaken: boolean; cutShort: number } {
  let cutShort = 0
  for (let taken = 0; taken < FRAMES_A_TURN_MAX; taken++) {
    const frame = ring.head()
    if (frame === null) return { hasTaken: taken > 0, cutShort }
    const { bytes } = frame
    if (frame.wireBytes > bytes.length) cutShort += 1
    else if (frame.direction === 'received') {
      const withOffload = Buffer.from(frame.withOffload)
      take({ bytes: withOffload.subarray(withOffload.length - bytes.length), withOffload })
    }
    ring.release()
  }
  return { hasTaken: true, cutShort }
}
