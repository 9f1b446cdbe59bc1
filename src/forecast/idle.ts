/** Nobody sends: only keepalive asks whether the peer is there. */
import {
  keepaliveGiveUp,
  keepaliveGiveUpSinceHeard,
  keepaliveLeft,
  keepalivePeriodMs,
} from '../kernel/give-up.ts'
import { timerLatenessMs } from '../kernel/jiffies.ts'
import type { Keepalive, TcpOptions, TcpReading } from '../kernel/socket-options.ts'
import { longDuration, rangeWords } from './duration.ts'
import type { ConnectionFacts, HostFacts } from './facts.ts'
import { earlier, nextTimer, sysctl } from './host-values.ts'
import { never, type Outlook, unknown, waiting } from './outlook.ts'

const KEEPALIVE_OPTIONS = ['SO_KEEPALIVE', 'TCP_KEEPIDLE', 'TCP_KEEPINTVL', 'TCP_KEEPCNT']
/** MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and MAX_TCP_KEEPCNT in include/net/tcp.h. */
const KEEPALIVE_MAX: Keepalive = { idleMs: 32_767_000, intervalMs: 32_767_000, probes: 127 }
/** TCP_RESOURCE_PROBE_INTERVAL in include/net/tcp.h: a probe that did not leave this host is tried again so soon. */
export const NOT_SENT_RETRY_MS = 500

export function idleOutlook(facts: ConnectionFacts, host: HostFacts): Outlook {
  const { timer, reading } = facts
  if (reading === null) return ofTableOnly(facts, host)
  const { options } = reading
  if (!options.keepalive) {
    const alone = options.userTimeoutMs > 0 ? ', and TCP_USER_TIMEOUT alone asks nothing' : ''
    return never(`never: keepalive is off${alone}`, ['SO_KEEPALIVE'])
  }
  const keepalive = keepaliveOf(options)
  const { userTimeoutMs } = options
  const { jiffyMs } = host
  const sinceHeard = keepaliveGiveUpSinceHeard(keepalive, userTimeoutMs, jiffyMs)
  const { minMs } = keepaliveGiveUp(keepalive, { userTimeoutMs, jiffyMs })
  // A timer keeps the time that was set when it was started: it may be of an option before.
  const longerMs =
    timer === 'keepalive'
      ? Math.max(0, reading.heardAgoMs + facts.timerLeftMs - keepalivePeriodMs(keepalive))
      : 0
  return {
    notices: 'within',
    within: { since: 'silence', minMs, maxMs: sinceHeard.maxMs + longerMs },
    fromNow: timer === 'keepalive' ? leftOf(facts, reading, host) : earlier(sinceHeard, reading.heardAgoMs),
    words:
      userTimeoutMs === 0
        ? keepaliveWords(keepalive)
        : limitedWords(keepalive, userTimeoutMs, sinceHeard.minMs),
    decidedBy: userTimeoutMs === 0 ? KEEPALIVE_OPTIONS : [...KEEPALIVE_OPTIONS, 'TCP_USER_TIMEOUT'],
    unless: facts.unsteady ? 'it changed while it was read' : null,
  }
}

/** From the reading on, if nothing is heard any more. */
function leftOf(facts: ConnectionFacts, { options, heardAgoMs }: TcpReading, host: HostFacts) {
  const keepalive = keepaliveOf(options)
  const { minMs, maxMs } = keepaliveLeft(
    keepalive,
    { userTimeoutMs: options.userTimeoutMs, jiffyMs: host.jiffyMs },
    {
      fires: nextTimer(
        facts,
        facts.unansweredProbes > 0 ? keepalive.intervalMs : keepalivePeriodMs(keepalive),
        host,
      ),
      heardAgoMs,
      unanswered: facts.unansweredProbes,
    },
  )
  return { minMs, maxMs }
}

/** Probes are unanswered at this moment, or do not even leave this host. */
export function probingNow(facts: ConnectionFacts, host: HostFacts, idle: Outlook | null): Outlook | null {
  const { timer, timerLeftMs, unansweredProbes, reading } = facts
  if (timer !== 'keepalive') return null
  if (unansweredProbes > 0 && idle?.fromNow) {
    const what = `${countOf(unansweredProbes, 'probe')} unanswered`
    return waiting(idle.fromNow, what, idle.decidedBy, idle.unless)
  }
  if (!reading?.options.keepalive || timerLeftMs > NOT_SENT_RETRY_MS) return null
  // tcp_keepalive_timer(): what its own queue drops does not count, and is tried again for ever.
  const periodMs = keepalivePeriodMs(keepaliveOf(reading.options))
  const askedByMs = periodMs + timerLatenessMs(periodMs, host.jiffyMs) + NOT_SENT_RETRY_MS
  if (reading.heardAgoMs <= askedByMs) return null
  return {
    ...never('never while its probes do not leave this host, which drops them itself', []),
    unless: 'keepalive was switched on only now',
  }
}

