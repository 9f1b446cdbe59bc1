/**
 * An office between network cards: frames in, frames out. A datagram to TELEPHONE_PORT is for the exchange, whoever it
 * is addressed to: it is what the telephone's wire leads to. Its answers come in the name of the telephone beyond. All
 * other frames are packets of the packet line.
 */
import { parseTelephone, TELEPHONE_PORT, VOICE_BYTES } from '../protocols/telephone/message.ts'
import { datagramFrame, type Place, placesOf } from './datagram.ts'
import type { Town } from './exchange.ts'
import { type Departure, Office, type OfficeSettings } from './office.ts'
import { decodePacket } from './packet.ts'

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

export class OfficeFrames {
  readonly office: Office<Buffer>
  /** Where the telephones of a town are, and in whose name they are spoken to. */
  readonly #places = new Map<Town, { there: Place; beyond: Place }>()
  #identification = 0

  /** @throws RangeError when nothing could ever pass */
  constructor(settings: OfficeSettings) {
    this.office = new Office(settings)
  }

  /**
   * A frame comes in; what leaves because of it, now or later, {@link due} tells.
   * @param arrivedMs when it came, however late this process looks at it
   */
  enter({ bytes, withOffload }: { bytes: Buffer; withOffload: Buffer }, from: Town, arrivedMs: number): void {
    const packet = decodePacket(bytes)
    const isForExchange = packet.protocol === 'udp' && packet.destination.endsWith(`:${TELEPHONE_PORT}`)
    const message = isForExchange ? parseTelephone(packet.payload) : null
    if (message === null) {
      this.office.queue(withOffload, from, arrivedMs)
      return
    }
    if (message.verb === 'attach') {
      const { source, destination } = placesOf(bytes)
      this.#places.set(from, { there: source, beyond: destination })
    }
    this.office.hear(message, from, arrivedMs)
  }

  /** What is to leave by now, in order. */
  due(nowMs: number): Outgoing[] {
    return this.office.due(nowMs).flatMap((departure) => this.#framesOf(departure))
  }

  #framesOf(departure: Departure<Buffer>): Outgoing[] {
    if ('packet' in departure) return [{ to: departure.to, withOffload: departure.packet }]
    return departure.to === 'meter' ? shown(departure.slots) : this.#tell(departure.to, departure.telephone)
  }

  /** To the telephones of a town, in the name of those beyond; nothing where they are not attached. */
  #tell(to: Town, payload: Buffer): Outgoing[] {
    const place = this.#places.get(to)
    if (place === undefined) return []
    this.#identification += 1
    const frame = datagramFrame(place.beyond, place.there, TELEPHONE_PORT, payload, this.#identification)
    return [{ to, withOffload: Buffer.concat([NO_OFFLOAD, frame]) }]
  }
}

/** A long frame of the trunk is shown in several of Ethernet's. */
function shown(slots: readonly Buffer[]): Outgoing[] {
  const frames: Outgoing[] = []
  for (let at = 0; at < slots.length; at += SLOTS_SHOWN_MAX) {
    const part = slots.slice(at, at + SLOTS_SHOWN_MAX)
    frames.push({ to: 'c', withOffload: Buffer.concat([NO_OFFLOAD, TRUNK_HEADER, ...part]) })
  }
  return frames
}
