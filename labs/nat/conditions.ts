/** The settings of the experiment, at both paces. */
import type { Keepalive } from '../../src/kernel/socket-options.ts'
import type { Cell } from '../../src/lab/cell.ts'
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions, Plan } from '../../src/plan/plan.ts'

/** Plain data, so no interface. */
type Probing = Pick<Keepalive, keyof Keepalive>

export type NatSettings = {
  /** Probes more often than the router forgets, or less often. */
  keepalive: { below: Probing; above: Probing }
  /** For how long a router remembers; null: as its kernel has it. */
  memory: { tcpEstablishedSeconds: number; udpSeconds: number; udpStreamSeconds: number } | null
}

export type NatCell = Cell<NatSettings>

/**
 * Instead of five days, 30 s and 120 s: long enough that hosts on a busy machine can open all connections of a case
 * meanwhile. UDP counts as answered only two seconds after the mapping began, so it has to be remembered for longer
 * than that.
 */
const QUICK_MEMORY = { tcpEstablishedSeconds: 4, udpSeconds: 4, udpStreamSeconds: 6 }
/** Three probes fit into the memory of the router; or the first comes two seconds too late. */
const KEEPALIVE = {
  below: { idleMs: 1000, intervalMs: 1000, probes: 3 },
  above: { idleMs: 6000, intervalMs: 1000, probes: 3 },
}
/** 2 instead of 15: a kernel gives up on unacknowledged data after some 3.4 s (labs/keepalive/conditions.ts). */
const QUICK_SYSCTLS = { 'net/ipv4/tcp_retries2': '2' }
/** The longest case; at real pace answered UDP, remembered for two minutes. */
const QUICK_WATCH_MS = 15_000
const REAL_WATCH_MS = 140_000

export function conditionsOf({ pace }: Pick<LabOptions, 'pace'>): Conditions<NatSettings> {
  const isQuick = pace === 'quick'
  return {
    settings: { keepalive: KEEPALIVE, memory: isQuick ? QUICK_MEMORY : null },
    sysctls: isQuick ? QUICK_SYSCTLS : {},
    watchMs: isQuick ? QUICK_WATCH_MS : REAL_WATCH_MS,
  }
}

export const FIVE_DAYS =
  'a router remembers an idle TCP connection for five days (nf_conntrack_tcp_timeout_established)'

/** Why a case is not shown at real pace. */
export function quickOnly({ pace }: Pick<Plan, 'pace'>, because: string): string | null {
  return pace === 'real' ? `not at real pace: ${because}` : null
}
