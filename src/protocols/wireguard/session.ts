/**
 * One pair of keys and what belongs to it (sections 5.4.5, 5.4.6). A session of WireGuard is no connection: it is an
 * agreement on two keys, good for three minutes, whatever address its packets come from.
 */
import {
  COUNTER_MAX,
  KEEPALIVE_TIMEOUT_MS,
  PADDING_BYTES,
  REJECT_AFTER_MS,
  REKEY_AFTER_MS,
  REKEY_TIMEOUT_MS,
} from './constants.ts'
import { writeData } from './messages.ts'
import type { TransportKeys } from './noise.ts'
import { open, seal } from './primitives.ts'
import { ReplayWindow } from './replay-window.ts'

export class Session {
  /** By which number packets of it come to us, and which is on those that we send. */
  readonly ownIndex: number
  readonly #peerIndex: number
  readonly isInitiator: boolean
  readonly #keys: TransportKeys
  readonly #madeAtMs: number
  readonly #mtu: number
  readonly #window = new ReplayWindow()
  #counter = 0
  #hasAskedForNext = false

  constructor(
    made: { ownIndex: number; peerIndex: number; isInitiator: boolean; keys: TransportKeys; mtu: number },
    nowMs: number,
  ) {
    this.ownIndex = made.ownIndex
    this.#peerIndex = made.peerIndex
    this.isInitiator = made.isInitiator
    this.#keys = made.keys
    this.#mtu = made.mtu
    this.#madeAtMs = nowMs
  }

  isUsable(nowMs: number): boolean {
    return nowMs - this.#madeAtMs < REJECT_AFTER_MS && this.#counter < COUNTER_MAX
  }

  /** Whoever began it begins the next, when it sends something; the other end does not, or both would at once. */
  wantsNextOnSending(nowMs: number): boolean {
    return this.isInitiator && nowMs - this.#madeAtMs >= REKEY_AFTER_MS
  }

  /** Before it would be too late to answer, and once: data comes in that we may never answer with any of ours. */
  wantsNextOnReceiving(nowMs: number): boolean {
    const tooOldMs = REJECT_AFTER_MS - KEEPALIVE_TIMEOUT_MS - REKEY_TIMEOUT_MS
    if (!this.isInitiator || this.#hasAskedForNext || nowMs - this.#madeAtMs < tooOldMs) return false
    this.#hasAskedForNext = true
    return true
  }

  /** @param packet an IP packet, or nothing, which says no more than that we are here */
  seal(packet: Buffer): Buffer {
    const counter = this.#counter
    this.#counter += 1
    return writeData(
      this.#peerIndex,
      counter,
      seal(this.#keys.send, counter, padded(packet, this.#mtu), null),
    )
  }

  /** @returns null for what is not authentic, came before, or too late */
  open(counter: number, sealed: Buffer, nowMs: number): Buffer | null {
    if (nowMs - this.#madeAtMs >= REJECT_AFTER_MS) return null
    const packet = open(this.#keys.receive, counter, sealed, null)
    // First that it is authentic, then whether it is new: or a stranger could move the window.
    return packet !== null && this.#window.accept(counter) ? packet : null
  }

  erase(): void {
    this.#keys.send.fill(0)
    this.#keys.receive.fill(0)
  }
}

/** With zeros, to a multiple of 16, as far as the tunnel's MTU allows. */
function padded(packet: Buffer, mtu: number): Buffer {
  const whole = Math.ceil(packet.length / PADDING_BYTES) * PADDING_BYTES
  const length = Math.max(packet.length, Math.min(whole, mtu))
  if (length === packet.length) return packet
  return Buffer.concat([packet], length)
}
