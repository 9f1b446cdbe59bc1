/** What experiment, questions and judgement agree on. */
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions } from '../../src/plan/plan.ts'

export type FramesSettings = {
  /** An address that the switch has not heard for so long is forgotten. */
  ageingMs: number
  /** One byte each: enough to see that each costs the same. */
  beats: number
  beatEveryMs: number
  /** Enough for a dozen full frames. */
  bulkBytes: number
  /** Between two hosts on a hub, each answered. */
  datagrams: number
  /** The least that IPv4 asks every network to carry in one piece for its end (RFC 791 section 3.1). */
  smallMtuBytes: number
  /** Lines by telephone had it (RFC 1144 section 5.2): a key's echo does not wait long behind a full frame. */
  tinyMtuBytes: number
  /** Of the way behind a router; the hosts at its ends have 1500. */
  pathMtuBytes: number
}

/** In the order in which a reader meets them. */
export const ROWS = ['udp', 'http', 'heartbeat', 'bulk'] as const

const QUICK_AGEING_MS = 2000
/** What Linux's bridge and IEEE 802.1D table 7-5 have. */
const REAL_AGEING_MS = 300_000
/** The rest of the slowest case: two waits of one and a half times the ageing, and half a dozen datagrams. */
const AROUND_MS = 8000

export function conditionsOf({ pace }: Pick<LabOptions, 'pace'>): Conditions<FramesSettings> {
  const ageingMs = pace === 'quick' ? QUICK_AGEING_MS : REAL_AGEING_MS
  return {
    settings: {
      ageingMs,
      beats: 5,
      beatEveryMs: 200,
      bulkBytes: 20_000,
      datagrams: 20,
      smallMtuBytes: 576,
      tinyMtuBytes: 296,
      pathMtuBytes: 1000,
    },
    // Where a system routes for others its namespaces do so too, and c would pass on what came to it by mistake.
    sysctls: { 'net/ipv4/ip_forward': '0' },
    watchMs: 1.5 * ageingMs + AROUND_MS,
  }
}
