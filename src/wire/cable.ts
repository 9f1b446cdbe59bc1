/**
 * What a cable does to frames, one direction of it: which of them leave at its other end, and when.
 * No sockets, no clocks, and chance is passed in.
 *
 *                 +-- cut, too large, dropped by a rule, lost by chance: gone
 *      enter() ---+
 *                 +-- held by a rule, until release()
 *                 |
 *                 +-- stepped back, until the next frame has passed
 *                 |
 *                 +--> [ queue: each frame with the moment it leaves ] --> leave()
 *
 * A cable keeps the order of frames, however its delay varies; only `reorder` changes it. What the link itself does
 * ({@link Link}) is underneath, whatever is set.
 */
import { ethernet, tcpFlag } from './constants.ts'
import { decodePacket } from './packet.ts'

export const cableDirections = ['aToB', 'bToA'] as const
export type CableDirection = (typeof cableDirections)[number]

export interface CableSettings {
  /** Each frame takes so long. */
  delayMs: number
  /** And up to so much longer: evenly distributed, but never so that a frame overtakes an earlier one. */
  jitterMs: number
  /** The probability that a frame vanishes. */
  loss: number
  /** The probability that a frame arrives twice, one right behind the other. */
  duplicate: number
  /**
   * The probability that a frame steps back: it leaves right behind the next frame that does not, or alone
   * when none comes within {@link REORDER_WAIT_MS}. So this share of frames is reordered in the sense of
   * RFC 4737 section 3.3: it arrives after a frame that was sent later.
   */
  reorder: number
  /** Nothing passes, and what is under way is lost. */
  cut: boolean
  /** Frames with longer IP packets vanish, and nobody is told: an MTU black hole. null: no limit. */
  mtuBytes: number | null
}

/** What a way is like by nature, each direction of it: what goes wrong comes on top. A `type`: it is part of a plan. */
export type Link = {
  /** Each frame takes so long. */
  delayMs: number
  /** The probability that a frame vanishes. */
  loss: number
}

export const plainLink: Link = { delayMs: 0, loss: 0 }

/** A cable that does nothing. */
export const plainCable: CableSettings = {
  delayMs: 0,
  jitterMs: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  cut: false,
  mtuBytes: null,
}

/** What a rule can be about. A frame can be of several: a FIN with data is `tcp`, `fin` and `data`. */
export const frameKinds = [
  'everything',
  'arp',
  'icmp',
  'udp', // of a datagram in fragments the first
  'tcp',
  'syn', // without ACK
  'syn-ack',
  'ack', // and nothing else: no data, no other flag but perhaps PSH, URG, ECE, CWR
  'data', // at least one byte of payload
  'fin',
  'rst',
] as const
export type FrameKind = (typeof frameKinds)[number]

/** What became of the frames of one direction, since the cable was connected. */
export interface CableCounts {
  entered: number
  left: number
  /** By chance. */
  lost: number
  /** While the cable was cut or shut, or under way when it was cut. */
  cutOff: number
  /** Longer than `mtuBytes`. */
  tooLarge: number
  /** By the rule of `drop`. */
  dropped: number
  /** Frames that will leave twice, or have. */
  duplicated: number
  /** Frames that stepped back. */
  reordered: number
  /** Kept back by the rule of `hold`, at this moment. */
  held: number
  /** Found a queue full: {@link QUEUE_FRAMES_MAX} or {@link HELD_FRAMES_MAX}. */
  overflowed: number
}

/** One after the other at 1 Gbit/s these take 12 ms; more than any lab has under way at once. */
export const QUEUE_FRAMES_MAX = 1000
/** A handshake or a close that is held repeats itself for minutes before it has sent so many. */
export const HELD_FRAMES_MAX = 256
/** The last frame of a conversation has none behind it, and should arrive all the same. */
export const REORDER_WAIT_MS = 100

interface Leaving<F> {
  frame: F
  atMs: number
}

