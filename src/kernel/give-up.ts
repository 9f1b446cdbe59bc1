/**
 * When a kernel gives up on a peer that no longer answers: predictions to hold against what happens.
 *
 * A kernel has two reasons to doubt, and each has its own timer. On an idle connection keepalive asks
 * the peer (RFC 9293 section 3.8.4); on a busy one the peer owes an acknowledgement, and the kernel
 * sends the same bytes again (RFC 9293 section 3.8.3). Keepalive does not run meanwhile:
 * tcp_keepalive_timer() puts itself off while data is unacknowledged.
 *
 * Function names are those of net/ipv4/tcp_timer.c and tcp_output.c in Linux.
 */
import { timerLatenessMs } from './jiffies.ts'
import type { Keepalive } from './socket-options.ts'

/** Something happens in minMs..maxMs. */
export interface Span {
  minMs: number
  maxMs: number
}

/**
 * Keepalive: milliseconds from a cut of an idle connection to ETIMEDOUT, whenever the cut strikes.
 *
 * While the peer answers, a probe goes out each `idleMs`. So the last answer lies up to `idleMs` before
 * the cut, and the whole width is this phase: the timers themselves add little.
 *
 * With TCP_USER_TIMEOUT (0: not set) the number of probes no longer counts. The kernel gives up when a
 * keepalive timer fires, one probe at least is unanswered, and nothing was heard for that long
 * (tcp_keepalive_timer(), tcp(7)).
 */
export function keepaliveGiveUp(keepalive: Keepalive, userTimeoutMs = 0): Span {
  const { idleMs, intervalMs } = keepalive
  const unanswered = unansweredProbes(keepalive, userTimeoutMs)
  return { minMs: unanswered * intervalMs, maxMs: idleMs + unanswered * intervalMs }
}

/**
 * The same from the moment the peer was last heard, which captured packets tell: no phase is left, and the
 * width is that of the timers. They fire in a chain, `idleMs` and then each `intervalMs`.
 */
export function keepaliveGiveUpSinceHeard(
  keepalive: Keepalive,
  userTimeoutMs: number,
  jiffyMs: number,
): RetransmissionGiveUp {
  const retransmissions: Span[] = []
  const unanswered = unansweredProbes(keepalive, userTimeoutMs)
  if (!isCountable(unanswered)) return UNKNOWN
  let fires = timerAfter({ minMs: 0, maxMs: 0 }, keepalive.idleMs, jiffyMs)
  for (let probe = 0; probe < unanswered; probe++) {
    retransmissions.push(fires)
    fires = timerAfter(fires, keepalive.intervalMs, jiffyMs)
  }
  return { ...fires, retransmissions }
}

/** After how many unanswered probes the kernel gives up. */
function unansweredProbes({ idleMs, intervalMs, probes }: Keepalive, userTimeoutMs: number): number {
  return userTimeoutMs === 0 ? probes : Math.max(1, Math.ceil((userTimeoutMs - idleMs) / intervalMs))
}

/**
 * TCP_RTO_MIN: what a timeout has at least, and the unit in which tcp_retries2 is counted, whatever the
 * connection's own timeout is.
 */
export const RTO_MIN_MS = 200
/** TCP_RTO_MAX: the doubling ends here. */
export const RTO_MAX_MS = 120_000

/** TCP_TIMEOUT_MIN: what the tail loss probe waits beside two round trips when it is not alone in flight. */
const PROBE_MIN_JIFFIES = 2

/** Whether this value of net.ipv4.tcp_early_retrans makes a kernel send tail loss probes: 3 (the default) or 4. */
export function sendsTailLossProbes(earlyRetrans: string | number | undefined): boolean {
  return ['3', '4'].includes(String(earlyRetrans))
}

/** What decides the end of a busy connection, from TCP_INFO at the last write before the loss. */
export interface BusyConnection {
  /** RFC 6298: smoothed round trip plus at least 200 ms; the kernel rounds it up to jiffies. */
  retransmissionTimeoutMs: number
  /** Smoothed (RFC 6298). */
  roundTripMs: number
  /** net.ipv4.tcp_retries2 of the host. */
  retries2: number
  /** TCP_USER_TIMEOUT; 0: not set. It replaces tcp_retries2, be it shorter or longer. */
  userTimeoutMs: number
  /** RFC 8985: {@link sendsTailLossProbes}, and the peers agreed on SACK. */
  tailLossProbe: boolean
  /** One tick of the kernel's clock. */
  jiffyMs: number
  /**
   * More than one segment may have been in flight when the path broke. The tail loss probe then goes out
   * almost at once, and everything after it comes as much earlier. False where left out.
   */
  severalInFlight?: boolean
  /** net.ipv4.tcp_rto_max_ms or TCP_RTO_MAX_MS (Linux 6.15): where the doubling ends. {@link RTO_MAX_MS} where left out. */
  rtoMaxMs?: number
}

/** Times after the send that was lost. */
export interface RetransmissionGiveUp extends Span {
  /**
   * When the lost bytes are sent again, the tail loss probe first, or a SYN or keepalive probe goes out. One later than `minMs` happens only if
   * the kernel has not given up by then.
   */
  retransmissions: Span[]
}

/**
 * More than any kernel in use sends: the settings that count are bytes, and a week of TCP_USER_TIMEOUT, one each two
 * minutes, is 5040. What is predicted from may be a log in which anything is missing, and a chain of timers of no
 * length has no end.
 */
const RETRANSMISSIONS_MAX = 10_000
/** What is predicted where something that decides is not known, or is nonsense. It fits no observation. */
export const UNKNOWN: RetransmissionGiveUp = { minMs: Number.NaN, maxMs: Number.NaN, retransmissions: [] }

