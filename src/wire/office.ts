/**
 * The office of a telephone company that has a packet line too: from town a to town b everything goes by one of two
 * ways of the same capacity.
 *
 *     telephone messages ---> exchange (exchange.ts) ---> trunk: slots, a frame every `frameMs`, also shown to a meter
 *     packets            ---> packet line (packet-line.ts): a packet takes `frameMs / slots`
 *
 * It does not look at what a packet is: between network cards it is an Ethernet frame (office-frames.ts), on loopback
 * a datagram. No sockets, no clocks: time is passed in.
 */
import { formatTelephone, type TelephoneMessage, VOICE_BYTES } from '../protocols/telephone/message.ts'
import { batchMeans } from './batches.ts'
import { Exchange, type Saying, type Town, type TrunkSettings } from './exchange.ts'
import { PacketLine } from './packet-line.ts'

export interface OfficeSettings extends TrunkSettings {
  frameMs: number
  queueMax: number
}

/** What leaves the office, and to whom. */
export type Departure<Packet> =
  | { to: Town; packet: Packet }
  /** A message of telephone/message.ts for the telephones of a town. */
  | { to: Town; telephone: Buffer }
  /** To whoever looks at the trunk: what was in each slot of one frame. */
  | { to: 'meter'; slots: readonly Buffer[] }

/** What an empty slot carries: the weakest sound there is (ITU-T G.711, mu-law). */
const SILENCE = 0xff
/** Observations that are kept to tell how exact their mean is. */
const OBSERVATIONS_MAX = 20_000
/** Times of arrival that are told one by one: of so many anybody can do the arithmetic again. */
const ARRIVALS_MAX = 4000

/** A packet on the packet line. */
interface Passing<Packet> {
  packet: Packet
  arrivedMs: number
}

export class Office<Packet> {
  readonly #settings: OfficeSettings
  readonly #exchange: Exchange
  readonly #lines: Record<Town, PacketLine<Passing<Packet>>>
  #departures: Departure<Packet>[] = []
  /** null: no telephone is attached, and the trunk rests. */
  #nextFrameAtMs: number | null = null
  readonly #packets = { entered: 0, dropped: 0 }
  /**
   * Of the packets towards b: when each came, how long each was to wait, for how long each was inside until it was
   * really let out, and 1 for each that was dropped.
   */
  readonly #arrivalsMs: number[] = []
  readonly #waitsMs: number[] = []
  readonly #insideMs: number[] = []
  readonly #drops: number[] = []
  /** 1 for each call that heard the busy tone. */
  readonly #blocked: number[] = []

  /** @throws RangeError when nothing could ever pass */
  constructor(settings: OfficeSettings) {
    this.#settings = settings
    this.#exchange = new Exchange(settings)
    const line = () =>
      new PacketLine<Passing<Packet>>({ serviceMs: this.serviceMs, queueMax: settings.queueMax })
    this.#lines = { a: line(), b: line() }
  }

  get settings(): OfficeSettings {
    return this.#settings
  }

  /** Of a packet: the line has the capacity of all slots together. */
  get serviceMs(): number {
    return this.#settings.frameMs / this.#settings.slots
  }

  /** By slot of the trunk, whose it is; 0: nobody's. */
  get owners(): readonly number[] {
    return this.#exchange.owners.map((line) => line ?? 0)
  }

  /** A telephone of a town says something; what leaves because of it, now or later, {@link due} tells. */
  hear(message: TelephoneMessage, from: Town, nowMs: number): void {
    if (message.verb === 'attach') {
      this.#nextFrameAtMs ??= nowMs + this.#settings.frameMs
      this.#say([{ to: from, verb: 'attach', line: message.line }])
      return
    }
    const { voice } = message
    const speech = voice && formatTelephone({ verb: 'voice', line: message.line, voice })
    const blockedBefore = this.#exchange.counts.blocked
    const callsBefore = this.#exchange.counts.calls
    this.#say(this.#exchange.hear(from, message.verb, message.line, speech))
    if (this.#exchange.counts.calls > callsBefore) {
      note(this.#blocked, this.#exchange.counts.blocked - blockedBefore)
    }
  }

  /**
   * A packet comes to the line; it leaves when it has passed, or is dropped.
   * @param arrivedMs when it came, however late this process looks at it
   */
  queue(packet: Packet, from: Town, arrivedMs: number): void {
    const waitMs = this.#lines[from].enter({ packet, arrivedMs }, arrivedMs)
    if (from === 'b') return
    this.#packets.entered += 1
    if (this.#arrivalsMs.length < ARRIVALS_MAX) this.#arrivalsMs.push(arrivedMs)
    note(this.#drops, waitMs === null ? 1 : 0)
    if (waitMs === null) this.#packets.dropped += 1
    else note(this.#waitsMs, waitMs)
  }

  /** The lines to a town are dead. @returns how many calls that ended */
  lose(town: Town): number {
    const sayings = this.#exchange.lose(town)
    this.#say(sayings)
    return sayings.length
  }

  /** What is to leave by now, in order. */
  due(nowMs: number): Departure<Packet>[] {
    for (const town of ['a', 'b'] as const) {
      const to = town === 'a' ? 'b' : 'a'
      for (const { packet, arrivedMs } of this.#lines[town].due(nowMs)) {
        this.#departures.push({ to, packet })
        if (town === 'a') note(this.#insideMs, nowMs - arrivedMs)
      }
    }
    while (this.#nextFrameAtMs !== null && this.#nextFrameAtMs <= nowMs) {
      this.#nextFrameAtMs += this.#settings.frameMs
      this.#trunkFrame()
    }
    return this.#departures.splice(0)
  }

  /** When to ask {@link due} again at the latest; null: nothing is under way. */
  get nextDueMs(): number | null {
    const times = [this.#lines.a.nextDueMs, this.#lines.b.nextDueMs, this.#nextFrameAtMs]
    const known = times.filter((time) => time !== null)
    return known.length === 0 ? null : Math.min(...known)
  }

  /** What happened so far; the long rows only since they were asked for last. */
  counted() {
    const { counts } = this.#exchange
    const take = (values: number[]) => batchMeans(values.splice(0))
    const [first = 0] = this.#arrivalsMs
    return {
      ...counts,
      owners: [...this.owners],
      packets: this.#packets.entered,
      dropped: this.#packets.dropped,
      blockedShares: take(this.#blocked),
      droppedShares: take(this.#drops),
      arrivalsMs: this.#arrivalsMs.splice(0).map((arrivedMs) => inMicroseconds(arrivedMs - first)),
      waitsMs: take(this.#waitsMs),
      insideMs: take(this.#insideMs),
    }
  }

  #trunkFrame(): void {
    const slots = Array.from({ length: this.#settings.slots }, () => Buffer.alloc(VOICE_BYTES, SILENCE))
    for (const { line, voice } of this.#exchange.frame()) {
      voice.copy(slots[this.#exchange.owners.indexOf(line)] ?? voice)
      this.#departures.push({ to: 'b', telephone: voice })
    }
    this.#departures.push({ to: 'meter', slots })
  }

  #say(sayings: readonly Saying[]): void {
    for (const { to, verb, line } of sayings) {
      this.#departures.push({ to, telephone: formatTelephone({ verb, line }) })
    }
  }
}

/** A thousandth of a millisecond is as exact as anybody is here. */
function inMicroseconds(ms: number): number {
  return Math.round(1000 * ms) / 1000
}

function note(values: number[], value: number): void {
  if (values.length < OBSERVATIONS_MAX) values.push(value)
}
