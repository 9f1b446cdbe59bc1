/** What should be seen, as pure functions of what was measured. */
import { type BusyConnection, RTO_MAX_MS, type Span, timerAfter } from '../../src/kernel/give-up.ts'
import { SLACK_MS } from '../../src/lab/checks.ts'

/**
 * From a write until the kernel tells the program, where it cannot even send: the source address of the connection is nobody's any more, no
 * route has it, and each try fails within this host. So nothing is in flight that could be sent again: the kernel
 * takes it for something that waits for its turn, and tries with the timer of zero-window probes
 * (tcp_check_probe_timer(), tcp_probe_timer() in net/ipv4/tcp_timer.c). It tries tcp_retries2 times, doubling,
 * and gives up when the timer fires once more.
 */
export function unsendableGiveUp({
  retransmissionTimeoutMs,
  retries2,
  jiffyMs,
}: Pick<BusyConnection, 'retransmissionTimeoutMs' | 'retries2' | 'jiffyMs'>): Span {
  let fires: Span = { minMs: 0, maxMs: 0 }
  for (let probe = 0; probe <= retries2; probe++) {
    const waitMs = Math.min(retransmissionTimeoutMs * 2 ** probe, RTO_MAX_MS)
    const { minMs, maxMs } = timerAfter(fires, waitMs, jiffyMs)
    // A timer counts from the tick that has begun already: it may fire sooner than asked by less than one.
    fires = { minMs: minMs - jiffyMs, maxMs }
  }
  return fires
}

/** How many of these moments lie in the fullest window of this length. */
export function peakOf(moments: readonly number[], windowMs: number): number {
  const sorted = [...moments].sort((one, other) => one - other)
  let peak = 0
  let first = 0
  for (const [last, moment] of sorted.entries()) {
    while (moment - (sorted[first] ?? moment) >= windowMs) first++
    peak = Math.max(peak, last - first + 1)
  }
  return peak
}

/** The window in which arrivals are counted. */
export const ARRIVAL_WINDOW_MS = 100

/**
 * The fullest window of arrivals, given when each is due. One that is due may come up to the slack later: so at
 * most as many arrive within a window as are due within that window and the slack; and those of the fullest window
 * that were due are spread over that window and the slack at most.
 * @param ownLateMs how late their own timers were at the most, which adds to the slack
 */
export function peakExpected(dueAt: readonly number[], ownLateMs: number): { min: number; max: number } {
  const lateMs = ownLateMs + SLACK_MS
  return {
    min: Math.ceil(
      peakOf(dueAt, ARRIVAL_WINDOW_MS) / Math.ceil((ARRIVAL_WINDOW_MS + lateMs) / ARRIVAL_WINDOW_MS),
    ),
    max: peakOf(dueAt, ARRIVAL_WINDOW_MS + lateMs),
  }
}

/** What ss(8) says of a connection: milliseconds. */
export interface Measured {
  retransmissionTimeoutMs: number
  roundTripMs: number
}

/**
 * Finds a connection in the lines of `ss -tino`: one line with its two addresses, then one, indented, with what
 * the kernel has measured. Null where it is not among them.
 */
export function measuredBySs(lines: readonly string[], localPort: number): Measured | null {
  const at = lines.findIndex((line) => new RegExp(`^ESTAB.*?[\\d.]+:${localPort} `).test(line))
  const [, rto, rtt] = /\brto:([\d.]+) rtt:([\d.]+)\//.exec(lines[at + 1] ?? '') ?? []
  if (at < 0 || rto === undefined || rtt === undefined) return null
  return { retransmissionTimeoutMs: Number(rto), roundTripMs: Number(rtt) }
}
