/**
 * Whether an address receives what is sent to it. Whoever forges a sender's address never sees our answers, so a
 * number in one of them comes back only from somebody who is there (RFC 9000 section 8.1).
 *
 * Nothing is kept for any address, or forged ones would fill the memory: the number is worked out again when it
 * comes back, as TCP does with SYN cookies (RFC 4987 section 3.6).
 */
import { createHmac } from 'node:crypto'
import type { Message } from './message.ts'

/** Bytes that go back for each that came from an address that has proved nothing (RFC 9000 section 8.1). */
export const UNPROVED_FACTOR_MAX = 3

/**
 * Seven digits: with `PONG 0` before it, `PING 1234567` is just three times the shortest `PING 0`. That is few for
 * a secret and enough here: ten million guesses of 12 bytes gain a forger the PINGs of a few seconds.
 */
const NUMBERS = 10_000_000

/** A number is good for so long, and for as long again: whoever had an address before cannot come back to it. */
const WINDOW_MS = 10_000

export interface AddressProof {
  /** What a PING to this address says. */
  numberFor(address: string, nowMs: number): number
  /** Whether this line answers such a PING, which was sent to the same address a short while ago. */
  isProof(address: string, line: Message, nowMs: number): boolean
}

/** @param secret random bytes of the operating system, new for each process */
export function addressProof(secret: Buffer): AddressProof {
  const numberIn = (window: number, address: string) =>
    createHmac('sha256', secret).update(`${window} ${address}`).digest().readUInt32BE() % NUMBERS
  return {
    numberFor: (address, nowMs) => numberIn(Math.floor(nowMs / WINDOW_MS), address),
    isProof(address, { kind, number }, nowMs) {
      const window = Math.floor(nowMs / WINDOW_MS)
      return kind === 'pong' && [window, window - 1].some((each) => numberIn(each, address) === number)
    },
  }
}
