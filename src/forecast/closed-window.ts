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
import { countOf } from './idle.ts'
import { never, type Outlook, unreadable, waiting } from './outlook.ts'
import { lostSend } from './sending.ts'

const ANSWERS = 'its kernel goes on answering'

export function windowIsClosed({ timer }: ConnectionFacts): boolean {
  return timer === 'zero-window-probe'
}

/** The peer is silent from now on. */
export function closedWindowOutlook(facts: ConnectionFacts, host: HostFacts): Outlook {
  const retries2 = sysctl(host.sysctls, 'tcp_retries2')
  const bySilence = spanOfAll(windowsOf(facts, host).map((window) => zeroWindowGiveUp(window)))
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
    within: { since: 'silence', ...within },
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
  if (userTimeoutMs === 0) return never(`never by TCP: ${ANSWERS}`, [])
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
  if (unansweredProbes === 0) return limitLeft(facts, host) === null ? null : frozenOutlook(facts, host)
  const { decidedBy, unless } = closedWindowOutlook(facts, host)
  const left = spanOfAll(windowsOf(facts, host).map((window) => leftOf(facts, host, window)))
  return waiting(
    left,
    `${countOf(unansweredProbes, 'probe')} of its closed window unanswered`,
    decidedBy,
    unless,
  )
}

function leftOf(facts: ConnectionFacts, host: HostFacts, window: ZeroWindow): Span {
  const left = zeroWindowLeft(window, nextProbe(facts, host, window), facts.unansweredProbes)
  const limit = limitLeft(facts, host)
  if (limit === null) return left
  return { minMs: Math.min(left.minMs, limit.minMs), maxMs: Math.min(left.maxMs, limit.maxMs) }
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
