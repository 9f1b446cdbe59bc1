/**
 * How long each wait should last, from what is in force: sysctls, socket options and TCP_INFO as they were read,
 * limits as Node has them. Pure.
 */
import {
  type BusyConnection,
  keepaliveGiveUp,
  keepaliveGiveUpSinceHeard,
  type RetransmissionGiveUp,
  retransmissionGiveUp,
  type Span,
} from '../../src/kernel/give-up.ts'
import {
  finWait2GiveUp,
  orphanGiveUp,
  type SynSent,
  synReceivedGiveUp,
  synSentGiveUp,
  timeWaitEnd,
  type ZeroWindow,
  zeroWindowGiveUp,
  zeroWindowUserTimeout,
} from '../../src/kernel/give-up-by-state.ts'
import type { Keepalive } from '../../src/kernel/socket-options.ts'

export interface Expectation {
  span: Span
  formula: string
  source: string
  /** When something is sent again meanwhile; left out where nothing is. */
  retransmissions?: readonly Span[]
}

export function synSent(settings: SynSent): Expectation {
  const { synRetries, linearTimeouts, userTimeoutMs } = settings
  const found = synSentGiveUp(settings)
  return {
    ...withRetransmissions(found),
    formula:
      userTimeoutMs === 0
        ? `SYN again at ${listed(found.retransmissions)}; end after ${linearTimeouts} + ${synRetries} retries, or 2^${synRetries + 1} - 1 = ${2 ** (synRetries + 1) - 1} s`
        : `TCP_USER_TIMEOUT ${seconds(userTimeoutMs)} from the first SYN; again at ${listed(found.retransmissions)}`,
    source: 'RFC 6298 2, ip-sysctl.rst (tcp_syn_retries, tcp_syn_linear_timeouts), tcp_write_timeout()',
  }
}

export function synReceived(synackRetries: number, jiffyMs: number): Expectation {
  const found = synReceivedGiveUp(synackRetries, jiffyMs)
  return {
    ...withRetransmissions(found),
    formula: `2^(tcp_synack_retries + 1) - 1 = 2^${synackRetries + 1} - 1 s, SYN-ACK again at ${listed(found.retransmissions)}`,
    source: 'ip-sysctl.rst (tcp_synack_retries), reqsk_timer_handler()',
  }
}

/** From the last that was heard of the peer. */
export function keepalive(settings: Keepalive, userTimeoutMs: number, jiffyMs: number): Expectation {
  const { idleMs, intervalMs } = settings
  const found = keepaliveGiveUpSinceHeard(settings, userTimeoutMs, jiffyMs)
  const probes = found.retransmissions.length
  const count =
    userTimeoutMs === 0
      ? `n = ${probes} (TCP_KEEPCNT)`
      : `n = ${probes}: the first probe at or after TCP_USER_TIMEOUT ${seconds(userTimeoutMs)}, not TCP_KEEPCNT ${settings.probes}`
  return {
    ...withRetransmissions(found),
    formula: `idle + n x interval = ${seconds(idleMs)} + ${probes} x ${seconds(intervalMs)}, ${count}`,
    source: 'RFC 9293 3.8.4, tcp(7), tcp_keepalive_timer()',
  }
}

/** When keepalive alone would be over. */
export function keepaliveAloneMs(settings: Keepalive): number {
  return keepaliveGiveUp(settings).maxMs
}

/** From the send that was lost. */
export function busy(connection: BusyConnection): Expectation {
  const { retransmissionTimeoutMs, retries2, userTimeoutMs } = connection
  return {
    ...withRetransmissions(retransmissionGiveUp(connection)),
    formula:
      userTimeoutMs === 0
        ? `RTO ${Math.round(retransmissionTimeoutMs)} ms doubled until (2^(r+1) - 1) x 200 ms have passed since the first retransmission, r = tcp_retries2 ${retries2}`
        : `tail loss probe + RTO ${Math.round(retransmissionTimeoutMs)} ms + TCP_USER_TIMEOUT ${seconds(userTimeoutMs)}: the clock starts at the first retransmission`,
    source: 'RFC 9293 3.8.3, RFC 6298, RFC 8985, tcp(7), retransmits_timed_out()',
  }
}

/** From the send that was lost, the program gone. */
export function orphan(connection: BusyConnection, orphanRetries: number): Expectation {
  const { userTimeoutMs } = connection
  return {
    ...withRetransmissions(orphanGiveUp(connection, orphanRetries)),
    formula:
      userTimeoutMs === 0
        ? `as a busy connection, r = tcp_orphan_retries ${orphanRetries === 0 ? '0, which means 8' : orphanRetries}`
        : `as a busy connection, TCP_USER_TIMEOUT ${seconds(userTimeoutMs)} from the first retransmission`,
    source: 'ip-sysctl.rst (tcp_orphan_retries), tcp_orphan_retries(), tcp_write_timeout()',
  }
}

