/**
 * When a kernel gives up in each state of a connection (RFC 9293 section 3.3.2), beside ESTABLISHED with
 * data or keepalive, which is in `give-up.ts`.
 *
 * Each prediction was held against Linux 6.18: test/kernel/give-up-by-state.test.ts. Function names are
 * those of net/ipv4 in Linux; the sysctls are described in ip-sysctl.rst.
 */
import {
  type BusyConnection,
  isCountable,
  modelTimeout,
  type RetransmissionGiveUp,
  RTO_MAX_MS,
  retransmissionGiveUp,
  type Span,
  timerAfter,
  UNKNOWN,
} from './give-up.ts'
import { timerLatenessMs } from './jiffies.ts'

/** TCP_TIMEOUT_INIT, the first timeout of a SYN (RFC 6298 section 2). No setting changes it. */
export const SYN_TIMEOUT_MS = 1000
/** TCP_TIMEWAIT_LEN. RFC 9293 section 3.4.2 asks for twice the maximum segment lifetime, four minutes. */
const TIME_WAIT_MS = 60_000
/** tcp_orphan_retries(): what 0, the default, means. */
const ORPHAN_RETRIES_OF_ZERO = 8
/** A zero-window probe waits no less (TCP_RTO_MIN). */
const PROBE_MIN_MS = 200

/**
 * Which settings of a host make a state end sooner, so that a lab can show it in seconds. None: it has to be
 * waited for, or never ends.
 */
export const settingsThatDecide = {
  'syn-sent': ['tcp_syn_retries', 'tcp_syn_linear_timeouts'],
  'syn-received': ['tcp_synack_retries'],
  // Of the server. The client is ESTABLISHED and stays so, until its first write is answered with RST.
  'last-ack-of-handshake-lost': ['tcp_synack_retries'],
  idle: [],
  busy: ['tcp_retries2'],
  'zero-window-alive': [],
  'zero-window-dead': ['tcp_retries2'],
  'closed-with-data': ['tcp_orphan_retries'],
  'fin-wait-2': ['tcp_fin_timeout'],
  // Half closed by shutdown(2), or the peer's FIN not answered: the program has the socket, and may wait.
  'half-closed': [],
  'close-wait': [],
  'time-wait': [],
} as const satisfies Record<string, readonly string[]>

export interface SynSent {
  /** TCP_SYNCNT, or net.ipv4.tcp_syn_retries */
  synRetries: number
  /** net.ipv4.tcp_syn_linear_timeouts; 0 before Linux 6.5. */
  linearTimeouts: number
  /** TCP_USER_TIMEOUT; 0: not set. */
  userTimeoutMs: number
  jiffyMs: number
  /** As in {@link BusyConnection}. */
  rtoMaxMs?: number
}

export interface SynSentGiveUp extends RetransmissionGiveUp {
  /** Which of the ways to the end is the sooner. */
  by: 'count' | 'time'
}

/**
 * SYN-SENT: milliseconds from the first SYN to ETIMEDOUT in connect(), where nothing answers.
 *
 * The first timeouts, linearTimeouts + 1 of them, are of one second each, then they double. There are two
 * ways to the end, and the sooner one counts (tcp_write_timeout()): synRetries + linearTimeouts SYNs were
 * sent again; or the time has passed that synRetries doublings alone would take, 2^(synRetries + 1) - 1
 * seconds (tcp_model_timeout()). So with few retries the linear timeouts add SYNs and no time.
 * TCP_USER_TIMEOUT replaces that time, so that it may lengthen it as well, up to the count; the first question is
 * asked when the first second is over.
 */
