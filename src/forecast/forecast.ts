/**
 * How long a connection would believe in a silent peer: facts in, forecast out. The times are those of
 * `kernel/give-up.ts` and `give-up-by-state.ts`, by which the labs are judged as well.
 *
 * Three ways to be silent, since three mechanisms of the kernel may notice. Idle: only keepalive asks. Sending:
 * the peer owes an acknowledgement. Frozen: the program hangs, but its kernel acknowledges for it, for as long
 * as there is room in its receive buffer, and then answers the probes of the closed window. So TCP notices
 * nothing, unless TCP_USER_TIMEOUT ends a connection whose window stays closed.
 */
import {
  type BusyConnection,
  keepaliveGiveUp,
  keepaliveGiveUpSinceHeard,
  type RetransmissionGiveUp,
  RTO_MAX_MS,
  RTO_MIN_MS,
  retransmissionGiveUp,
  type Span,
  sendsTailLossProbes,
} from '../kernel/give-up.ts'
import { synSentGiveUp, zeroWindowGiveUp, zeroWindowUserTimeout } from '../kernel/give-up-by-state.ts'
import type { Keepalive, TcpOptions } from '../kernel/socket-options.ts'
import { adviceFor } from './advice.ts'
import { longDuration, rangeWords } from './duration.ts'
import type { ConnectionFacts, HostFacts } from './facts.ts'
import type { Forecast, Outlook } from './outlook.ts'

/** Values of Linux where nobody set anything (ip-sysctl.rst): assumed where they cannot be read. */
const DEFAULTS = {
  tcp_retries2: '15',
  tcp_early_retrans: '3',
  tcp_syn_retries: '6',
  tcp_syn_linear_timeouts: '4',
  tcp_keepalive_time: '7200',
  tcp_keepalive_intvl: '75',
  tcp_keepalive_probes: '9',
} as const
/** MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and MAX_TCP_KEEPCNT in include/net/tcp.h. */
const KEEPALIVE_MAX: Keepalive = { idleMs: 32_767_000, intervalMs: 32_767_000, probes: 127 }
/** The socket table cuts the timeout off at so many milliseconds. */
const TABLE_STEP_MS = 10

export function forecast(facts: ConnectionFacts, host: HostFacts): Forecast {
  const outlooks = outlooksOf(facts, host)
  return { ...outlooks, advice: adviceFor(facts, outlooks) }
}

function outlooksOf(facts: ConnectionFacts, host: HostFacts): Omit<Forecast, 'advice'> {
  switch (facts.state) {
    case 'ESTABLISHED':
    case 'CLOSE-WAIT': {
      const windowClosed = facts.timer === 'zero-window-probe'
      const idle = windowClosed ? null : idleOutlook(facts, host)
      const sending = windowClosed ? closedWindow(facts, host) : sendingOutlook(facts, host)
      return { idle, sending, frozen: frozenOutlook(facts, host), now: alreadySilent(facts, host, idle) }
    }
    // Half closed: the program has sent FIN and still holds the socket. It cannot send any more.
    case 'FIN-WAIT-2': {
      const idle = idleOutlook(facts, host)
      const frozen = never('never by TCP: its kernel goes on answering', [])
      return { idle, sending: null, frozen, now: alreadySilent(facts, host, idle) }
    }
    case 'FIN-WAIT-1':
    case 'CLOSING':
    case 'LAST-ACK':
      return {
        idle: null,
        sending: sendingOutlook(facts, host),
        frozen: null,
        now: alreadySilent(facts, host, null),
      }
    case 'SYN-SENT':
      return { idle: null, sending: null, frozen: null, now: connecting(facts, host) }
    case 'SYN-RECEIVED':
    case 'TIME-WAIT':
      return { idle: null, sending: null, frozen: null, now: null }
  }
}

