/**
 * The heart of a process that carries frames between rings (cables, switches): take in what came, let out what is
 * due, wait for more (ppoll), so that nothing turns while nothing passes. Node waits for frames in no way of its own,
 * and a wait in another thread takes longer to come back from than a frame takes to pass; so it is waited here, in the
 * thread that does everything, for the lab's questions too: those are Node's business, which has its turn after each wait.
 */
import { setImmediate } from 'node:timers/promises'
import { getSystemErrorName } from 'node:util'
import { LAB_FD } from '../helper-process.ts'
import type { CapturedFrame, PacketRing } from './packet-ring.ts'
import type { SystemCalls } from './system-calls.ts'

/** Then those that are due may leave, and the lab be heard, before more come in. */
const FRAMES_A_TURN_MAX = 64
/** The kernel counts what found no free slot; this is how often it is asked, while anything passes. */
const TELL_MISSED_EVERY_MS = 1000

/** A frame in a slot of a ring: whoever keeps it takes a copy ({@link copyOf}). */
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
  /** Tells that a ring failed. @param error as errno(3) names it: ENETDOWN where its card went down */
  tellFailed(ring: PacketRing, error: string): void
}

export class FrameLoop {
  readonly #system: SystemCalls
  readonly #carrier: FrameCarrier
  #isStopping = false

  constructor(system: SystemCalls, carrier: FrameCarrier) {
    this.#system = system
    this.#carrier = carrier
  }

  /** Resolves after {@link stop}. */
  async run(): Promise<void> {
    let nextTellMissedMs = 0
    let hasWaited = false
    while (!this.#isStopping) {
      const hasTaken = this.#carrier.turn()
      if (performance.now() > nextTellMissedMs) {
        this.#carrier.tellMissed()
        nextTellMissedMs = performance.now() + TELL_MISSED_EVERY_MS
      }
      if (!hasTaken) {
        const rings = this.#carrier.rings()
        // Until somebody reads why, the socket of a card that went down keeps waking its poll, with nothing to take.
        if (hasWaited) this.#takeErrors(rings)
        const descriptors = rings.map(({ fd }) => fd)
        this.#system.waitReadable([LAB_FD, ...descriptors], this.#carrier.untilDueMs())
      }
      hasWaited = !hasTaken
      await setImmediate()
    }
    this.#carrier.tellMissed()
  }

  #takeErrors(rings: readonly PacketRing[]): void {
    for (const ring of rings) {
      const error = ring.takeError()
      if (error !== 0) this.#carrier.tellFailed(ring, getSystemErrorName(-error))
    }
  }

  /** After the turn that it is in. */
  stop(): void {
    this.#isStopping = true
  }
}

/** A frame that stays when the ring has its slot back. */
export function copyOf({ bytes, withOffload }: WholeFrame): WholeFrame {
  const copy = Buffer.from(withOffload)
  return { bytes: copy.subarray(copy.length - bytes.length), withOffload: copy }
}

/**
 * Takes what came in at a ring, so many frames at most. What this namespace itself sends there is nobody's.
 * @returns whether anything came; and how many were longer than a slot of the ring: cut short, they cannot be sent on
 */
export function takeIn(
  ring: PacketRing,
  take: (frame: CapturedFrame) => void,
): { hasTaken: boolean; cutShort: number } {
  let cutShort = 0
  for (let taken = 0; taken < FRAMES_A_TURN_MAX; taken++) {
    const frame = ring.head()
    if (frame === null) return { hasTaken: taken > 0, cutShort }
    if (frame.wireBytes > frame.keptBytes) cutShort += 1
    else if (frame.direction === 'received') take(frame)
    ring.release()
  }
  return { hasTaken: true, cutShort }
}
