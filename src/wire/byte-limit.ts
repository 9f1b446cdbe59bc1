/** How much of what TCP carries one way may still pass: so many bytes of payload, of all connections together. */
import { decodePacket } from './packet.ts'
import { shortened } from './shorten.ts'

export class ByteLimit {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  get isReached(): boolean {
    return this.#left === 0
  }

  /**
   * What may pass of a frame: all of it, or the first bytes of its payload. To be asked until the limit is reached.
   * What is sent a second time counts a second time.
   */
  pass(frame: Buffer): Buffer {
    const packet = decodePacket(frame)
    if (packet.protocol !== 'tcp') return frame
    const passing = Math.min(packet.bytes, this.#left)
    this.#left -= passing
    return passing === packet.bytes ? frame : shortened(frame, passing)
  }
}