export function synSentGiveUp({
  synRetries,
  linearTimeouts,
  userTimeoutMs,
  jiffyMs,
  rtoMaxMs = RTO_MAX_MS,
}: SynSent): SynSentGiveUp {
  const most = synRetries + linearTimeouts
  if (!isCountable(most)) return { ...UNKNOWN, by: 'count' }
  const limitMs = userTimeoutMs === 0 ? modelTimeout(synRetries, SYN_TIMEOUT_MS, rtoMaxMs) : userTimeoutMs
  const retransmissions: Span[] = []
  let timeoutMs = SYN_TIMEOUT_MS
  let fires = timerAfter({ minMs: 0, maxMs: 0 }, timeoutMs, jiffyMs)
  let isClamped = false
  // The first timer that may fire late enough to be the last: timers oversleep, each a little.
  let earliestMs: number | undefined
  while (
    retransmissions.length < most &&
    // Not before one was sent again: retransmits_timed_out().
    (retransmissions.length === 0 || fires.minMs < limitMs)
  ) {
    if (retransmissions.length > 0 && fires.maxMs >= limitMs) earliestMs ??= Math.max(limitMs, fires.minMs)
    retransmissions.push(fires)
    if (retransmissions.length > linearTimeouts) timeoutMs = Math.min(2 * timeoutMs, rtoMaxMs)
    // tcp_clamp_rto_to_user_timeout(): the timer never goes past this limit; at its end it is due at once.
    const leftMs =
      userTimeoutMs === 0 ? timeoutMs : Math.min(timeoutMs, Math.max(jiffyMs, limitMs - fires.minMs))
    isClamped = leftMs < timeoutMs
    fires = timerAfter(fires, leftMs, jiffyMs)
  }
  const by = isClamped || retransmissions.length < most ? 'time' : 'count'
  return { minMs: earliestMs ?? fires.minMs, maxMs: fires.maxMs, retransmissions, by }
}

/**
 * SYN-RECEIVED: milliseconds from the first SYN-ACK until the server's kernel forgets the attempt, which no
 * program ever hears of (reqsk_timer_handler()): one second, doubled tcp_synack_retries times. Keepalive and
 * user timeout belong to sockets, and there is none yet.
 *
 * The kernel gives up sooner while more than half of a listener's backlog are such attempts.
 */
export function synReceivedGiveUp(synackRetries: number, jiffyMs: number): RetransmissionGiveUp {
  if (!isCountable(synackRetries)) return UNKNOWN
  const retransmissions: Span[] = []
  let fires = timerAfter({ minMs: 0, maxMs: 0 }, SYN_TIMEOUT_MS, jiffyMs)
  while (retransmissions.length < synackRetries) {
    retransmissions.push(fires)
    const timeoutMs = Math.min(SYN_TIMEOUT_MS * 2 ** retransmissions.length, RTO_MAX_MS)
    fires = timerAfter(fires, timeoutMs, jiffyMs)
  }
  return { ...fires, retransmissions }
}

export interface ZeroWindow {
  /** From TCP_INFO, while the window is closed. */
  retransmissionTimeoutMs: number
  /**
   * TCP_INFO too: how often the time between two probes has doubled. With 0 no probe was sent yet, and the
   * window may not be closed but only small: the first act of the timer is then to send what fits, and if
   * that is lost, the connection ends as a busy one does. So wait until it is 1 or, for a narrower
   * prediction, retries2.
   */
  backoff: number
  /** net.ipv4.tcp_retries2 */
  retries2: number
  jiffyMs: number
  /** As in {@link BusyConnection}. */
  rtoMaxMs?: number
}

/**
 * Zero window, and the receiver's answers stop: milliseconds from then to ETIMEDOUT (tcp_probe_timer()).
 *
 * While probes are answered, a program may refuse to read for ever (RFC 9293 section 3.8.6.1), and the time
 * between two probes doubles up to retries2 times. From then on retries2 probes stay unanswered, and the
 * timer fires once more. The width is the time to the next probe: the answers stop between two.
 */
export function zeroWindowGiveUp(connection: ZeroWindow): Span {
  const { backoff, jiffyMs } = connection
  const waitMs = probeWait(connection, backoff)
  const next = { minMs: 0, maxMs: timerAfter({ minMs: 0, maxMs: 0 }, waitMs, jiffyMs).maxMs }
  return zeroWindowLeft(connection, next, 0)
}

/**
 * The same in the middle of it: milliseconds from a moment at which the timer is known, if nothing is heard any more
 * (tcp_probe_timer(), tcp_send_probe0()).
 * @param fires when it does, counted from that moment
 * @param unanswered probes that were sent since anything was heard
 */
export function zeroWindowLeft(connection: ZeroWindow, fires: Span, unanswered: number): Span {
  const { backoff, retries2, jiffyMs } = connection
  if (!isCountable(retries2)) return UNKNOWN
  let end = fires
  for (let sent = unanswered; sent < retries2; sent++) {
    const waitMs = probeWait(connection, backoff + sent - unanswered + 1)
    const { minMs, maxMs } = timerAfter(end, waitMs, jiffyMs)
    // A timer counts from the tick that has begun already: it may fire sooner than asked by less than one.
    end = { minMs: minMs - jiffyMs, maxMs }
  }
  return end
}