/** Without options: that keepalive runs, and no more. */
function ofTableOnly({ timer, timerLeftMs }: ConnectionFacts, { sysctls }: HostFacts): Outlook {
  if (timer === 'none') return never('never: keepalive is off', ['SO_KEEPALIVE'])
  if (timer !== 'keepalive') {
    return unknown('not known: whether keepalive is on is not readable', KEEPALIVE_OPTIONS)
  }
  return {
    notices: 'within',
    within: {
      since: 'silence',
      minMs: 1000,
      maxMs: KEEPALIVE_MAX.idleMs + KEEPALIVE_MAX.probes * KEEPALIVE_MAX.intervalMs,
    },
    fromNow: null,
    words: `keepalive is on, next probe in ${longDuration(timerLeftMs)} at most; ${keepaliveWords(usualKeepalive(sysctls))} where nobody set more`,
    decidedBy: KEEPALIVE_OPTIONS,
    unless: 'TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT are not readable',
  }
}

/** What surprises people about keepalive: that it may be on and of no use. */
export function keepaliveNote({ reading }: ConnectionFacts, { sysctls }: HostFacts): string | null {
  if (!reading?.options.keepalive || reading.options.userTimeoutMs > 0) return null
  const own = keepaliveOf(reading.options)
  const usual = usualKeepalive(sysctls)
  const probesAreUsual = own.intervalMs === usual.intervalMs && own.probes === usual.probes
  if (!probesAreUsual) return null
  if (own.idleMs === usual.idleMs) {
    return `keepalive is on, its times are the system's (${longDuration(wholeMs(own))})`
  }
  const probing = longDuration(own.probes * own.intervalMs)
  return `only TCP_KEEPIDLE is set: the probes are the system's, ${own.probes} x ${own.intervalMs / 1000} s, so ${probing} more`
}

function keepaliveOf(options: TcpOptions): Keepalive {
  return {
    idleMs: options.keepaliveIdleMs,
    intervalMs: options.keepaliveIntervalMs,
    probes: options.keepaliveProbes,
  }
}

function usualKeepalive(sysctls: HostFacts['sysctls']): Keepalive {
  return {
    idleMs: 1000 * sysctl(sysctls, 'tcp_keepalive_time'),
    intervalMs: 1000 * sysctl(sysctls, 'tcp_keepalive_intvl'),
    probes: sysctl(sysctls, 'tcp_keepalive_probes'),
  }
}

/** From the moment the peer was last heard, at the latest. */
function wholeMs(keepalive: Keepalive): number {
  return keepalivePeriodMs(keepalive) + keepalive.probes * keepalive.intervalMs
}

/** `2 h 11 min 15 s (7200 s + 9 x 75 s)`: from the moment the peer was last heard. */
function keepaliveWords(keepalive: Keepalive): string {
  const { idleMs, intervalMs, probes } = keepalive
  const whole = `${longDuration(wholeMs(keepalive))} (${seconds(keepalivePeriodMs(keepalive))} + ${probes} x ${seconds(intervalMs)}`
  return intervalMs > idleMs ? `${whole}: the interval is longer than the idle time)` : `${whole})`
}

/** The same where TCP_USER_TIMEOUT counts instead of the number of probes. */
function limitedWords(keepalive: Keepalive, userTimeoutMs: number, leastMs: number): string {
  const { intervalMs } = keepalive
  const firstMs = keepalivePeriodMs(keepalive)
  const by = `TCP_USER_TIMEOUT ${longDuration(userTimeoutMs)} ends it there`
  if (intervalMs === 0) return `${longDuration(Math.max(firstMs, userTimeoutMs))} (${by})`
  const most = Math.max(1, Math.ceil((userTimeoutMs - firstMs) / intervalMs))
  const fewest = Math.min(most, Math.max(1, Math.floor((leastMs - firstMs) / intervalMs)))
  const range = rangeWords({ minMs: firstMs + fewest * intervalMs, maxMs: firstMs + most * intervalMs })
  const count = fewest === most ? `${most}` : `${fewest} to ${most}`
  return `${range} (${seconds(firstMs)} + ${count} x ${seconds(intervalMs)}: ${by})`
}

function seconds(ms: number): string {
  return `${ms / 1000} s`
}

export function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