function idleOutlook(
  { timer, timerLeftMs, reading }: ConnectionFacts,
  { sysctls, jiffyMs }: HostFacts,
): Outlook {
  if (reading === null) {
    if (timer === 'none') return never('never: keepalive is off', ['SO_KEEPALIVE'])
    if (timer !== 'keepalive') return unknown('not known: whether keepalive is on is not readable')
    const usual = usualKeepalive(sysctls)
    return {
      notices: 'within',
      within: {
        since: 'silence',
        minMs: 1000,
        maxMs: KEEPALIVE_MAX.idleMs + KEEPALIVE_MAX.probes * KEEPALIVE_MAX.intervalMs,
      },
      fromNow: null,
      words: `keepalive is on, next probe in ${longDuration(timerLeftMs)} at most; ${keepaliveWords(usual)} where nobody set more`,
      decidedBy: KEEPALIVE_OPTIONS,
      unless: 'TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT are not readable',
    }
  }
  const { options } = reading
  if (!options.keepalive) {
    const alone = options.userTimeoutMs > 0 ? ', and TCP_USER_TIMEOUT alone asks nothing' : ''
    return never(`never: keepalive is off${alone}`, ['SO_KEEPALIVE'])
  }
  const keepalive = keepaliveOf(options)
  const sinceHeard = keepaliveGiveUpSinceHeard(keepalive, options.userTimeoutMs, jiffyMs)
  const { minMs } = keepaliveGiveUp(keepalive, options.userTimeoutMs)
  const probes = sinceHeard.retransmissions.length
  const ended =
    options.userTimeoutMs === 0
      ? ''
      : `: TCP_USER_TIMEOUT ${longDuration(options.userTimeoutMs)} ends it there`
  return {
    notices: 'within',
    within: { since: 'silence', minMs, maxMs: sinceHeard.maxMs },
    fromNow: earlier(sinceHeard, reading.heardAgoMs),
    words: keepaliveWords({ ...keepalive, probes }, ended),
    decidedBy: options.userTimeoutMs === 0 ? KEEPALIVE_OPTIONS : [...KEEPALIVE_OPTIONS, 'TCP_USER_TIMEOUT'],
    unless: null,
  }
}

const KEEPALIVE_OPTIONS = ['SO_KEEPALIVE', 'TCP_KEEPIDLE', 'TCP_KEEPINTVL', 'TCP_KEEPCNT']

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

/** `2 h 11 min 15 s (7200 s + 9 x 75 s)`: from the moment the peer was last heard. */
function keepaliveWords({ idleMs, intervalMs, probes }: Keepalive, more = ''): string {
  const whole = longDuration(idleMs + probes * intervalMs)
  return `${whole} (${idleMs / 1000} s + ${probes} x ${intervalMs / 1000} s${more})`
}

function sendingOutlook(facts: ConnectionFacts, host: HostFacts): Outlook {
  const within = lostSend(facts, host)
  const userTimeoutMs = facts.reading?.options.userTimeoutMs ?? 0
  const retries2 = sysctl(host.sysctls, 'tcp_retries2')
  const formula =
    userTimeoutMs > 0
      ? `TCP_USER_TIMEOUT ${longDuration(userTimeoutMs)} from the first retransmission`
      : `tcp_retries2 = ${retries2}`
  return {
    notices: 'within',
    within: { since: 'lost-send', minMs: within.minMs, maxMs: within.maxMs },
    fromNow: null,
    words: `${rangeWords(within)} (${formula}, ${timeoutWords(facts, host)})`,
    decidedBy: [userTimeoutMs > 0 ? 'TCP_USER_TIMEOUT' : 'net.ipv4.tcp_retries2'],
    unless: unreadable(facts, host, userTimeoutMs === 0 ? ['tcp_retries2', retries2] : null),
  }
}

/** From the send that is lost. Where only the socket table could be read, all timeouts it may mean. */
function lostSend(facts: ConnectionFacts, host: HostFacts): RetransmissionGiveUp {
  const { reading } = facts
  const common = {
    retries2: sysctl(host.sysctls, 'tcp_retries2'),
    userTimeoutMs: reading?.options.userTimeoutMs ?? 0,
    tailLossProbe: tailLossProbe(facts, host),
    jiffyMs: host.jiffyMs,
    rtoMaxMs: rtoMaxMs(facts, host),
    // Nobody knows how much the program will send.
    severalInFlight: true,
  } satisfies Partial<BusyConnection>
  const of = (retransmissionTimeoutMs: number, roundTripMs: number) =>
    retransmissionGiveUp({ ...common, retransmissionTimeoutMs, roundTripMs })
  const [first = 0, ...more] = timeoutsOf(facts, host)
  if (reading !== null) return of(first, reading.info.roundTripMs)
  return [first, ...more]
    .flatMap((timeoutMs) => [of(timeoutMs, 0), of(timeoutMs, Math.max(0, timeoutMs - RTO_MIN_MS))])
    .reduce((all, one) => ({
      minMs: Math.min(all.minMs, one.minMs),
      maxMs: Math.max(all.maxMs, one.maxMs),
      retransmissions: all.retransmissions,
    }))
}