/**
 * The same by TCP_USER_TIMEOUT, whether probes are answered or not (tcp_clamp_probe0_to_user_timeout()).
 * @param sinceFirst so long ago the first probe was due, with which the clock began
 */
export function zeroWindowUserTimeoutLeft(
  userTimeoutMs: number,
  fires: Span,
  sinceFirst: Span,
  jiffyMs: number,
): Span {
  const soonestMs = Math.max(0, userTimeoutMs - sinceFirst.maxMs)
  const latestMs = Math.max(0, userTimeoutMs - sinceFirst.minMs)
  return {
    minMs: Math.max(fires.minMs, soonestMs),
    maxMs: Math.max(fires.maxMs, latestMs + timerLatenessMs(latestMs, jiffyMs)),
  }
}

/** Between two probes, doubled this many times: tcp_probe0_when(). */
export function probeWait(
  { retransmissionTimeoutMs, retries2, rtoMaxMs = RTO_MAX_MS }: Omit<ZeroWindow, 'backoff' | 'jiffyMs'>,
  backoff: number,
): number {
  return Math.min(
    Math.max(retransmissionTimeoutMs, PROBE_MIN_MS) * 2 ** Math.min(backoff, retries2),
    rtoMaxMs,
  )
}

/**
 * Zero window with TCP_USER_TIMEOUT: milliseconds from the moment the window is full to ETIMEDOUT, whether
 * probes are answered or not: it ends a connection to a peer that is well and merely does not read. The
 * clock starts at the first probe, one retransmission timeout later. Of a dead receiver tcp_retries2 may
 * tell sooner: {@link zeroWindowGiveUp}.
 */
export function zeroWindowUserTimeout(
  retransmissionTimeoutMs: number,
  userTimeoutMs: number,
  jiffyMs: number,
): Span {
  const firstProbe = timerAfter(
    { minMs: 0, maxMs: 0 },
    Math.max(retransmissionTimeoutMs, PROBE_MIN_MS),
    jiffyMs,
  )
  // Measured anew at each probe, so late by its last timer only: tcp_clamp_probe0_to_user_timeout().
  return timerAfter(firstProbe, userTimeoutMs, jiffyMs)
}

/**
 * close() while data is unacknowledged: milliseconds from the send that was lost until the kernel forgets the
 * connection. No program holds it any more, so nobody is told. It waits in FIN-WAIT-1, LAST-ACK or CLOSING, in
 * the same way as a busy connection does, but `orphanRetries` (net.ipv4.tcp_orphan_retries) decides, and 0
 * means 8. A program that only half closes (shutdown(2)) still has the socket: then tcp_retries2 decides.
 */
export function orphanGiveUp(
  connection: Omit<BusyConnection, 'retries2' | 'severalInFlight'>,
  orphanRetries: number,
): RetransmissionGiveUp {
  const retries2 = orphanRetries === 0 ? ORPHAN_RETRIES_OF_ZERO : orphanRetries
  // The data and the FIN, or the FIN alone.
  return retransmissionGiveUp({ ...connection, retries2, severalInFlight: true })
}

/**
 * FIN-WAIT-2: milliseconds from the acknowledgement of our FIN until the kernel forgets a connection that the
 * program has closed. A program that only half closed waits for ever.
 *
 * Above a minute the kernel takes the excess twice, and nothing else (tcp_rcv_state_process() and
 * tcp_keepalive_timer() both subtract TCP_TIMEWAIT_LEN): 61 s means 2 s.
 */
export function finWait2GiveUp(finTimeoutMs: number, jiffyMs: number): Span {
  const begun: Span = { minMs: 0, maxMs: 0 }
  if (finTimeoutMs <= TIME_WAIT_MS) return timerAfter(begun, finTimeoutMs, jiffyMs)
  const excessMs = finTimeoutMs - TIME_WAIT_MS
  return timerAfter(timerAfter(begun, excessMs, jiffyMs), excessMs, jiffyMs)
}

/** TIME-WAIT: milliseconds until the pair of addresses may be used again. No setting changes it. */
export function timeWaitEnd(jiffyMs: number): Span {
  return timerAfter({ minMs: 0, maxMs: 0 }, TIME_WAIT_MS, jiffyMs)
}
