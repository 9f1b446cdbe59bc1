/**
 * The office of a telephone company that has a packet line too: between a and b it moves each frame by one of two
 * ways of the same capacity.
 *
 *     telephone messages ---> exchange (exchange.ts) ---> trunk: slots, a frame every `frameMs`, also shown to c
 *     all other frames   ---> packet line (packet-line.ts): a packet takes `frameMs / slots`
 *
 * A datagram to TELEPHONE_PORT is for the exchange, whoever it is addressed to: it is what the telephone's wire leads
 * to. Its answers come in the name of the telephone beyond. No sockets, no clocks: time is passed in.
 */
import {
  formatTelephone,
  parseTelephone,
  TELEPHONE_PORT,
  type TelephoneMessage,
  VOICE_BYTES,
} from '../protocols/telephone/message.ts'
import { batchMeans } from './batches.ts'
import { datagramFrame, type Place, placesOf } from './datagram.ts'
import { Exchange, type Saying, type Town, type TrunkSettings } from './exchange.ts'
import { decodePacket } from './packet.ts'
import { PacketLine } from './packet-line.ts'

export interface OfficeSettings extends TrunkSettings {
  frameMs: number
  queueMax: number
}

/** At c hangs a meter: it is shown each frame of the trunk. */
export type OfficePort = Town | 'c'
export interface Outgoing {
  to: OfficePort
  /** With its offload header before it, as `send` takes it. */
  withOffload: Buffer
}

/** struct virtio_net_hdr, all zero: nothing was put off. */
const NO_OFFLOAD = Buffer.alloc(10)
/** IEEE 802 local experimental: no kernel knows it, so none takes it. */
const TRUNK_TYPE = '88b5'
const BROADCAST = 'ffffffffffff'
/** Locally administered, in no use elsewhere. */
const TRUNK_MAC = '0200ffff0001'
const TRUNK_HEADER = Buffer.from(BROADCAST + TRUNK_MAC + TRUNK_TYPE, 'hex')
/** IEEE 802.3: an Ethernet frame carries 1500 bytes at most. */
const SLOTS_SHOWN_MAX = Math.floor(1500 / VOICE_BYTES)
/** What an empty slot carries: the weakest sound there is (ITU-T G.711, mu-law). */
const SILENCE = 0xff
/** Observations that are kept to tell how exact their mean is. */
const OBSERVATIONS_MAX = 20_000

export class Office {
  readonly #settings: OfficeSettings
  readonly #exchange: Exchange
  readonly #lines: Record<Town, PacketLine<Buffer>>
  /** Where the telephones of a town are, and in whose name they are spoken to. */
  readonly #places = new Map<Town, { there: Place; beyond: Place }>()
  #outgoing: Outgoing[] = []
  /** null: no telephone is attached, and the trunk rests. */
  #nextFrameAtMs: number | null = null
  #identification = 0
  readonly #packets = { entered: 0, dropped: 0 }
  /** Of the packets towards b: how long each waited, and 1 for each that was dropped. */
  readonly #waitsMs: number[] = []
  readonly #drops: number[] = []
  /** 1 for each call that heard the busy tone. */
  readonly #blocked: number[] = []

  /** @throws RangeError when nothing could ever pass */
  constructor(settings: OfficeSettings) {
    this.#settings = settings
    this.#exchange = new Exchange(settings)
    const line = () => new PacketLine<Buffer>({ serviceMs: this.serviceMs, queueMax: settings.queueMax })
    this.#lines = { a: line(), b: line() }
  }

  /** Of a packet: the line has the capacity of all slots together. */
  get serviceMs(): number {
    return this.#settings.frameMs / this.#settings.slots
  }

  /** By slot of the trunk, whose it is; 0: nobody's. */
  get owners(): readonly number[] {
    return this.#exchange.owners.map((line) => line ?? 0)
  }

  /** A frame comes in; what leaves because of it, now or later, {@link due} tells. */
  enter({ bytes, withOffload }: { bytes: Buffer; withOffload: Buffer }, from: Town, nowMs: number): void {
    const packet = decodePacket(bytes)
    const isForExchange = packet.protocol === 'udp' && packet.destination.endsWith(`:${TELEPHONE_PORT}`)
    const message = isForExchange ? parseTelephone(packet.payload) : null
    if (message === null) this.#queue(withOffload, from, nowMs)
    else this.#hear(message, bytes, from, nowMs)
  }

  #hear(message: TelephoneMessage, frame: Buffer, from: Town, nowMs: number): void {
    if (message.verb === 'attach') {
      const { source, destination } = placesOf(frame)
      this.#places.set(from, { there: source, beyond: destination })
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

  /** The lines to a town are dead. @returns how many calls that ended */
  lose(town: Town): number {
    const sayings = this.#exchange.lose(town)
    this.#say(sayings)
    return sayings.length
  }

  /** What is to leave by now, in order. */
  due(nowMs: number): Outgoing[] {
    for (const town of ['a', 'b'] as const) {
      const to = town === 'a' ? 'b' : 'a'
      this.#outgoing.push(
        ...this.#lines[town].due(nowMs).map((withOffload) => ({ to, withOffload }) as const),
      )
    }
    while (this.#nextFrameAtMs !== null && this.#nextFrameAtMs <= nowMs) {
      this.#nextFrameAtMs += this.#settings.frameMs
      this.#trunkFrame()
    }
    return this.#outgoing.splice(0)
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
    return {
      ...counts,
      owners: [...this.owners],
      packets: this.#packets.entered,
      dropped: this.#packets.dropped,
      blockedShares: take(this.#blocked),
      droppedShares: take(this.#drops),
      waitsMs: take(this.#waitsMs),
    }
  }

  #queue(withOffload: Buffer, from: Town, nowMs: number): void {
    const waitMs = this.#lines[from].enter(withOffload, nowMs)
    if (from === 'b') return
    this.#packets.entered += 1
    note(this.#drops, waitMs === null ? 1 : 0)
    if (waitMs === null) this.#packets.dropped += 1
    else note(this.#waitsMs, waitMs)
  }

  #trunkFrame(): void {
    const slots = Array.from({ length: this.#settings.slots }, () => Buffer.alloc(VOICE_BYTES, SILENCE))
    for (const { line, voice } of this.#exchange.frame()) {
      voice.copy(slots[this.#exchange.owners.indexOf(line)] ?? voice)
      this.#tell('b', voice)
    }
    // A long frame of the trunk is shown in several of Ethernet's.
    for (let at = 0; at < slots.length; at += SLOTS_SHOWN_MAX) {
      const shown = slots.slice(at, at + SLOTS_SHOWN_MAX)
      this.#outgoing.push({ to: 'c', withOffload: Buffer.concat([NO_OFFLOAD, TRUNK_HEADER, ...shown]) })
    }
  }

  #say(sayings: readonly Saying[]): void {
    for (const { to, verb, line } of sayings) this.#tell(to, formatTelephone({ verb, line }))
  }

  /** To the telephones of a town, in the name of those beyond; nothing where they are not attached. */
  #tell(to: Town, payload: Buffer): void {
    const place = this.#places.get(to)
    if (place === undefined) return
    this.#identification += 1
    const frame = datagramFrame(place.beyond, place.there, TELEPHONE_PORT, payload, this.#identification)
    this.#outgoing.push({ to, withOffload: Buffer.concat([NO_OFFLOAD, frame]) })
  }
}

function note(values: number[], value: number): void {
  if (values.length < OBSERVATIONS_MAX) values.push(value)
}
