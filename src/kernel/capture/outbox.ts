/**
 * Frames on their way out by one packet socket: collected, and handed to the kernel many at a time (sendmmsg(2)),
 * since a system call for each costs more than the frame.
 *
 *     memory   | 64 x struct mmsghdr | 64 x struct iovec | frame 0 | frame 1 | ...
 *                each points to its iovec, and that to its frame; only lengths change
 */
import { endianness } from 'node:os'
import type { SystemCalls } from './system-calls.ts'

/** As many as a carrier takes in at a turn. */
export const OUTBOX_FRAMES = 64
/** Of a slot of a ring: no longer frame can come in. */
const FRAME_BYTES_MAX = 2048
/** struct mmsghdr: a struct msghdr of 56 bytes, then how much of it was sent; struct iovec: address and length. */
const MESSAGE_BYTES = 64
const MESSAGE = { vector: 16, vectors: 24 } as const
const VECTOR_BYTES = 16
const VECTORS_AT = OUTBOX_FRAMES * MESSAGE_BYTES
const FRAMES_AT = VECTORS_AT + OUTBOX_FRAMES * VECTOR_BYTES

const littleEndian = endianness() === 'LE'

export class Outbox {
  readonly #system: SystemCalls
  readonly #fd: number
  readonly #at: bigint
  readonly #octets: Uint8Array
  readonly #view: DataView
  readonly #unmap: () => void
  #waiting = 0

  /** @param fd stays whoever's it is */
  constructor(system: SystemCalls, fd: number) {
    this.#system = system
    this.#fd = fd
    const { at, memory, unmap } = system.allocate(FRAMES_AT + OUTBOX_FRAMES * FRAME_BYTES_MAX)
    this.#at = at
    this.#octets = new Uint8Array(memory)
    this.#view = new DataView(memory)
    this.#unmap = unmap
    for (let index = 0; index < OUTBOX_FRAMES; index++) {
      const [message, vector] = [index * MESSAGE_BYTES, VECTORS_AT + index * VECTOR_BYTES]
      this.#view.setBigUint64(message + MESSAGE.vector, at + BigInt(vector), littleEndian)
      this.#view.setBigUint64(message + MESSAGE.vectors, 1n, littleEndian)
      this.#view.setBigUint64(vector, at + BigInt(FRAMES_AT + index * FRAME_BYTES_MAX), littleEndian)
    }
  }

  /** Takes a copy. Frames leave in the order in which they were added, at the latest with `flush`. */
  add(frame: Uint8Array): void {
    if (frame.length > FRAME_BYTES_MAX) throw new RangeError(`a frame of ${frame.length} bytes is too long`)
    if (this.#waiting === OUTBOX_FRAMES) this.flush()
    this.#octets.set(frame, FRAMES_AT + this.#waiting * FRAME_BYTES_MAX)
    this.#view.setUint32(VECTORS_AT + this.#waiting * VECTOR_BYTES + 8, frame.length, littleEndian)
    this.#waiting += 1
  }

  /** Sends what was added. What the kernel does not take, since the card is down or its queue full, is gone. */
  flush(): void {
    for (let sent = 0; sent < this.#waiting; ) {
      const message = this.#at + BigInt(sent * MESSAGE_BYTES)
      sent += Math.max(1, this.#system.sendMany(this.#fd, message, this.#waiting - sent))
    }
    this.#waiting = 0
  }

  /** Nothing may be added afterwards. */
  close(): void {
    this.#waiting = 0
    this.#unmap()
  }
}
