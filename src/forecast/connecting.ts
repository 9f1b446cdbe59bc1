/** SYN-SENT: how long until connect() fails, if nobody answers. */
import { type RetransmissionGiveUp, type Span, timerAfter } from '../kernel/give-up.ts'
import { SYN_TIMEOUT_MS, synSentGiveUp } from '../kernel/give-up-by-state.ts'
import type { ConnectionFacts, HostFacts } from './facts.ts'
import { linearTimeouts, nextTimer, rtoMaxMs, sysctl } from './host-values.ts'
import { never, type Outlook, unreadable, waiting } from './outlook.ts'

export function connectingOutlook(facts: ConnectionFacts, host: HostFacts): Outlook {
  const { reading, retransmits, timer } = facts
  if (timer === 'none') {
    return never('never: no SYN was sent; it waits for the first write', ['TCP_FASTOPEN_CONNECT'])
  }
  const usual = sysctl(host.sysctls, 'tcp_syn_retries')
  const synRetries = reading?.synRetries ?? usual
  const userTimeoutMs = reading?.options.userTimeoutMs ?? 0
  const giveUp = synSentGiveUp({
    synRetries,
    linearTimeouts: linearTimeouts(host.sysctls),
    userTimeoutMs,
    jiffyMs: host.jiffyMs,
    rtoMaxMs: rtoMaxMs(facts, host),
  })
  const sent = `SYN sent ${retransmits === 0 ? 'once' : `${retransmits + 1} times`} and unanswered`
  if (facts.ownNetwork === 'no-neighbour') {
    const left = neighbourLeft(facts, host, giveUp)
    return waiting(
      left,
      `${sent}, and so is the address of the next host (EHOSTUNREACH)`,
      NEIGHBOUR_SYSCTLS,
      null,
    )
  }
  const ofItsOwn = reading !== null && (host.sysctls === null || synRetries !== usual)
  const retriesName = ofItsOwn ? 'TCP_SYNCNT' : 'net.ipv4.tcp_syn_retries'
  const decidedBy = giveUp.by === 'time' && userTimeoutMs > 0 ? ['TCP_USER_TIMEOUT'] : [retriesName]
  const assumed =
    reading === null
      ? (['tcp_syn_retries', synRetries] as const)
      : (['tcp_syn_linear_timeouts', linearTimeouts(host.sysctls)] as const)
  const recoveringMs = retransmits > 0 ? (reading?.recoveringMs ?? null) : null
  const left =
    giveUp.by === 'time' && userTimeoutMs > 0 && recoveringMs !== null
      ? leftOfUserTimeout(userTimeoutMs, recoveringMs, host.jiffyMs)
      : leftOf(facts, host, giveUp)
  return waiting(left, sent, decidedBy, unreadable(facts, host, assumed))
}

const NEIGHBOUR_SYSCTLS = ['net.ipv4.neigh.*.mcast_solicit', 'net.ipv4.neigh.*.retrans_time_ms']

/**
 * TCP_USER_TIMEOUT counts from the first SYN, whatever the lateness of the timers since (tcp_clamp_rto_to_user_timeout()),
 * and only its last timer may be late.
 * @param recoveringMs since the first SYN was sent again, as the kernel tells
 */
function leftOfUserTimeout(userTimeoutMs: number, recoveringMs: number, jiffyMs: number): Span {
  const first = timerAfter({ minMs: 0, maxMs: 0 }, SYN_TIMEOUT_MS, jiffyMs)
  const leftMs = (sinceSynMs: number) => Math.max(0, userTimeoutMs - sinceSynMs)
  return {
    minMs: leftMs(recoveringMs + jiffyMs + first.maxMs),
    maxMs: timerAfter({ minMs: 0, maxMs: 0 }, leftMs(recoveringMs + first.minMs), jiffyMs).maxMs,
  }
}

/** What is left of a chain of timers when the next of them fires. */
function leftOf(
  facts: ConnectionFacts,
  host: HostFacts,
  { minMs, maxMs, retransmissions }: RetransmissionGiveUp,
): Span {
  const fires = retransmissions[facts.retransmits] ?? { minMs, maxMs }
  const before = retransmissions[facts.retransmits - 1]?.minMs ?? 0
  const next = nextTimer(facts, fires.minMs - before, host)
  const [soonest, latest] = [minMs - fires.minMs, maxMs - fires.maxMs]
  const most = latest >= soonest ? latest : soonest + (maxMs - minMs)
  return {
    minMs: Math.max(0, Math.min(soonest, latest)) + next.minMs,
    maxMs: Math.max(0, most) + next.maxMs,
  }
}

/** The first SYN asks for the address of the next host; when nobody has told it, all who wait for it are told so. */
function neighbourLeft(
  facts: ConnectionFacts,
  { sysctls }: HostFacts,
  { retransmissions }: RetransmissionGiveUp,
): Span {
  const asksMs = sysctl(sysctls, 'neigh/eth0/mcast_solicit') * sysctl(sysctls, 'neigh/eth0/retrans_time_ms')
  const latestMs = asksMs * (1 + NEIGHBOUR_LATENESS)
  const sinceSynMs = (retransmissions[facts.retransmits]?.minMs ?? 0) - facts.timerLeftMs
  // Others may have asked before; and a question that came to nothing is asked anew.
  return { minMs: 0, maxMs: sinceSynMs > latestMs ? latestMs : latestMs - Math.max(0, sinceSynMs) }
}

/** Of a timer in the wheel. */
const NEIGHBOUR_LATENESS = 1 / 8
