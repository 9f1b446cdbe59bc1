/** What experiment, questions and judgement agree on. */
import { ASKS_ON } from '../../src/kernel/sysctls.ts'
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions } from '../../src/plan/plan.ts'
import { PACKET_MS } from '../../src/protocols/rtp/constants.ts'
import { longestMs, type SipTimes } from './expectations.ts'

export type SipSettings = {
  /** T1 and T2 of all phones (RFC 3261 section 17): what every timer of SIP is made of. */
  times: SipTimes
  /** The session timer (RFC 4028): without a refresh the call is over after so long. Whole seconds. */
  sessionMs: number
  /** Voice goes out so often: each packet has that much of it. */
  voiceEveryMs: number
  /** A phone behind a router, which wants to stay known there, says so often that it is there. */
  keepAliveMs: number
  /** Nobody says a word to the router for so long; then a call comes. */
  idleMs: number
  /** For how long a router remembers; null: as its kernel has it. */
  memory: { udpSeconds: number; udpStreamSeconds: number } | null
}

/** In the order in which a reader meets them. */
export const ROWS = ['udp', 'timer', 'kept-alive', 'tcp'] as const
export type Row = (typeof ROWS)[number]

/** RFC 3261 section 17.1.1.1, and RFC 4028 section 4: no session may be shorter. */
const REAL = { times: { t1Ms: 500, t2Ms: 4000 }, sessionMs: 90_000 }
/**
 * Half as long, in the same proportion; T1 may be chosen smaller in a network of one's own. Sessions as short as this
 * one RFC 4028 forbids: only two phones that both know better agree on it.
 */
const QUICK = { times: { t1Ms: 250, t2Ms: 2000 }, sessionMs: 12_000 }

/** Shorter than the router's memory of UDP with answers. RFC 5626 section 4.4.2: 29 s at most. */
const KEEP_ALIVE_MS = { quick: 2000, real: 25_000 }
const QUICK_MEMORY = { udpSeconds: 4, udpStreamSeconds: 6 }
/** Beyond what a router remembers of UDP with answers: 120 s where its kernel has its way. */
const IDLE = { quick: 8000, real: 125_000 }
/** What a case does beside waiting for its timers. */
const BESIDE_MS = 8000

export function conditionsOf({ pace }: Pick<LabOptions, 'pace'>): Conditions<SipSettings> {
  const settings: SipSettings = {
    ...(pace === 'quick' ? QUICK : REAL),
    voiceEveryMs: PACKET_MS,
    keepAliveMs: KEEP_ALIVE_MS[pace],
    idleMs: IDLE[pace],
    memory: pace === 'quick' ? QUICK_MEMORY : null,
  }
  return { settings, sysctls: ASKS_ON, watchMs: longestMs(settings) + BESIDE_MS }
}
