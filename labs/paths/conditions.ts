/** What experiment, questions and judgement agree on. */
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions, Plan } from '../../src/plan/plan.ts'

export type PathsSettings = {
  /** Of UDP, each between other ports. */
  flows: number
  /** Of each flow. */
  datagrams: number
  /** The way by q takes so much longer, where that matters. */
  slowerMs: number
  /** One after the other, over both ways: far more often than one way is slower. */
  sprayed: { datagrams: number; everyMs: number; lines: number }
  heartbeat: { intervalMs: number; suspectAfterMs: number; downAfterMs: number }
  /** A router that remembers connections forgets one that is idle for so long; 0: as its kernel does. */
  forgetsAfterSeconds: number
  /** How soon a kernel asks again whether a neighbour is there; null: as it does by itself. */
  neighbours: Record<string, string> | null
  /** Until it has asked in vain, at the latest. */
  noticedWithinMs: number
}

/** In the order in which a reader meets them. */
export const ROWS = ['udp', 'tcp', 'heartbeat', 'traceroute'] as const

/** For half a second a neighbour counts as there; then it is asked after a second, three times, 200 ms apart. */
const QUICK_NEIGHBOURS = {
  base_reachable_time_ms: '500',
  delay_first_probe_time: '1',
  retrans_time_ms: '200',
  ucast_solicit: '3',
}
/** Three quarters of a second, a second and 600 ms of these, and as much again. */
const QUICK_NOTICED_MS = 5000
/** Linux asks after 15 to 45 s, 5 s later, three times in 3 s (arp(7)). */
const REAL_NOTICED_MS = 60_000
const QUICK_FORGETS_SECONDS = 2
/** The rest of the slowest case. */
const AROUND_MS = 15_000

export function conditionsOf({ pace }: Pick<LabOptions, 'pace'>): Conditions<PathsSettings> {
  const isQuick = pace === 'quick'
  const noticedWithinMs = isQuick ? QUICK_NOTICED_MS : REAL_NOTICED_MS
  return {
    settings: {
      flows: 20,
      datagrams: 3,
      slowerMs: 20,
      sprayed: { datagrams: 50, everyMs: 5, lines: 2000 },
      heartbeat: { intervalMs: 200, suspectAfterMs: 1500, downAfterMs: 3500 },
      forgetsAfterSeconds: isQuick ? QUICK_FORGETS_SECONDS : 0,
      neighbours: isQuick ? QUICK_NEIGHBOURS : null,
      noticedWithinMs,
    },
    // Where a system routes for others its namespaces do so too; a and b are no routers.
    sysctls: { 'net/ipv4/fib_multipath_hash_policy': '0' },
    watchMs: noticedWithinMs + AROUND_MS,
  }
}

/** Why a case that waits until a router has forgotten cannot be shown at the real pace; null: it can. */
export function quickOnly({ settings }: Plan<PathsSettings>): string | null {
  if (settings.forgetsAfterSeconds > 0) return null
  return 'a kernel forgets an idle connection after five days (nf_conntrack_tcp_timeout_established)'
}
