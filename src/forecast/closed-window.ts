/** The peer has no room and data waits: keepalive does not run, nothing is retransmitted, but the window is probed. */
import { type Span, timerAfter } from '../kernel/give-up.ts'
import {
  probeWait,
  type ZeroWindow,
  zeroWindowGiveUp,
  zeroWindowLeft,
  zeroWindowUserTimeout,
  zeroWindowUserTimeoutLeft,
} from '../kernel/give-up-by-state.ts'
import { longDuration, rangeWords } from './duration.ts'
import type { ConnectionFacts, HostFacts } from './facts.ts'
import { chainOf, nextTimer, rtoMaxMs, spanOfAll, sysctl, timeoutsOf } from './host-values.ts'
import { countOf, NOT_SENT_RETRY_MS } from './idle.ts'
import { never, type Outlook, unreadable, waiting } from './outlook.ts'
import { lostSend } from './sending.ts'

const ANSWERS = 'its kernel goes on answering'

export function windowIsClosed({ timer }: ConnectionFacts): boolean {
  return timer === 'zero-window-probe'
}

/** The peer is silent from now on. */
export function closedWindowOutlook(facts: ConnectionFacts, host: HostFacts): Outlook {
  const retries2 = sysctl(host.sysctls, 'tcp_retries2')
  const bySilence = spanOfAll(
    windowsOf(facts, host).flatMap((window) => [
      zeroWindowGiveUp(window),
      // Some of its probes are unanswered already, which may say something or not.
      zeroWindowLeft(window, nextProbe(facts, host, window), facts.unansweredProbes),
    ]),
  )
  const limit = limitLeft(facts, host)
  const isUser = limit !== null && limit.maxMs <= bySilence.maxMs
  const soonestMs = limit === null ? bySilence.minMs : Math.min(bySilence.minMs, limit.minMs)
  const latestMs = isUser ? limit.maxMs : bySilence.maxMs
  // Not one probe yet: the window may only be small, and what is sent into the silence is retransmitted.
  const small = facts.reading?.info.backoff === 0 && limit === null ? lostSend(facts, host) : null
  const [next] = windowsOf(facts, host)
  const probed =
    next === undefined ? 0 : timerAfter({ minMs: 0, maxMs: 0 }, probeWait(next, 0), host.jiffyMs).maxMs
  const within = {
    minMs: Math.min(soonestMs, small?.minMs ?? soonestMs),
    maxMs: Math.max(latestMs, small === null ? 0 : probed + small.maxMs),
  }
  return {
    notices: 'within',
    // TCP_USER_TIMEOUT runs already.
    within: { since: limit === null ? 'silence' : 'reading', ...within },
    fromNow: within,
    words: `${isUser ? `${longDuration(within.maxMs)} at most` : rangeWords(within)} (its window is closed: ${
      isUser ? 'TCP_USER_TIMEOUT' : `unanswered probes, tcp_retries2 = ${retries2}`
    })`,
    decidedBy: [isUser ? 'TCP_USER_TIMEOUT' : 'net.ipv4.tcp_retries2'],
    unless: unreadable(facts, host, isUser ? null : ['tcp_retries2', retries2]),
  }
}

/** The peer's kernel answers each probe, and its program does not read. */
export function frozenOutlook(facts: ConnectionFacts, host: HostFacts): Outlook {
  const { reading } = facts
  if (reading === null) {
    return {
      ...never(`never by TCP: ${ANSWERS}`, ['TCP_USER_TIMEOUT']),
      unless: 'TCP_USER_TIMEOUT is set, which is not readable, and its buffers are full',
    }
  }
  const { userTimeoutMs } = reading.options
  if (userTimeoutMs === 0) {
    return {
      ...never(`never by TCP: ${ANSWERS}`, []),
      // Its second probe follows the first too soon to be answered: ANSWERS_EACH_MS.
      unless: sysctl(host.sysctls, 'tcp_retries2') < 2 ? 'its window closes: tcp_retries2 is below 2' : null,
    }
  }
  const limit = windowIsClosed(facts) ? limitLeft(facts, host) : null
  if (limit !== null) return waiting(limit, 'its window is closed', ['TCP_USER_TIMEOUT'], null)
  const [timeoutMs = 0] = timeoutsOf(facts, host)
  const within = zeroWindowUserTimeout(timeoutMs, userTimeoutMs, host.jiffyMs)
  return {
    notices: 'within',
    within: { since: 'closed-window', minMs: within.minMs, maxMs: within.maxMs },
    fromNow: null,
    words: `never by TCP, but ${rangeWords(within)} after sending has filled its buffers (TCP_USER_TIMEOUT)`,
    decidedBy: ['TCP_USER_TIMEOUT'],
    unless: null,
  }
}

