/**
 * Cuts a stream into messages (RFC 3261 section 18.3): the fields end with an empty line, the body after so many bytes
 * as Content-Length says; without it nobody knows where the next message begins.
 *
 *     between --CRLF--> between      a keep-alive; two of them ask for one back (RFC 5626 4.4.1)
 *     between --bytes--> head --empty line--> body --Content-Length bytes--> between
 *     any state --what cannot be cut--> broken, until the connection is closed
 */
import { HEAD_BYTES_MAX, MESSAGE_BYTES_MAX, STREAM_BYTES_MAX } from './constants.ts'
import { contentLengthOf, HEAD_END, type Reading, readMessage } from './message.ts'
import { SipError } from './text.ts'

const PING = '\r\n\r\n'
const PONG = '\r\n'

export type Cut = Reading | 'ping' | 'pong' | 'incomplete' | 'broken'

/** Call `push` for every chunk, then `next` until it says `incomplete` or `broken`. */
export class MessageStream {
  #bytes: Buffer = Buffer.alloc(0)
  #isBroken = false

  push(chunk: Buffer): void {
    if (this.#isBroken) return
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    if (this.#bytes.length > STREAM_BYTES_MAX) this.#break()
  }

  next(): Cut {
    if (this.#isBroken) return 'broken'
    if (this.#bytes.length === 0) return 'incomplete'
    if (this.#begins(PING)) return this.#take(PING.length, 'ping')
    // Half a ping, or a pong: with the next bytes it is known. A pong that is alone is told at once.
    if (this.#begins(PONG) && (this.#bytes.length === 2 || this.#bytes[2] !== 0x0d))
      return this.#take(2, 'pong')
    if (this.#begins(PONG) || (this.#bytes.length === 1 && this.#bytes[0] === 0x0d)) return 'incomplete'
    return this.#cut()
  }

  #cut(): Cut {
    const end = this.#bytes.indexOf(HEAD_END, 0, 'latin1')
    if (end > HEAD_BYTES_MAX || (end === -1 && this.#bytes.length > HEAD_BYTES_MAX)) return this.#break()
    if (end === -1) return 'incomplete'
    const headBytes = end + HEAD_END.length
    const bodyBytes = bodyBytesOf(this.#bytes.subarray(0, headBytes))
    if (bodyBytes === null || headBytes + bodyBytes > MESSAGE_BYTES_MAX) return this.#break()
    const bytes = headBytes + bodyBytes
    if (this.#bytes.length < bytes) return 'incomplete'
    return this.#take(bytes, readMessage(this.#bytes.subarray(0, bytes)))
  }

  #begins(text: string): boolean {
    return this.#bytes.toString('latin1', 0, text.length) === text
  }

  #take(bytes: number, cut: Cut): Cut {
    this.#bytes = Buffer.from(this.#bytes.subarray(bytes))
    return cut
  }

  #break(): 'broken' {
    this.#isBroken = true
    this.#bytes = Buffer.alloc(0)
    return 'broken'
  }
}

/** Without the body it reads as one that is too short: only its fields are asked. */
function bodyBytesOf(head: Buffer): number | null {
  const { message } = readMessage(head)
  try {
    return message === null ? null : contentLengthOf(message)
  } catch (error) {
    if (error instanceof SipError) return null
    throw error
  }
}
