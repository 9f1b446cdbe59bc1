/** The settings of the experiment, at both paces. */

import { keepaliveGiveUp, retransmissionGiveUp } from '../../src/kernel/give-up.ts'
import { takenOver } from '../../src/kernel/sysctls.ts'
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions, Plan } from '../../src/plan/plan.ts'
import { type ClientSettings, mechanisms } from '../../src/programs/scripts/host-messages.ts'
import type { Programs } from '../../src/rig/rig.ts'

/** How the clients set their sockets. */
export type KeepaliveSettings = ClientSettings

// ---- ours, with reasons -----------------------------------------------------------------------

/** The smallest times that still show three probes and a phase: whole seconds, as Linux wants them. */
const QUICK_KEEPALIVE = { idleMs: 2000, intervalMs: 1000, probes: 3 }
/** Long enough to differ from tcp_retries2 below, short enough for the watch. An application's own choice. */
const USER_TIMEOUT_MS = 4000
/**
 * 2 instead of 15: a busy connection gives up after some 3.3 s instead of a quarter of an hour. With 3 a
 * retransmission timeout of 207 ms and one of 214 ms end at different retransmissions.
 */
const QUICK_RETRIES2 = '2'
/**
 * A new connection into a cut cable tries at 0 and 1 s and ends after 3: so the HTTP client's next try is
 * never more than 3 s away when the cable is mended.
 */
const QUICK_SYN = { 'net/ipv4/tcp_syn_retries': '1', 'net/ipv4/tcp_syn_linear_timeouts': '0' }
/** Everything that will notice has noticed; what is still quiet then is quiet for good reasons. */
const QUICK_WATCH_MS = 12_000
/** Real pace: after the last expected end, as long again as a person can believe in "nothing". */
const REAL_WATCH_MARGIN_MS = 60_000

/** The sysctls that a host of the real pace takes over from the machine it runs on. */
const DECISIVE = [
  'tcp_retries2',
  'tcp_keepalive_time',
  'tcp_keepalive_intvl',
  'tcp_keepalive_probes',
  'tcp_syn_retries',
  'tcp_syn_linear_timeouts',
  'tcp_orphan_retries',
  'tcp_early_retrans',
]

/** Linux's own where the system does not tell: RFC 9293 section 3.8.4 asks for two hours at least. */
const FALLBACK = {
  tcp_keepalive_time: 7200,
  tcp_keepalive_intvl: 75,
  tcp_keepalive_probes: 9,
  tcp_retries2: 15,
}

/** @param sysctls this system's own, by name */
export function conditionsOf(
  { pace, mechanisms }: Pick<LabOptions, 'pace' | 'mechanisms'>,
  sysctls: Readonly<Record<string, string>>,
): Conditions<KeepaliveSettings> {
  if (pace === 'quick') {
    return {
      settings: { keepalive: QUICK_KEEPALIVE, userTimeoutMs: USER_TIMEOUT_MS },
      sysctls: { 'net/ipv4/tcp_retries2': QUICK_RETRIES2, ...QUICK_SYN },
      watchMs: QUICK_WATCH_MS,
    }
  }
  const setting = (name: keyof typeof FALLBACK) => Number(sysctls[name] ?? FALLBACK[name])
  const keepalive = {
    idleMs: setting('tcp_keepalive_time') * 1000,
    intervalMs: setting('tcp_keepalive_intvl') * 1000,
    probes: setting('tcp_keepalive_probes'),
  }
  const longest = Math.max(
    QUICK_WATCH_MS,
    mechanisms.includes('tcp-keepalive') ? keepaliveGiveUp(keepalive).maxMs : 0,
    mechanisms.some((id) => WRITE_ON_TCP.includes(id)) ? realRetransmission(setting('tcp_retries2')) : 0,
  )
  return {
    settings: { keepalive, userTimeoutMs: USER_TIMEOUT_MS },
    sysctls: takenOver(sysctls, DECISIVE),
    watchMs: longest === QUICK_WATCH_MS ? QUICK_WATCH_MS : longest + REAL_WATCH_MARGIN_MS,
  }
}

const WRITE_ON_TCP: readonly string[] = ['tcp-busy', 'tcp-heartbeat', 'http-session', 'websocket']

/** With the usual retransmission timeout of a short path; the judgement later uses the measured one. */
function realRetransmission(retries2: number): number {
  return retransmissionGiveUp({
    retransmissionTimeoutMs: 204,
    roundTripMs: 1,
    retries2,
    userTimeoutMs: 0,
    tailLossProbe: true,
    jiffyMs: 4,
  }).maxMs
}

/** What runs on each pair: the clients and servers of the chosen rows, and how the clients are set. */
export function programsOf({ settings, mechanisms: chosen }: Plan<KeepaliveSettings>): Programs {
  return { mechanisms: mechanisms.filter((id) => chosen.includes(id)), settings }
}