/** What the retransmission timeout is before any doubling: one value, or several that it may have. */
function timeoutsOf(
  { reading, coarseTimeoutMs, retransmits, timer }: ConnectionFacts,
  { jiffyMs }: HostFacts,
): number[] {
  // Each retransmission doubles it; the probes of a closed window do not.
  const doublings = timer === 'retransmit' ? (reading?.info.backoff ?? retransmits) : 0
  if (reading !== null) {
    const { retransmissionTimeoutMs } = reading.info
    // Doubled until rtoMaxMs, it does not tell any more what it was.
    return [
      doublings === 0
        ? retransmissionTimeoutMs
        : Math.max(RTO_MIN_MS, retransmissionTimeoutMs / 2 ** doublings),
    ]
  }
  const shortest = Math.max(RTO_MIN_MS, (coarseTimeoutMs ?? RTO_MIN_MS) / 2 ** doublings)
  const values: number[] = []
  for (let timeoutMs = shortest; timeoutMs < shortest + TABLE_STEP_MS; timeoutMs += jiffyMs)
    values.push(timeoutMs)
  return values
}

/** Before any doubling. */
function timeoutWords(facts: ConnectionFacts, host: HostFacts): string {
  const [timeoutMs = RTO_MIN_MS] = timeoutsOf(facts, host)
  return `RTO ${facts.reading === null ? 'from ' : ''}${Math.round(timeoutMs)} ms`
}

/** RFC 8985. Whether the peers agreed on SACK only TCP_INFO tells; nearly all do. */
function tailLossProbe({ reading }: ConnectionFacts, { sysctls }: HostFacts): boolean {
  return sendsTailLossProbes(sysctl(sysctls, 'tcp_early_retrans')) && (reading?.sack ?? true)
}

function rtoMaxMs({ reading }: ConnectionFacts, { sysctls }: HostFacts): number {
  return reading?.rtoMaxMs ?? Number(sysctls?.tcp_rto_max_ms ?? RTO_MAX_MS)
}