/** Probes of the window are unanswered at this moment; or TCP_USER_TIMEOUT runs, answered or not. */
export function probingWindowNow(facts: ConnectionFacts, host: HostFacts): Outlook | null {
  const { unansweredProbes } = facts
  if (unansweredProbes === 0 || mayBeUnanswerable(facts, host)) {
    return limitLeft(facts, host) === null ? null : frozenOutlook(facts, host)
  }
  const { decidedBy, unless } = closedWindowOutlook(facts, host)
  const left = spanOfAll(windowsOf(facts, host).map((window) => leftOf(facts, host, window)))
  // What could not be sent waits behind the same timer.
  const of = facts.ownNetwork === null ? ' of its closed window' : ', which this host cannot send,'
  return waiting(left, `${countOf(unansweredProbes, 'probe')}${of} unanswered`, decidedBy, unless)
}

/**
 * A kernel answers what is outside its window no more than twice a second (net.ipv4.tcp_invalid_ratelimit,
 * tcp_oow_rate_limited()): so the second of two probes that lie near each other is unanswered, the peer being well.
 */
const ANSWERS_EACH_MS = 500

function mayBeUnanswerable(facts: ConnectionFacts, host: HostFacts): boolean {
  if (facts.unansweredProbes > 1 || facts.reading === null) return false
  const { heardAgoMs } = facts.reading
  return windowsOf(facts, host).some((window) => {
    const probedAgoMs = probeWait(window, window.backoff) - facts.timerLeftMs
    return heardAgoMs - probedAgoMs < ANSWERS_EACH_MS
  })
}

function leftOf(facts: ConnectionFacts, host: HostFacts, window: ZeroWindow): Span {
  const next = nextProbe(facts, host, window)
  const left = isStuck(facts)
    ? chainFrom(next, Math.max(0, window.retries2 - facts.unansweredProbes), host)
    : zeroWindowLeft(window, next, facts.unansweredProbes)
  const limit = limitLeft(facts, host)
  if (limit === null) return left
  return { minMs: Math.min(left.minMs, limit.minMs), maxMs: Math.min(left.maxMs, limit.maxMs) }
}

/** What its own queue drops is tried again each half second, without doubling anything (tcp_send_probe0()). */
function isStuck({ reading, unansweredProbes }: ConnectionFacts): boolean {
  return reading !== null && reading.info.backoff < Math.min(unansweredProbes, 1)
}

function chainFrom({ minMs, maxMs }: Span, retries: number, { jiffyMs }: HostFacts): Span {
  const more = chainOf(
    Array.from({ length: retries }, () => NOT_SENT_RETRY_MS),
    jiffyMs,
  )
  return { minMs: minMs + more.minMs, maxMs: maxMs + more.maxMs }
}

function nextProbe(facts: ConnectionFacts, host: HostFacts, window: ZeroWindow): Span {
  return nextTimer(facts, probeWait(window, window.backoff), host)
}

/** Until TCP_USER_TIMEOUT ends it, whether probes are answered or not; null where it is not set. */
function limitLeft(facts: ConnectionFacts, host: HostFacts): Span | null {
  const userTimeoutMs = facts.reading?.options.userTimeoutMs ?? 0
  if (userTimeoutMs === 0) return null
  const left = windowsOf(facts, host).map((window) =>
    zeroWindowUserTimeoutLeft(
      userTimeoutMs,
      nextProbe(facts, host, window),
      sinceFirstProbe(facts, host, window),
      host.jiffyMs,
    ),
  )
  return spanOfAll(left)
}

/**
 * How long the window has been probed: as many timers as it has doubled, without the last one, which runs. More than
 * tcp_retries2 doublings are not counted, and then only the last data that was sent tells how long it may be at most.
 */
function sinceFirstProbe(
  { reading, timerLeftMs }: ConnectionFacts,
  host: HostFacts,
  window: ZeroWindow,
): Span {
  const timers = Array.from({ length: window.backoff }, (_, count) => probeWait(window, count + 1))
  const { minMs, maxMs } = chainOf(timers, host.jiffyMs)
  const counted = { minMs: Math.max(0, minMs - timerLeftMs), maxMs: Math.max(0, maxMs - timerLeftMs) }
  if (window.backoff < window.retries2 || reading === null) return counted
  return { minMs: counted.minMs, maxMs: Math.max(counted.maxMs, reading.dataSentAgoMs) }
}

/** As many as the facts leave possible. */
function windowsOf(facts: ConnectionFacts, host: HostFacts): ZeroWindow[] {
  const retries2 = sysctl(host.sysctls, 'tcp_retries2')
  const common = { retries2, jiffyMs: host.jiffyMs, rtoMaxMs: rtoMaxMs(facts, host) }
  const backoff = facts.reading?.info.backoff
  return timeoutsOf(facts, host).flatMap((retransmissionTimeoutMs) =>
    (backoff === undefined ? [1, retries2] : [backoff]).map((one) => ({
      ...common,
      retransmissionTimeoutMs,
      backoff: one,
    })),
  )
}