export class CableLine<F extends { readonly bytes: Buffer }> {
  readonly #random: () => number
  readonly #link: Link
  #settings = plainCable
  #isPlugged = true
  #isShut = false
  #dropRule: { kinds: readonly FrameKind[]; frames: number } = { kinds: [], frames: 0 }
  #holdRule: readonly FrameKind[] = []
  #held: F[] = []
  #steppedBack: { frame: F; sinceMs: number }[] = []
  readonly #queue: Leaving<F>[] = []
  /** When the frame that entered last leaves: no later one leaves before. */
  #lastAtMs = 0
  readonly #counts = {
    entered: 0,
    left: 0,
    lost: 0,
    cutOff: 0,
    tooLarge: 0,
    dropped: 0,
    duplicated: 0,
    reordered: 0,
    overflowed: 0,
  }

  /** @param random the next number in [0, 1) */
  constructor(random: () => number, link = plainLink) {
    this.#random = random
    this.#link = link
  }

  get settings(): CableSettings {
    return this.#settings
  }

  get counts(): CableCounts {
    return { ...this.#counts, held: this.#held.length }
  }

  /**
   * Changes what is named; frames already under way keep their time of arrival.
   * @throws RangeError for a time below 0 or a probability that is none
   */
  set(change: Partial<CableSettings>): void {
    const settings = { ...this.#settings, ...change }
    for (const name of ['loss', 'duplicate', 'reorder'] as const) {
      const value = settings[name]
      if (!(value >= 0 && value <= 1)) throw new RangeError(`${name} ${value} is no probability (0 to 1)`)
    }
    for (const name of ['delayMs', 'jitterMs'] as const) {
      const value = settings[name]
      if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
        throw new RangeError(`${name} ${value} is no time`)
    }
    this.#settings = settings
    this.#loseIfCut()
  }

  /** Pulled out at one end, it is cut, whatever its settings. */
  plug(isPlugged: boolean): void {
    this.#isPlugged = isPlugged
    this.#loseIfCut()
  }

  /** Shut, nothing more enters; what is under way arrives. */
  shut(isShut: boolean): void {
    this.#isShut = isShut
  }

  /** The next `frames` frames of one of these kinds vanish. Replaces the rule before. */
  drop(kinds: readonly FrameKind[], frames: number): void {
    this.#dropRule = { kinds, frames }
  }

  /** From now on frames of one of these kinds are kept back. Replaces the rule before, not what it holds. */
  hold(kinds: readonly FrameKind[]): void {
    this.#holdRule = kinds
  }

  /**
   * Lets go what is held, in order, as if it entered now, and holds these kinds from now on.
   * @returns how many frames were held
   */
  release(kinds: readonly FrameKind[], nowMs: number): number {
    this.#holdRule = kinds
    const held = this.#held
    this.#held = []
    for (const frame of held) {
      if (this.#isCut) this.#counts.cutOff += 1
      else this.#pass(frame, nowMs)
    }
    return held.length
  }

  /** A frame comes in at the near end. @returns the rule that took it, if one did */
  enter(frame: F, nowMs: number): 'held' | 'dropped' | null {
    this.#counts.entered += 1
    const { mtuBytes } = this.#settings
    if (this.#isCut || this.#isShut) this.#counts.cutOff += 1
    else if (mtuBytes !== null && frame.bytes.length - ethernet.bytes > mtuBytes) this.#counts.tooLarge += 1
    else if (this.#dropRule.frames > 0 && isOfKind(frame.bytes, this.#dropRule.kinds)) {
      this.#dropRule.frames -= 1
      this.#counts.dropped += 1
      return 'dropped'
    } else if (this.#holdRule.length > 0 && isOfKind(frame.bytes, this.#holdRule)) {
      if (this.#held.length < HELD_FRAMES_MAX) this.#held.push(frame)
      else this.#counts.overflowed += 1
      return 'held'
    } else this.#pass(frame, nowMs)
    return null
  }

  /** The next frame that leaves at the far end until now, or null. Call until it is null. */
  leave(nowMs: number): F | null {
    const [waiting] = this.#steppedBack
    if (waiting !== undefined && nowMs >= waiting.sinceMs + REORDER_WAIT_MS) {
      this.#letStepIn(this.#atMs(waiting.sinceMs + REORDER_WAIT_MS))
    }
    const [next] = this.#queue
    if (next === undefined || next.atMs > nowMs) return null
    this.#queue.shift()
    this.#counts.left += 1
    return next.frame
  }

  /** When to call `leave` at the latest; null when nothing is under way. */
  get nextAtMs(): number | null {
    const [waiting] = this.#steppedBack
    const [next] = this.#queue
    if (waiting === undefined) return next?.atMs ?? null
    return Math.min(next?.atMs ?? Number.POSITIVE_INFINITY, waiting.sinceMs + REORDER_WAIT_MS)
  }

  get #isCut(): boolean {
    return this.#settings.cut || !this.#isPlugged
  }

  #loseIfCut(): void {
    if (!this.#isCut) return
    this.#counts.cutOff += this.#queue.length + this.#steppedBack.length
    this.#queue.length = 0
    this.#steppedBack = []
  }

  #pass(frame: F, nowMs: number): void {
    const { loss, duplicate, reorder } = this.#settings
    if (this.#happens(this.#link.loss) || this.#happens(loss)) {
      this.#counts.lost += 1
      return
    }
    if (this.#happens(reorder) && this.#steppedBack.length < QUEUE_FRAMES_MAX) {
      this.#counts.reordered += 1
      this.#steppedBack.push({ frame, sinceMs: nowMs })
      return
    }
    const atMs = this.#atMs(nowMs)
    this.#push(frame, atMs)
    if (this.#happens(duplicate)) {
      this.#counts.duplicated += 1
      this.#push(frame, atMs)
    }
    this.#letStepIn(atMs)
  }

  #letStepIn(atMs: number): void {
    for (const { frame } of this.#steppedBack.splice(0)) this.#push(frame, atMs)
  }

  #push(frame: F, atMs: number): void {
    if (this.#queue.length < QUEUE_FRAMES_MAX) this.#queue.push({ frame, atMs })
    else this.#counts.overflowed += 1
  }

  #atMs(nowMs: number): number {
    const { delayMs, jitterMs } = this.#settings
    this.#lastAtMs = Math.max(
      this.#lastAtMs,
      nowMs + this.#link.delayMs + delayMs + (jitterMs > 0 ? this.#random() * jitterMs : 0),
    )
    return this.#lastAtMs
  }

  #happens(probability: number): boolean {
    return probability > 0 && this.#random() < probability
  }
}

/** Whether an Ethernet frame is of one of these kinds. Never throws, whatever the bytes. */
export function isOfKind(frame: Buffer, kinds: readonly FrameKind[]): boolean {
  if (kinds.includes('everything')) return true
  const packet = decodePacket(frame)
  const { protocol } = packet
  if (protocol === 'other' || protocol === 'fragment') return false
  if (kinds.includes(protocol)) return true
  if (protocol !== 'tcp') return false
  const { flags, bytes } = packet
  const has = (bit: number) => (flags & bit) !== 0
  const { syn, ack, fin, rst } = tcpFlag
  return (
    (has(syn) && kinds.includes(has(ack) ? 'syn-ack' : 'syn')) ||
    (has(fin) && kinds.includes('fin')) ||
    (has(rst) && kinds.includes('rst')) ||
    (bytes > 0 && kinds.includes('data')) ||
    (has(ack) && !has(syn | fin | rst) && bytes === 0 && kinds.includes('ack'))
  )
}