/** From the end of the answers. */
export function zeroWindow(connection: ZeroWindow): Expectation {
  const { retransmissionTimeoutMs, retries2, backoff } = connection
  return {
    span: zeroWindowGiveUp(connection),
    formula: `up to the next probe, then r more, each twice as late: RTO ${Math.round(retransmissionTimeoutMs)} ms doubled ${backoff} times so far, r = tcp_retries2 ${retries2}`,
    source: 'RFC 9293 3.8.6.1, tcp_probe_timer()',
  }
}

/** From the moment the window is full. */
export function zeroWindowLimited(rtoMs: number, userTimeoutMs: number, jiffyMs: number): Expectation {
  return {
    span: zeroWindowUserTimeout(rtoMs, userTimeoutMs, jiffyMs),
    formula: `RTO ${Math.round(rtoMs)} ms to the first probe + TCP_USER_TIMEOUT ${seconds(userTimeoutMs)}, answered or not`,
    source: 'RFC 5482, tcp(7), tcp_probe_timer()',
  }
}

/** From the acknowledgement of our FIN. */
export function finWait2(finTimeoutSeconds: number, jiffyMs: number): Expectation {
  return {
    span: finWait2GiveUp(finTimeoutSeconds * 1000, jiffyMs),
    formula: `tcp_fin_timeout ${finTimeoutSeconds} s`,
    source: 'ip-sysctl.rst (tcp_fin_timeout), tcp_rcv_state_process()',
  }
}

/** From the peer's FIN. */
export function timeWait(jiffyMs: number): Expectation {
  return {
    span: timeWaitEnd(jiffyMs),
    formula: 'TCP_TIMEWAIT_LEN, 60 s',
    source: 'RFC 9293 3.4.2 (there 2 x MSL = 4 min), net/tcp.h',
  }
}

/** A limit that Node checks only now and then. */
export function checkedLimit(name: string, limitMs: number, checkEveryMs: number): Expectation {
  return {
    span: { minMs: limitMs, maxMs: limitMs + checkEveryMs },
    formula: `${name} ${seconds(limitMs)} .. + connectionsCheckingInterval ${seconds(checkEveryMs)}`,
    source: `Node.js, server.${name}, http.createServer()`,
  }
}

/** Node's own, of a socket; its HTTP server uses it too. */
export function nodeTimer(
  limitMs: number,
  name = 'setTimeout',
  source = 'Node.js, socket.setTimeout()',
): Expectation {
  return {
    span: { minMs: limitMs, maxMs: limitMs },
    formula: `${name} ${seconds(limitMs)}`,
    source,
  }
}

/** While it has timers, undici's clock ticks at this interval, and each tick counts for as much (lib/util/timers.js). */
const UNDICI_TICK_MS = 499
/**
 * However late a tick comes, it counts for no more: so lateness adds up. By its granularity a timer of Node's is
 * late by a millisecond; by 3.2 ms on average, 600 times, where ten other processes wanted the two cores.
 */
const NODE_TIMER_LATE_MS = 5

/** From the request: a timer that begins with the tick before it and ends with a tick. */
export function undiciTimer(limitMs: number): Expectation {
  const ticks = Math.ceil(limitMs / UNDICI_TICK_MS)
  return {
    span: { minMs: (ticks - 1) * UNDICI_TICK_MS, maxMs: (ticks + 1) * (UNDICI_TICK_MS + NODE_TIMER_LATE_MS) },
    formula: `headersTimeout ${seconds(limitMs)} by a clock of ${UNDICI_TICK_MS} ms: ${ticks - 1} .. ${ticks + 1} ticks`,
    source: 'undici, Client headersTimeout, lib/util/timers.js',
  }
}

/** How many of the retransmissions must have been sent by the end, and how many may have been. */
export function sentAgain({ span, retransmissions = [] }: Expectation): { min: number; max: number } {
  const until = (limitMs: number) => retransmissions.filter(({ maxMs }) => maxMs < limitMs).length
  return { min: until(span.minMs), max: until(span.maxMs) }
}

function withRetransmissions({ minMs, maxMs, retransmissions }: RetransmissionGiveUp) {
  return { span: { minMs, maxMs }, retransmissions }
}

function listed(spans: readonly Span[]): string {
  return `${spans.map(({ minMs }) => Math.round(minMs / 100) / 10).join(', ')} s`
}

function seconds(ms: number): string {
  return `${ms / 1000} s`
}