function frozenOutlook(facts: ConnectionFacts, host: HostFacts): Outlook {
  const answers = 'its kernel goes on answering'
  const { reading } = facts
  if (reading === null) {
    return {
      ...never(`never by TCP: ${answers}`, ['TCP_USER_TIMEOUT']),
      unless: 'TCP_USER_TIMEOUT is set, which is not readable, and its buffers are full',
    }
  }
  const { userTimeoutMs } = reading.options
  if (userTimeoutMs === 0) return never(`never by TCP: ${answers}`, [])
  const [timeoutMs = RTO_MIN_MS] = timeoutsOf(facts, host)
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

/** The peer has no room, and data waits: keepalive does not run, probes of the window do. */
function closedWindow(facts: ConnectionFacts, host: HostFacts): Outlook {
  const { reading } = facts
  const retries2 = sysctl(host.sysctls, 'tcp_retries2')
  const ofBackoff = (timeoutMs: number, backoff: number) =>
    zeroWindowGiveUp({
      retransmissionTimeoutMs: timeoutMs,
      backoff,
      retries2,
      jiffyMs: host.jiffyMs,
      rtoMaxMs: rtoMaxMs(facts, host),
    })
  const timeouts = timeoutsOf(facts, host)
  const longest = ofBackoff(Math.max(...timeouts), reading?.info.backoff ?? retries2)
  const shortest = ofBackoff(Math.min(...timeouts), reading?.info.backoff ?? 1)
  const userTimeoutMs = reading?.options.userTimeoutMs ?? 0
  // Alive or not: the clock began when the window closed, some time ago.
  const byUser = zeroWindowUserTimeout(Math.max(...timeouts), userTimeoutMs, host.jiffyMs)
  const isUser = userTimeoutMs > 0 && byUser.maxMs < longest.maxMs
  const within = {
    minMs: userTimeoutMs > 0 ? 0 : shortest.minMs,
    maxMs: isUser ? byUser.maxMs : longest.maxMs,
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

/** Something is unanswered at this moment: how long until the kernel gives up. */
function alreadySilent(facts: ConnectionFacts, host: HostFacts, idle: Outlook | null): Outlook | null {
  const { timer, timerLeftMs, retransmits, unansweredProbes } = facts
  if (timer === 'keepalive' && unansweredProbes > 0 && idle?.fromNow) {
    return waiting(idle.fromNow, `${countOf(unansweredProbes, 'probe')} unanswered`, idle.decidedBy, null)
  }
  if (timer !== 'retransmit' || retransmits === 0) return null
  const giveUp = lostSend(facts, host)
  const left = leftOf(giveUp, retransmits + (tailLossProbe(facts, host) ? 1 : 0), timerLeftMs)
  const { decidedBy, unless } = sendingOutlook(facts, host)
  return waiting(left, `${countOf(retransmits, 'retransmission')} unanswered`, decidedBy, unless)
}

function connecting(facts: ConnectionFacts, host: HostFacts): Outlook {
  const { reading, retransmits, timerLeftMs } = facts
  const synRetries = reading?.synRetries ?? sysctl(host.sysctls, 'tcp_syn_retries')
  const giveUp = synSentGiveUp({
    synRetries,
    linearTimeouts: linearTimeouts(host.sysctls),
    userTimeoutMs: reading?.options.userTimeoutMs ?? 0,
    jiffyMs: host.jiffyMs,
  })
  const left = leftOf(giveUp, retransmits, timerLeftMs)
  const sent = `SYN sent ${retransmits === 0 ? 'once' : `${retransmits + 1} times`} and unanswered`
  const decidedBy = reading?.options.userTimeoutMs ? ['TCP_USER_TIMEOUT'] : ['net.ipv4.tcp_syn_retries']
  const assumed =
    reading === null
      ? (['tcp_syn_retries', synRetries] as const)
      : (['tcp_syn_linear_timeouts', linearTimeouts(host.sysctls)] as const)
  return waiting(left, sent, decidedBy, unreadable(facts, host, assumed))
}

/** Kernels before 6.5 have none; where nothing could be read, today's default. */
function linearTimeouts(sysctls: HostFacts['sysctls']): number {
  return sysctls === null
    ? Number(DEFAULTS.tcp_syn_linear_timeouts)
    : Number(sysctls.tcp_syn_linear_timeouts ?? 0)
}

/**
 * What is left when the `next`-th of a chain of timers fires in `timerLeftMs`. A chain goes on from there with
 * the lateness of what follows; TCP_USER_TIMEOUT counts from its beginning, so that lateness until now is made
 * good, and only its last timer may be late.
 */
function leftOf(
  { minMs, maxMs, retransmissions }: RetransmissionGiveUp,
  next: number,
  timerLeftMs: number,
): Span {
  const fires = retransmissions[next] ?? { minMs, maxMs }
  const [soonest, latest] = [minMs - fires.minMs, maxMs - fires.maxMs]
  const most = latest >= soonest ? latest : soonest + (maxMs - minMs)
  return {
    minMs: Math.max(0, Math.min(soonest, latest)) + timerLeftMs,
    maxMs: Math.max(0, most) + timerLeftMs + TABLE_STEP_MS,
  }
}

function earlier({ minMs, maxMs }: Span, byMs: number): Span {
  return { minMs: Math.max(0, minMs - byMs), maxMs: Math.max(0, maxMs - byMs) }
}

function waiting(left: Span, what: string, decidedBy: readonly string[], unless: string | null): Outlook {
  return {
    notices: 'within',
    within: { since: 'reading', minMs: left.minMs, maxMs: left.maxMs },
    fromNow: { minMs: left.minMs, maxMs: left.maxMs },
    words: `${what}: gives up in ${rangeWords(left)}`,
    decidedBy,
    unless,
  }
}

function never(words: string, decidedBy: readonly string[]): Outlook {
  return { notices: 'never', within: null, fromNow: null, words, decidedBy, unless: null }
}

function unknown(words: string): Outlook {
  return {
    notices: 'unknown',
    within: null,
    fromNow: null,
    words,
    decidedBy: KEEPALIVE_OPTIONS,
    unless: words,
  }
}

/** @param assumed a sysctl that decides and the value taken for it; null where none decides */
function unreadable(
  { reading }: ConnectionFacts,
  { sysctls }: HostFacts,
  assumed: readonly [sysctl: string, value: number] | null,
): string | null {
  const reasons = [
    ...(reading === null ? ['TCP_USER_TIMEOUT is set, which is not readable'] : []),
    ...(sysctls === null && assumed !== null
      ? [`${assumed[0]} is not ${assumed[1]} in its network namespace`]
      : []),
  ]
  return reasons.length === 0 ? null : reasons.join(', or ')
}

function sysctl(sysctls: HostFacts['sysctls'], name: keyof typeof DEFAULTS): number {
  return Number(sysctls?.[name] ?? DEFAULTS[name])
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
