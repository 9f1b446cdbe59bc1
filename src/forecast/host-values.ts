/** What is in force for a connection: sysctls or what is assumed for them, and timeouts as far as they are known. */
import {
  type RetransmissionGiveUp,
  RTO_MAX_MS,
  RTO_MIN_MS,
  type Span,
  sendsTailLossProbes,
  timerAfter,
} from '../kernel/give-up.ts'
import { timerLatenessMs } from '../kernel/jiffies.ts'
import type { ConnectionFacts, HostFacts } from './facts.ts'

/** Values of Linux where nobody set anything (ip-sysctl.rst): assumed where they cannot be read. */
const DEFAULTS = {
  tcp_retries2: '15',
  tcp_early_retrans: '3',
  tcp_syn_retries: '6',
  tcp_keepalive_time: '7200',
  tcp_keepalive_intvl: '75',
  tcp_keepalive_probes: '9',
  // How often, and in which time, a neighbour's address is asked for.
  'neigh/eth0/mcast_solicit': '3',
  'neigh/eth0/retrans_time_ms': '1000',
} as const
/** Kernels before 6.5 have no tcp_syn_linear_timeouts; where nothing could be read, today's default. */
const SYN_LINEAR_TIMEOUTS = 4
/** At how many milliseconds the socket table cuts times off. */
export const TABLE_STEP_MS = 10

export function sysctl(sysctls: HostFacts['sysctls'], name: keyof typeof DEFAULTS): number {
  return Number(sysctls?.[name] ?? DEFAULTS[name])
}

export function linearTimeouts(sysctls: HostFacts['sysctls']): number {
  return sysctls === null ? SYN_LINEAR_TIMEOUTS : Number(sysctls.tcp_syn_linear_timeouts ?? 0)
}

/** RFC 8985. Whether the peers agreed on SACK only TCP_INFO tells; nearly all do. */
export function tailLossProbe({ reading }: ConnectionFacts, { sysctls }: HostFacts): boolean {
  return sendsTailLossProbes(sysctl(sysctls, 'tcp_early_retrans')) && (reading?.sack ?? true)
}

export function rtoMaxMs({ reading }: ConnectionFacts, { sysctls }: HostFacts): number {
  return reading?.rtoMaxMs ?? Number(sysctls?.tcp_rto_max_ms ?? RTO_MAX_MS)
}

function rtoMinMs({ sysctls }: HostFacts): number {
  return sysctls?.tcp_rto_min_us === undefined ? RTO_MIN_MS : Number(sysctls.tcp_rto_min_us) / 1000
}

/**
 * What the kernel may add to a round trip at least. The route's rto_min is above the host's and nobody tells; but the
 * timeout is a round trip plus that, or more.
 */
export function rtoMinOf(host: HostFacts, retransmissionTimeoutMs: number, roundTripMs: number): Span {
  const mostMs = Math.max(0, retransmissionTimeoutMs - roundTripMs)
  return { minMs: Math.min(rtoMinMs(host), mostMs), maxMs: mostMs }
}

/** When the timer fires that runs: the table cuts its time off, and it is late by how long it was set for. */
export function nextTimer({ timerLeftMs }: ConnectionFacts, setForMs: number, { jiffyMs }: HostFacts): Span {
  const cutOffMs = timerLeftMs + TABLE_STEP_MS
  return { minMs: timerLeftMs, maxMs: cutOffMs + timerLatenessMs(Math.max(setForMs, cutOffMs), jiffyMs) }
}

/** The retransmission timeout as it is now, doubled or not: one value, or the ends of what the table may mean. */
export function currentTimeouts({ reading, coarseTimeoutMs }: ConnectionFacts): number[] {
  if (reading !== null) return [reading.info.retransmissionTimeoutMs]
  const coarseMs = coarseTimeoutMs ?? RTO_MIN_MS
  return [coarseMs, coarseMs + TABLE_STEP_MS]
}

/** What it is, or was, before any doubling: again one value or several. */
export function timeoutsOf(facts: ConnectionFacts, host: HostFacts): number[] {
  const { reading, retransmits, timer } = facts
  // Each retransmission doubles it; the probes of a closed window do not.
  const doublings = timer === 'retransmit' ? (reading?.info.backoff ?? retransmits) : 0
  // Doubled until rtoMaxMs, it does not tell any more what it was; but it was no less than this.
  const leastMs = (reading?.info.roundTripMs ?? 0) + rtoMinMs(host)
  return currentTimeouts(facts).map((timeoutMs) => {
    if (doublings === 0) return timeoutMs
    const halvedMs = timeoutMs / 2 ** doublings
    return timeoutMs < rtoMaxMs(facts, host) ? halvedMs : Math.max(halvedMs, Math.min(leastMs, timeoutMs))
  })
}

/** Before any doubling. */
export function timeoutWords(facts: ConnectionFacts, host: HostFacts): string {
  const [timeoutMs = RTO_MIN_MS] = timeoutsOf(facts, host)
  return `RTO ${facts.reading === null ? 'from ' : ''}${Math.round(timeoutMs)} ms`
}

/** A chain of timers that each take so long: when the last one fires. */
export function chainOf(timersMs: readonly number[], jiffyMs: number): Span {
  return timersMs.reduce((fires: Span, timerMs) => timerAfter(fires, timerMs, jiffyMs), {
    minMs: 0,
    maxMs: 0,
  })
}

/** From the first of their beginnings to the last of their ends. */
export function spanOfAll(spans: readonly (Span | RetransmissionGiveUp)[]): Span {
  return {
    minMs: Math.min(...spans.map(({ minMs }) => minMs)),
    maxMs: Math.max(...spans.map(({ maxMs }) => maxMs)),
  }
}

/** `span` counted from `byMs` later. */
export function earlier({ minMs, maxMs }: Span, byMs: number): Span {
  return { minMs: Math.max(0, minMs - byMs), maxMs: Math.max(0, maxMs - byMs) }
}