/** Whether a chain of so many timers can be followed; not where the number is not known. */
export function isCountable(retransmissions: number): boolean {
  return retransmissions <= RETRANSMISSIONS_MAX
}

/**
 * Retransmission: milliseconds from the send that was lost to ETIMEDOUT, on a connection with nothing
 * else in flight. What the program writes later waits behind the lost bytes and changes nothing.
 *
 * With R the retransmission timeout, the bytes are sent again at R (tail loss probe), 2R, 4R, 8R, 16R,
 * ... : the probe is no retransmission to the kernel and does not double the timer. Each time the timer
 * fires tcp_write_timeout() first asks whether to give up; so the end is always a moment at which the
 * next retransmission would have been sent. The clock of that question starts at the first
 * *retransmission*, 2R, not at the loss, and the limit is what tcp_retries2 retransmissions would take
 * from a timeout of 200 ms, not from R: retransmits_timed_out().
 *
 * The width has two parts. Each timer of the chain is late by up to its granularity. And where the time
 * of one question lies that close to the limit, either answer is possible: the kernel gives up there, or
 * at the next one, twice as late. With tcp_retries2 = 2 and ticks of 4 ms that is so for R from 223 to
 * 233 ms, which a heartbeat with its delayed acknowledgements easily has; with 3, for 208 to 214 ms.
 */
export function retransmissionGiveUp(connection: BusyConnection): RetransmissionGiveUp {
  const { retransmissionTimeoutMs, roundTripMs, userTimeoutMs, jiffyMs, rtoMaxMs = RTO_MAX_MS } = connection
  const after = (span: Span, delayMs: number) => timerAfter(span, delayMs, jiffyMs)
  const retransmissions: Span[] = []
  const lostSend: Span = { minMs: 0, maxMs: 0 }

  // tcp_schedule_loss_probe(), RFC 8985 section 7.2. The RTO is armed only when the probe is out.
  if (connection.tailLossProbe) {
    const alone = after(lostSend, Math.min(2 * roundTripMs + RTO_MIN_MS, retransmissionTimeoutMs))
    const soonest = connection.severalInFlight ? 2 * roundTripMs + PROBE_MIN_JIFFIES * jiffyMs : alone.minMs
    retransmissions.push({ ...alone, minMs: Math.min(alone.minMs, soonest) })
  }
  const first = after(retransmissions[0] ?? lostSend, retransmissionTimeoutMs)
  retransmissions.push(first)

  const limitMs =
    userTimeoutMs === 0 ? modelTimeout(connection.retries2, RTO_MIN_MS, rtoMaxMs) : userTimeoutMs
  let elapsed: Span = { minMs: 0, maxMs: 0 }
  let timeoutMs = retransmissionTimeoutMs
  let earliestMs: number | undefined
  while (isCountable(retransmissions.length)) {
    timeoutMs = Math.min(2 * timeoutMs, rtoMaxMs)
    const leftMs = limitMs - elapsed.minMs
    // tcp_clamp_rto_to_user_timeout(): this limit is not overslept, as that of tcp_retries2 is. Measured
    // anew at each retransmission, it is late by its last timer only.
    if (userTimeoutMs > 0 && timeoutMs >= leftMs) {
      const latestMs = limitMs + timerLatenessMs(leftMs, jiffyMs)
      return { minMs: first.minMs + limitMs, maxMs: first.maxMs + latestMs, retransmissions }
    }
    elapsed = after(elapsed, timeoutMs)
    if (elapsed.maxMs >= limitMs) earliestMs ??= first.minMs + Math.max(limitMs, elapsed.minMs)
    if (earliestMs !== undefined && elapsed.minMs >= limitMs) {
      return { minMs: earliestMs, maxMs: first.maxMs + elapsed.maxMs, retransmissions }
    }
    retransmissions.push({ minMs: first.minMs + elapsed.minMs, maxMs: first.maxMs + elapsed.maxMs })
  }
  return UNKNOWN
}

/** When a timer of `delayMs` fires that is set at a moment within `span`. */
export function timerAfter(span: Span, delayMs: number, jiffyMs: number): Span {
  const wholeJiffiesMs = Math.ceil(delayMs / jiffyMs) * jiffyMs
  return {
    minMs: span.minMs + wholeJiffiesMs,
    maxMs: span.maxMs + wholeJiffiesMs + timerLatenessMs(delayMs, jiffyMs),
  }
}

/** How long `retries` retransmissions take when the first comes after `firstMs`: tcp_model_timeout(). */
export function modelTimeout(retries: number, firstMs = RTO_MIN_MS, rtoMaxMs = RTO_MAX_MS): number {
  const doublings = Math.floor(Math.log2(rtoMaxMs / firstMs))
  const doubled = (2 ** (Math.min(retries, doublings) + 1) - 1) * firstMs
  return doubled + Math.max(0, retries - doublings) * rtoMaxMs
}

/**
 * Whether a connection outlives a cut that is mended `mendedAfterMs` after the send that was lost. The
 * first retransmission after the mending saves it, if the kernel sends one: when the timer fires it may
 * give up instead. `either`: the two lie too close together to tell.
 *
 * Each end that writes has its own lost send. The connection lives only if every such end sends again in
 * time: one that gave up answers the other's retransmission with RST.
 */
export function survivesBlip(giveUp: RetransmissionGiveUp, mendedAfterMs: number): 'yes' | 'no' | 'either' {
  if (Number.isNaN(giveUp.minMs)) return 'either'
  const certain = giveUp.retransmissions.filter((sent) => sent.maxMs < giveUp.minMs)
  if (certain.some((sent) => sent.minMs >= mendedAfterMs)) return 'yes'
  return giveUp.retransmissions.some((sent) => sent.maxMs >= mendedAfterMs) ? 'either' : 'no'
}
