/**
 * An access point of Wi-Fi (IEEE 802.11), and what is on the air around it. Stations speak to nobody else, so what one
 * has to say to another passes twice, and everybody in range hears it both times:
 *
 *      a --- data: to the access point, for b ---->
 *        <-- ACK ----------------------------------  access point
 *                                                    access point  --- data: to b, from a ---> b
 *                                                                  <-- ACK ------------------- b
 *
 * Each data frame has three addresses, and two bits that say how to read them (sections 9.2.4.1.4 and 9.3.2.1):
 *
 *                              address 1: for whose radio   address 2: whose radio   address 3
 *      to the access point     access point                 the station              whom it is for
 *      from the access point   whom it is for               access point             who has said it
 *
 * Not here: keys, by which each station could read its own frames and no others; radio, so nothing is lost, sent again
 * or sent at the same time; and how a station came to be associated. Section numbers are those of IEEE 802.11-2016.
 */
import { ethernet } from './constants.ts'

/** Its own radio's address, locally administered. */
export const BSSID = '020affffff00'

/** Section 9.2.4.1: version, type and subtype. */
const FRAME_CONTROL = { data: 0x08, ack: 0xd4 } as const
/** The second octet of it. */
const TO_DS = 0x01
const FROM_DS = 0x02
/** Sections 9.3.2.1 and 9.3.1.4. */
const dot11 = { address1: 4, address2: 10, address3: 16, sequence: 22, dataBytes: 24, ackBytes: 10 } as const
/** A sequence number has 12 bits, behind 4 of the fragment's (section 9.2.4.4). */
const SEQUENCES = 4096
/** Others keep quiet for so long, until it is acknowledged: a SIFS of 16 us, and an ACK at 24 Mbit/s (section 17). */
const ACKNOWLEDGED_WITHIN_US = 44
/** RFC 1042: what stands before an Ethernet's type where a frame has none of its own. */
const SNAP = Buffer.from('aaaa03000000', 'hex')
/** IEEE 802.3 section 3.2.6: below it a length, of a frame that has such a header itself. */
const TYPE_MIN = 0x0600
const GROUP_BIT = 0x01

/** A frame on the air, which all in range hear. */
export interface OnAir<Port> {
  /** Whose radio; null: the access point's. */
  by: Port | null
  /** Without its check sequence. */
  bytes: Buffer
  /** Stations that give it to their kernels: it is for them, and they have not said it themselves. */
  keptBy: readonly Port[]
}

export class AccessPoint<Port> {
  /** By address, in hexadecimal. */
  readonly #stations: ReadonlyMap<string, Port>
  /** The next sequence number of each radio. */
  readonly #sequences = new Map<Port | null, number>()

  /** @param stations who is associated, by MAC address */
  constructor(stations: ReadonlyMap<string, Port>) {
    this.#stations = stations
  }

  /**
   * A station has something to say.
   * @param frame as its kernel gave it to the card
   * @returns what is on the air for it, in order
   */
  enter(frame: Buffer, port: Port): OnAir<Port>[] {
    if (frame.length < ethernet.bytes) return []
    const [source, destination] = [ethernet.source, ethernet.destination].map((at) =>
      frame.toString('hex', at, at + 6),
    ) as [string, string]
    const asked = this.#data(port, TO_DS, [BSSID, source, destination], frame, [])
    // Who is not associated gets no answer (section 11.3.3: a frame of class 3).
    if (this.#stations.get(source) !== port) return [asked]
    const acknowledged: OnAir<Port> = { by: null, bytes: ack(source), keptBy: [] }
    const isForAll = (frame.readUInt8(ethernet.destination) & GROUP_BIT) !== 0
    const station = this.#stations.get(destination)
    if (isForAll) {
      // It comes back to who has said it, and whose card knows its own address in it.
      const others = [...this.#stations.values()].filter((one) => one !== port)
      return [asked, acknowledged, this.#data(null, FROM_DS, [destination, BSSID, source], frame, others)]
    }
    // Nobody of that address here: behind a real access point is a cable, and it would go there.
    if (station === undefined || station === port) return [asked, acknowledged]
    return [
      asked,
      acknowledged,
      this.#data(null, FROM_DS, [destination, BSSID, source], frame, [station]),
      { by: station, bytes: ack(BSSID), keptBy: [] },
    ]
  }

  #data(
    by: Port | null,
    direction: number,
    addresses: readonly string[],
    frame: Buffer,
    keptBy: readonly Port[],
  ): OnAir<Port> {
    const sequence = this.#sequences.get(by) ?? 0
    this.#sequences.set(by, (sequence + 1) % SEQUENCES)
    const header = Buffer.alloc(dot11.dataBytes)
    header.writeUInt8(FRAME_CONTROL.data, 0)
    header.writeUInt8(direction, 1)
    Buffer.from(addresses.join(''), 'hex').copy(header, dot11.address1)
    header.writeUInt16LE(isGroup(header, dot11.address1) ? 0 : ACKNOWLEDGED_WITHIN_US, 2)
    header.writeUInt16LE(sequence << 4, dot11.sequence)
    const hasType = frame.readUInt16BE(ethernet.type) >= TYPE_MIN
    const body = hasType
      ? [SNAP, frame.subarray(ethernet.type)]
      : [frame.subarray(ethernet.bytes, ethernet.bytes + frame.readUInt16BE(ethernet.type))]
    return { by, bytes: Buffer.concat([header, ...body]), keptBy }
  }
}

/** Section 9.3.1.4: it says for whom it is, and not from whom: it comes at once, so everybody knows. */
function ack(receiver: string): Buffer {
  const bytes = Buffer.alloc(dot11.ackBytes)
  bytes.writeUInt8(FRAME_CONTROL.ack, 0)
  Buffer.from(receiver, 'hex').copy(bytes, dot11.address1)
  return bytes
}

/** Who has to do with a frame on the air, in hexadecimal. */
export interface AirAddresses {
  kind: 'data' | 'ack'
  /** For whose radio it is: of a group for many. */
  receiver: string
  /** Of data: whose radio has sent it, who has said it, and whom it is for. */
  data: { transmitter: string; source: string; destination: string; isFromStation: boolean } | null
}

/** Read from its octets, as a card reads it; null where they are none of ours. Never throws. */
export function airAddresses(bytes: Buffer): AirAddresses | null {
  const address = (at: number) => bytes.toString('hex', at, at + 6)
  const receiver = address(dot11.address1)
  if (bytes.length === dot11.ackBytes && bytes[0] === FRAME_CONTROL.ack) {
    return { kind: 'ack', receiver, data: null }
  }
  const direction = bytes[1]
  if (bytes.length < dot11.dataBytes || bytes[0] !== FRAME_CONTROL.data) return null
  if (direction !== TO_DS && direction !== FROM_DS) return null
  const [transmitter, third] = [address(dot11.address2), address(dot11.address3)]
  const isFromStation = direction === TO_DS
  const [source, destination] = isFromStation ? [transmitter, third] : [third, receiver]
  return { kind: 'data', receiver, data: { transmitter, source, destination, isFromStation } }
}

function isGroup(bytes: Buffer, at: number): boolean {
  return (bytes.readUInt8(at) & GROUP_BIT) !== 0
}
