/**
 * Every packet of one host, read from memory that the kernel writes: packet(7), and packet_mmap.rst in
 * the kernel's documents. Needs no tcpdump, and no root where the host is the user's own namespace.
 *
 *       slot 0       slot 1       slot 2       slot 3
 *     +------------+------------+------------+------------+---
 *     | ours       | ours       | kernel's   | kernel's   | ...      a ring: after the last comes slot 0
 *     +------------+------------+------------+------------+---
 *       ^ head()                  ^ the next packet goes here
 *
 * The first word of a slot says whose it is; `release` gives the head's back. So a packet costs no system
 * call; and how many can wait is our choice, while the buffer of an ordinary socket is limited for users
 * without root (net.core.rmem_max), to less than a burst of five hundred packets.
 */
import { closeSync, openSync } from 'node:fs'
import { endianness } from 'node:os'
import { Outbox } from './outbox.ts'
import type { SystemCalls } from './system-calls.ts'

/** sched.h, socket.h, linux/if_packet.h, linux/if_ether.h. */
const CLONE_NEWNET = 0x4000_0000
const AF_PACKET = 17
const SOCK_RAW = 3
const SOL_SOCKET = 1
const SO_ERROR = 4
const SOL_PACKET = 263
const PACKET_RX_RING = 5
const PACKET_STATISTICS = 6
const PACKET_VERSION = 10
const PACKET_VNET_HDR = 15
const TPACKET_V2 = 1
const ETH_P_ALL = 3

/** struct tpacket2_hdr, and after it struct sockaddr_ll. Offsets in bytes. */
const slot = { status: 0, wireBytes: 4, keptBytes: 8, frame: 12, seconds: 16, nanoseconds: 20 } as const
const PACKET_TYPE = 32 + 10
const PACKET_OUTGOING = 4
const TP_STATUS_KERNEL = 0

/** As many as a busy host has in a second; the capture process looks a hundred times as often. */
export const SLOTS = 1024
/** The kernel hands out whole pages, and a slot must not cross the border of a block. */
const BLOCK_BYTES = 65_536

/** What is kept of each packet. */
export interface SlotShape {
  /** A divisor of 65,536. */
  readonly bytes: number
  /**
   * Whether each packet comes with its struct virtio_net_hdr: what the kernel put off for the network card
   * to do, such as the checksum. Without it nobody can send such a packet on.
   */
  readonly offload: boolean
}
/** Headers, and the beginning of the payload: as much as a message of SIP with a proof of its password. */
export const beginnings: SlotShape = { bytes: 1024, offload: false }
/** The whole of a packet of 1500 bytes and more, to be sent on. */
export const wholePackets: SlotShape = { bytes: 2048, offload: true }
/** What of a slot of {@link beginnings} remains for the packet. */
export const BYTES_KEPT = beginnings.bytes - 66
/** struct virtio_net_hdr, linux/virtio_net.h; it stands right before the packet. */
const OFFLOAD_BYTES = 10

const littleEndian = endianness() === 'LE'

/** A packet at the head of a ring. Its bytes are the kernel's again after `release`. */
export interface CapturedFrame {
  direction: 'sent' | 'received'
  /** CLOCK_REALTIME in nanoseconds: when it passed the host's network card. */
  wallNs: bigint
  /** How long it was on the wire. */
  wireBytes: number
  /** How many of them are in `bytes`. */
  keptBytes: number
  bytes: Buffer
  /** The same with its offload header before it, as `send` takes it; `bytes` where the ring has none. */
  withOffload: Buffer
}

export class PacketRing {
  readonly #system: SystemCalls
  /** A packet socket: not to be closed but by `close`. */
  readonly fd: number
  readonly #shape: SlotShape
  readonly #unmap: () => void
  readonly #words: Int32Array
  readonly #view: DataView
  readonly #octets: Buffer
  #slot = 0
  #head: CapturedFrame | null = null
  #outbox: Outbox | null = null

  /**
   * Captures on an interface of another network namespace.
   * @param namespace a file such as /run/netns/cut-a
   * @throws Error when it cannot; the thread is back in its own namespace then
   */
  static open(
    system: SystemCalls,
    namespace: string,
    interfaceName: string,
    shape: SlotShape = beginnings,
  ): PacketRing {
    const there = openSync(namespace, 'r')
    const here = openSync('/proc/self/ns/net', 'r')
    try {
      // A socket belongs for ever to the namespace it was made in, so a moment there is enough. Nothing
      // else of this process can run in that moment: everything up to the way back is synchronous.
      system.setns(there, CLONE_NEWNET)
      try {
        const interfaceIndex = system.ifNameToIndex(interfaceName)
        // Protocol 0: it hears nothing until it is bound to the one interface.
        return new PacketRing(system, system.socket(AF_PACKET, SOCK_RAW, 0), interfaceIndex, shape)
      } finally {
        system.setns(here, CLONE_NEWNET)
      }
    } finally {
      closeSync(there)
      closeSync(here)
    }
  }

