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

/** TCP_USER_TIMEOUT, which acts when a timer fires, and a timer is late by its granularity. */
interface UserTimeout {
  userTimeoutMs: number
  jiffyMs: number
}

/**
 * Keepalive: milliseconds from a cut of an idle connection to ETIMEDOUT, whenever the cut strikes.
 *
 * After a probe, answered or not, the timer is `intervalMs`; when it fires and something was heard less than
 * `idleMs` ago, it waits for the rest of that. So while the peer answers, a probe goes out each `idleMs`, or
 * each `intervalMs` where that is longer. The last answer lies up to so long before the cut, and the whole
 * width is this phase: the timers themselves add little.
 *
 * With TCP_USER_TIMEOUT the number of probes no longer counts. The kernel gives up when a keepalive timer
 * fires, one probe at least is unanswered, and nothing was heard for that long (tcp_keepalive_timer(), tcp(7)).
 */
export function keepaliveGiveUp(keepalive: Keepalive, limit: UserTimeout | null = null): Span {
  const { intervalMs, probes } = keepalive
  const firstMs = keepalivePeriodMs(keepalive)
  if (limit === null || limit.userTimeoutMs === 0) {
    return { minMs: probes * intervalMs, maxMs: firstMs + probes * intervalMs }
  }
  const { userTimeoutMs, jiffyMs } = limit
  const each = keepaliveInterval(keepalive, jiffyMs)
  // The cut strikes right before the first probe that it swallows, or right after the last answer.
  const latestFirstMs = firstMs + timerLatenessMs(firstMs, jiffyMs)
  const fewest = Math.max(1, Math.ceil((userTimeoutMs - latestFirstMs) / each.maxMs))
  return {
    minMs: fewest * intervalMs,
    maxMs: keepaliveGiveUpSinceHeard(keepalive, userTimeoutMs, jiffyMs).maxMs,
  }
}

/** How often a peer that answers is asked. */
export function keepalivePeriodMs({ idleMs, intervalMs }: Keepalive): number {
  return Math.max(idleMs, intervalMs)
}

/** The timer between two probes. Zero, which net.ipv4.tcp_keepalive_intvl may be, is the next tick. */
function keepaliveInterval({ intervalMs }: Keepalive, jiffyMs: number): Span {
  const { minMs, maxMs } = timerAfter({ minMs: 0, maxMs: 0 }, Math.max(intervalMs, jiffyMs), jiffyMs)
  return { minMs: Math.min(minMs, intervalMs), maxMs }
}

/**
 * The same from the moment the peer was last heard, which captured packets tell: no phase is left, and the
 * width is that of the timers. They fire in a chain: `idleMs`, and then each `intervalMs`. Where that is longer than
 * `idleMs`, the first may be an interval that a probe before has begun.
 */
export function keepaliveGiveUpSinceHeard(
  keepalive: Keepalive,
  userTimeoutMs: number,
  jiffyMs: number,
): RetransmissionGiveUp {
  const [soonest, latest] = [keepalive.idleMs, keepalivePeriodMs(keepalive)].map((firstMs) =>
    timerAfter({ minMs: 0, maxMs: 0 }, firstMs, jiffyMs),
  ) as [Span, Span]
  const fires = { minMs: soonest.minMs, maxMs: latest.maxMs }
  return keepaliveLeft(keepalive, { userTimeoutMs, jiffyMs }, { fires, heardAgoMs: 0, unanswered: 0 })
}

/** A keepalive timer that runs, as it is seen at some moment, from which all times count. */
interface KeepaliveTimer {
  fires: Span
  heardAgoMs: number
  /** Probes that were sent since. */
  unanswered: number
}

/**
 * The same in the middle of it: milliseconds from a moment at which the timer is known, if nothing is heard any
 * more (tcp_keepalive_timer()).
 */
