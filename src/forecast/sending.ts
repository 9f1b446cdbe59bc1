/** The peer owes an acknowledgement: retransmissions, until TCP_USER_TIMEOUT or tcp_retries2 ends them. */
import {
  type BusyConnection,
  type RetransmissionGiveUp,
  retransmissionGiveUp,
  retransmissionLeft,
  type Span,
} from '../kernel/give-up.ts'
import { longDuration, rangeWords } from './duration.ts'
import type { ConnectionFacts, HostFacts } from './facts.ts'
import {
  chainOf,
  currentTimeouts,
  nextTimer,
  rtoMaxMs,
  rtoMinOf,
  spanOfAll,
  sysctl,
  tailLossProbe,
  timeoutsOf,
  timeoutWords,
} from './host-values.ts'
import { countOf } from './idle.ts'
import { type Outlook, unreadable, waiting } from './outlook.ts'

export function sendingOutlook(facts: ConnectionFacts, host: HostFacts): Outlook {
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

/** From the send that is lost, whatever the timeout and the round trip are that the facts leave possible. */
export function lostSend(facts: ConnectionFacts, host: HostFacts): Span {
  const { reading } = facts
  const timeouts = timeoutsOf(facts, host)
  const of = (retransmissionTimeoutMs: number, roundTripMs: number): RetransmissionGiveUp =>
    retransmissionGiveUp({
      ...patienceOf(facts, host),
      retransmissionTimeoutMs,
      roundTripMs,
      tailLossProbe: tailLossProbe(facts, host),
      rtoMin: rtoMinOf(host, retransmissionTimeoutMs, roundTripMs),
      // Nobody knows how much the program will send.
      severalInFlight: true,
    })
  if (reading !== null) return spanOfAll(timeouts.map((timeoutMs) => of(timeoutMs, reading.info.roundTripMs)))
  const [shortest = 0, longest = shortest] = timeouts
  const possible = [longest]
  for (let timeoutMs = shortest; timeoutMs < longest; timeoutMs += host.jiffyMs) possible.push(timeoutMs)
  return spanOfAll(
    possible.flatMap((timeoutMs) => [
      of(timeoutMs, 0),
      of(timeoutMs, rtoMinOf(host, timeoutMs, 0).maxMs - rtoMinOf(host, timeoutMs, 0).minMs),
    ]),
  )
}

/** What decides how long retransmissions may stay unanswered. */
function patienceOf(
  facts: ConnectionFacts,
  host: HostFacts,
): Pick<BusyConnection, 'retries2' | 'userTimeoutMs' | 'jiffyMs' | 'rtoMaxMs'> {
  return {
    retries2: sysctl(host.sysctls, 'tcp_retries2'),
    userTimeoutMs: facts.reading?.options.userTimeoutMs ?? 0,
    jiffyMs: host.jiffyMs,
    rtoMaxMs: rtoMaxMs(facts, host),
  }
}

/** Retransmissions are unanswered at this moment. */
export function retransmittingNow(facts: ConnectionFacts, host: HostFacts): Outlook | null {
  const { timer, retransmits } = facts
  if (timer !== 'retransmit' || retransmits === 0) return null
  const befores = timeoutsOf(facts, host)
  const left = spanOfAll(
    currentTimeouts(facts).map((timeoutMs, index) => {
      const fires = nextTimer(facts, timeoutMs, host)
      const sinceFirst = sinceFirstRetransmission(facts, host, befores[index] ?? timeoutMs)
      return retransmissionLeft(patienceOf(facts, host), {
        fires,
        retransmissionTimeoutMs: timeoutMs,
        sinceFirst: {
          minMs: sinceFirst.minMs,
          maxMs: sinceFirst.maxMs + unsentMs(facts, befores[index] ?? timeoutMs),
        },
      })
    }),
  )
  const { decidedBy, unless } = sendingOutlook(facts, host)
  const what = `${countOf(retransmits, 'retransmission')} unanswered`
  if (!isStuck(facts)) return waiting(left, what, decidedBy, unless)
  const soonest = { minMs: facts.timerLeftMs, maxMs: left.maxMs }
  return waiting(soonest, `${what}, if they leave this host at all`, decidedBy, unless ?? UNDOUBLED)
}

const UNDOUBLED = 'the kernel was told not to double its timeouts'

/** What its own queue drops is tried again each half second, without doubling anything (tcp_retransmit_timer()). */
function isStuck({ retransmits, reading }: ConnectionFacts): boolean {
  return reading !== null && reading.info.backoff < retransmits
}

/** The kernel tells; or it is what that many timers take, without the last one, which is running. */
function sinceFirstRetransmission(facts: ConnectionFacts, host: HostFacts, timeoutMs: number): Span {
  const recoveringMs = facts.reading?.recoveringMs ?? null
  if (recoveringMs !== null) return { minMs: recoveringMs, maxMs: recoveringMs + host.jiffyMs }
  const timers = Array.from({ length: facts.retransmits }, (_, count) =>
    Math.min(timeoutMs * 2 ** (count + 1), rtoMaxMs(facts, host)),
  )
  const { minMs, maxMs } = chainOf(timers, host.jiffyMs)
  return { minMs: Math.max(0, minMs - facts.timerLeftMs), maxMs: maxMs - facts.timerLeftMs }
}

/**
 * A retransmission that finds no way out does not count as sent, and the clock of the end runs since the send that was
 * lost (tcp_retransmit_skb()): one timeout before the first retransmission, or two with a loss probe.
 */
function unsentMs({ ownNetwork }: ConnectionFacts, timeoutMs: number): number {
  return ownNetwork === null ? 0 : 2 * timeoutMs
}