  private constructor(system: SystemCalls, fd: number, interfaceIndex: number, shape: SlotShape) {
    this.#system = system
    this.fd = fd
    this.#shape = shape
    if (shape.offload) system.setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, words(1))
    system.setsockopt(fd, SOL_PACKET, PACKET_VERSION, words(TPACKET_V2))
    // struct tpacket_req: bytes of a block, blocks, bytes of a slot, slots.
    const blocks = (SLOTS * shape.bytes) / BLOCK_BYTES
    system.setsockopt(fd, SOL_PACKET, PACKET_RX_RING, words(BLOCK_BYTES, blocks, shape.bytes, SLOTS))
    const { memory, unmap } = system.map(fd, SLOTS * shape.bytes)
    this.#unmap = unmap
    this.#words = new Int32Array(memory)
    this.#view = new DataView(memory)
    this.#octets = Buffer.from(memory)
    system.bind(fd, linkAddress(interfaceIndex))
  }

  /** The oldest packet that was not released, or null. */
  head(): CapturedFrame | null {
    if (this.#head !== null) return this.#head
    const at = this.#slot * this.#shape.bytes
    // Atomic, so that no processor reads the rest of the slot before the word that says it is ours.
    if (Atomics.load(this.#words, at / 4) === TP_STATUS_KERNEL) return null
    this.#head = new SlotFrame(this.#octets, this.#view, at, this.#shape.offload ? OFFLOAD_BYTES : 0)
    return this.#head
  }

  /** Gives the head's slot back to the kernel. */
  release(): void {
    if (this.#head === null) return
    this.#head = null
    Atomics.store(this.#words, (this.#slot * this.#shape.bytes) / 4, TP_STATUS_KERNEL)
    this.#slot = (this.#slot + 1) % SLOTS
  }

  /** A frame with its offload header before it, to leave here: with the next `flush` at the latest. */
  send(withOffload: Uint8Array): void {
    this.#outbox ??= new Outbox(this.#system, this.fd)
    this.#outbox.add(withOffload)
  }

  flush(): void {
    this.#outbox?.flush()
  }

  /** Packets that found no slot free, since the last time this was asked. */
  dropped(): number {
    const statistics = Buffer.alloc(8) // struct tpacket_stats: packets, drops. Reading sets both to 0.
    this.#system.getsockopt(this.fd, SOL_PACKET, PACKET_STATISTICS, statistics)
    return new Uint32Array(statistics.buffer, statistics.byteOffset, 2)[1] ?? 0
  }

  /** Why the card's socket failed, if it did since this was asked last: the card went down, say. 0: it did not. */
  takeError(): number {
    const error = Buffer.alloc(4)
    this.#system.getsockopt(this.fd, SOL_SOCKET, SO_ERROR, error)
    return new Uint32Array(error.buffer, error.byteOffset, 1)[0] ?? 0
  }

  /** Nothing may be read from it, nor from a packet of it, afterwards. */
  close(): void {
    this.#head = null
    this.#outbox?.close()
    closeSync(this.fd)
    this.#unmap()
  }
}

/** What nobody asks for is not read: of a frame that is only sent on nobody wants the time. */
class SlotFrame implements CapturedFrame {
  readonly #octets: Buffer
  readonly #view: DataView
  readonly #at: number
  readonly #begins: number
  readonly #ends: number
  readonly #offloadBytes: number

  constructor(octets: Buffer, view: DataView, at: number, offloadBytes: number) {
    this.#octets = octets
    this.#view = view
    this.#at = at
    this.#offloadBytes = offloadBytes
    this.#begins = at + view.getUint16(at + slot.frame, littleEndian)
    this.#ends = this.#begins + view.getUint32(at + slot.keptBytes, littleEndian)
  }

  get direction(): 'sent' | 'received' {
    return this.#view.getUint8(this.#at + PACKET_TYPE) === PACKET_OUTGOING ? 'sent' : 'received'
  }

  get wallNs(): bigint {
    const [seconds, nanoseconds] = [this.#word(slot.seconds), this.#word(slot.nanoseconds)]
    return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)
  }

  get wireBytes(): number {
    return this.#word(slot.wireBytes)
  }

  get keptBytes(): number {
    return this.#ends - this.#begins
  }

  get bytes(): Buffer {
    return this.#octets.subarray(this.#begins, this.#ends)
  }

  get withOffload(): Buffer {
    return this.#octets.subarray(this.#begins - this.#offloadBytes, this.#ends)
  }

  #word(field: number): number {
    return this.#view.getUint32(this.#at + field, littleEndian)
  }
}

/** struct sockaddr_ll: all protocols of one interface. */
function linkAddress(interfaceIndex: number): Buffer {
  const address = Buffer.alloc(20)
  address.set(new Uint8Array(Uint16Array.of(AF_PACKET).buffer), 0)
  address.writeUInt16BE(ETH_P_ALL, 2)
  address.set(words(interfaceIndex), 4)
  return address
}

function words(...values: number[]): Buffer {
  return Buffer.from(Uint32Array.of(...values).buffer)
}