export function keepaliveLeft(
  keepalive: Keepalive,
  { userTimeoutMs, jiffyMs }: UserTimeout,
  { fires, heardAgoMs, unanswered }: KeepaliveTimer,
): RetransmissionGiveUp {
  const each = keepaliveInterval(keepalive, jiffyMs)
  // It fired too soon, since something was heard meanwhile: it waits for the rest of the idle time.
  const idleLeftMs = keepalive.idleMs - heardAgoMs
  const waits = fires.minMs < idleLeftMs ? idleLeftMs + timerLatenessMs(keepalive.idleMs, jiffyMs) : 0
  const first = { minMs: Math.max(fires.minMs, idleLeftMs), maxMs: Math.max(fires.maxMs, waits) }

  const limitMs = userTimeoutMs - heardAgoMs
  const least = unanswered > 0 ? 0 : 1
  const timersUntil = (fromMs: number, eachMs: number) =>
    Math.max(least, Math.ceil((limitMs - fromMs) / eachMs))
  const left = Math.max(0, keepalive.probes - unanswered)
  const fewest = userTimeoutMs === 0 ? left : timersUntil(first.maxMs, each.maxMs)
  const most = userTimeoutMs === 0 ? left : timersUntil(first.minMs, Math.max(each.minMs, jiffyMs))
  if (!(most < Number.POSITIVE_INFINITY)) return UNKNOWN

  const nth = (count: number) => ({
    minMs: first.minMs + count * each.minMs,
    maxMs: first.maxMs + count * each.maxMs,
  })
  const overdueMs = userTimeoutMs > 0 && most > least ? limitMs + each.maxMs : Number.POSITIVE_INFINITY
  return {
    minMs: userTimeoutMs > 0 ? Math.max(nth(fewest).minMs, limitMs) : nth(fewest).minMs,
    maxMs: Math.min(nth(most).maxMs, overdueMs),
    retransmissions: Array.from({ length: Math.min(most, LISTED_MAX) }, (_, count) => nth(count)),
  }
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
  /** TCP_USER_TIMEOUT; 0: not set. It replaces tcp_retries2, whether it is shorter or longer. */
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
  /**
   * What the kernel adds to a round trip at least: net.ipv4.tcp_rto_min_us, TCP_RTO_MIN_US or the route's rto_min,
   * of which the last is not told to anybody who asks the socket. {@link RTO_MIN_MS} where left out.
   */
  rtoMin?: Span
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
 * How many retransmissions are told one by one, which is more than the settings that are counted allow: they
 * are bytes. TCP_USER_TIMEOUT may be weeks. What is predicted from may also be a log in which anything is
 * missing, and a chain of timers of no length has no end.
 */
const LISTED_MAX = 512
/** What is predicted where something that decides is not known, or is nonsense. It fits no observation. */
export const UNKNOWN: RetransmissionGiveUp = { minMs: Number.NaN, maxMs: Number.NaN, retransmissions: [] }

/** Whether a chain of this many timers can be followed; not where the number is not known. */
export function isCountable(retransmissions: number): boolean {
  return retransmissions <= LISTED_MAX
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
  const {
    retransmissionTimeoutMs,
    roundTripMs,
    jiffyMs,
    rtoMin = { minMs: RTO_MIN_MS, maxMs: RTO_MIN_MS },
  } = connection
  const after = (span: Span, delayMs: number) => timerAfter(span, delayMs, jiffyMs)
  const retransmissions: Span[] = []
  const lostSend: Span = { minMs: 0, maxMs: 0 }

  // tcp_schedule_loss_probe(), RFC 8985 section 7.2. The RTO is armed only when the probe is out.
  if (connection.tailLossProbe) {
    const alone = (rtoMinMs: number) =>
      after(lostSend, Math.min(2 * roundTripMs + rtoMinMs, retransmissionTimeoutMs))
    const { minMs } = alone(rtoMin.minMs)
    const soonest = connection.severalInFlight ? 2 * roundTripMs + PROBE_MIN_JIFFIES * jiffyMs : minMs
    retransmissions.push({ minMs: Math.min(minMs, soonest), maxMs: alone(rtoMin.maxMs).maxMs })
  }
  const first = after(retransmissions[0] ?? lostSend, retransmissionTimeoutMs)
  const end = retransmissionLeft(connection, {
    fires: lostSend,
    retransmissionTimeoutMs,
    sinceFirst: { minMs: 0, maxMs: 0 },
  })
  if (Number.isNaN(end.minMs)) return UNKNOWN
  const shifted = ({ minMs, maxMs }: Span) => ({ minMs: first.minMs + minMs, maxMs: first.maxMs + maxMs })
  return { ...shifted(end), retransmissions: [...retransmissions, ...end.retransmissions.map(shifted)] }
}

/** Retransmissions that stay unanswered, as they are seen at some moment, from which all times count. */
interface RetransmissionTimer {
  fires: Span
  /** Of that timer: the next is twice as long. */
  retransmissionTimeoutMs: number
  /** How long ago the first retransmission was sent. */
  sinceFirst: Span
}

/**
 * The same in the middle of it: milliseconds from a moment at which the timer is known, if nothing is answered
 * (tcp_retransmit_timer(), tcp_write_timeout()).
 */
export function retransmissionLeft(
  patience: Pick<BusyConnection, 'retries2' | 'userTimeoutMs' | 'jiffyMs' | 'rtoMaxMs'>,
  { fires: next, retransmissionTimeoutMs, sinceFirst }: RetransmissionTimer,
): RetransmissionGiveUp {
  const { retries2, userTimeoutMs, jiffyMs, rtoMaxMs = RTO_MAX_MS } = patience
  const limitMs = userTimeoutMs === 0 ? modelTimeout(retries2, RTO_MIN_MS, rtoMaxMs) : userTimeoutMs
  // When the limit is reached.
  const due = { minMs: limitMs - sinceFirst.maxMs, maxMs: limitMs - sinceFirst.minMs }
  const retransmissions: Span[] = []
  let fires = next
  let timeoutMs = retransmissionTimeoutMs
  let earliestMs: number | undefined
  while (isCountable(retransmissions.length)) {
    if (fires.maxMs >= due.minMs) earliestMs ??= Math.max(due.minMs, fires.minMs)
    if (earliestMs !== undefined && fires.minMs >= due.maxMs) {
      return { minMs: earliestMs, maxMs: fires.maxMs, retransmissions }
    }
    retransmissions.push(fires)
    timeoutMs = Math.min(2 * timeoutMs, rtoMaxMs)
    // tcp_clamp_rto_to_user_timeout(): this limit is not overslept, as that of tcp_retries2 is. Measured
    // anew at each retransmission, it is late by its last timer only.
    const leftMs = due.maxMs - fires.minMs
    if (userTimeoutMs > 0 && timeoutMs >= leftMs) {
      const latestMs = due.maxMs + timerLatenessMs(leftMs, jiffyMs)
      return { minMs: earliestMs ?? due.minMs, maxMs: Math.max(latestMs, fires.maxMs), retransmissions }
    }
    fires = timerAfter(fires, timeoutMs, jiffyMs)
  }
  // Weeks of TCP_USER_TIMEOUT, unless nothing is known.
  if (!(userTimeoutMs > 0 && timeoutMs > 0)) return UNKNOWN
  return { ...due, maxMs: due.maxMs + timerLatenessMs(timeoutMs, jiffyMs), retransmissions }
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
