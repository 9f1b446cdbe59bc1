/** The settings of the experiment, at both paces. */
import type { Keepalive as KernelKeepalive } from '../../src/kernel/socket-options.ts'
import { takenOver } from '../../src/kernel/sysctls.ts'
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions } from '../../src/plan/plan.ts'
import type { HttpLimits } from '../../src/programs/scripts/http/requests.ts'

/** Plain data, which an interface is not to the compiler. */
type Keepalive = Pick<KernelKeepalive, keyof KernelKeepalive>

export type TimeoutsSettings = {
  /** Of the row `keepalive` where the connection is idle. */
  keepalive: Keepalive
  /** Of the row `keepalive-ut`, where the user timeout outlasts the count and falls between two probes. */
  outlasted: { keepalive: Keepalive; userTimeoutMs: number }
  /** Of the row `keepalive` where data is under way: it would end the connection first, if it ran at all. */
  eager: Keepalive
  /** TCP_USER_TIMEOUT, case by case. */
  userTimeoutMs: {
    synSent: number
    listener: number
    idle: number
    busy: number
    zeroWindow: number
    orphan: number
  }
  /** The argument of Node's setKeepAlive(true, ...), in two rows. */
  setKeepAliveMs: { whole: number; tooShort: number }
  /** The argument of Node's socket.setTimeout(). */
  setTimeoutMs: number
  /** For how long "nothing" is watched: an idle connection, and whatever else never ends. */
  idleMs: number
  neverMs: number
  /** No wait of the lab is longer. */
  withinMs: number
  /** What is left out is as Node has it. */
  http: Partial<HttpLimits>
  /** Of undici; null: as it has it. */
  undiciHeadersTimeoutMs: number | null
}

const SECOND_MS = 1000

/** The shortest that still shows the shape of each timeout: a doubling, two probes, a linear start. */
const QUICK_SYSCTLS = {
  tcp_syn_retries: '2',
  tcp_syn_linear_timeouts: '1',
  tcp_synack_retries: '2',
  // With 3 a retransmission timeout of 207 ms and one of 214 ms end at different retransmissions.
  tcp_retries2: '2',
  tcp_orphan_retries: '2',
  tcp_fin_timeout: '3',
}

/** What the hosts of the real pace take over from the machine, which then ends when the machine would. */
const DECISIVE = [
  ...Object.keys(QUICK_SYSCTLS),
  'tcp_early_retrans',
  'tcp_keepalive_time',
  'tcp_keepalive_intvl',
  'tcp_keepalive_probes',
]

const keepalive = (idleSeconds: number, intervalSeconds: number, probes: number): Keepalive => ({
  idleMs: idleSeconds * SECOND_MS,
  intervalMs: intervalSeconds * SECOND_MS,
  probes,
})

/** Keepalive, user timeouts and Node's arguments are an application's own choice: at no pace the system's. */
const QUICK: TimeoutsSettings = {
  keepalive: keepalive(2, 1, 3),
  outlasted: { keepalive: keepalive(2, 1, 3), userTimeoutMs: 5500 },
  eager: keepalive(1, 1, 1),
  userTimeoutMs: { synSent: 2500, listener: 500, idle: 2000, busy: 5000, zeroWindow: 4000, orphan: 1500 },
  setKeepAliveMs: { whole: 2000, tooShort: 900 },
  setTimeoutMs: 1500,
  idleMs: 12_000,
  neverMs: 8000,
  withinMs: 20_000,
  http: { keepAliveTimeoutMs: 2000, headersTimeoutMs: 1500, requestTimeoutMs: 3000, checkEveryMs: 500 },
  undiciHeadersTimeoutMs: 2500,
}
const REAL: TimeoutsSettings = {
  keepalive: keepalive(5, 5, 3),
  outlasted: { keepalive: keepalive(5, 3, 3), userTimeoutMs: 10_000 },
  eager: keepalive(5, 5, 3),
  userTimeoutMs: {
    synSent: 5000,
    listener: 2000,
    idle: 5000,
    busy: 10_000,
    zeroWindow: 30_000,
    orphan: 10_000,
  },
  setKeepAliveMs: { whole: 5000, tooShort: 900 },
  setTimeoutMs: 5000,
  idleMs: 600_000,
  neverMs: 320_000,
  // The longest, a closed window with nobody behind it, takes some 1070 s with the usual tcp_retries2 of 15; two
  // minutes longer for each probe that was answered before, after the first.
  withinMs: 1_330_000,
  http: {},
  undiciHeadersTimeoutMs: null,
}

/** For how long each case is watched at most, at the real pace with Linux's own settings. */
const REAL_WATCH_MS: Readonly<Record<string, number>> = {
  'syn-sent': 150_000,
  'syn-received': 80_000,
  'ack-lost': 80_000,
  idle: 640_000,
  busy: 1_000_000,
  'zero-alive': 330_000,
  'zero-dead': 1_330_000,
  'fin-wait-1': 120_000,
  'fin-wait-2': 330_000,
  'time-wait': 75_000,
  http: 345_000,
  'http-race': 20_000,
}

/** @param sysctls this system's own, by name */
export function conditionsOf(
  { pace, cases }: Pick<LabOptions, 'pace' | 'cases'>,
  sysctls: Readonly<Record<string, string>>,
): Conditions<TimeoutsSettings> {
  const settings = { quick: QUICK, real: REAL }[pace]
  if (pace === 'quick') return { settings, sysctls: takenOver(QUICK_SYSCTLS), watchMs: settings.withinMs }
  const watchMs = Math.max(...cases.map((id) => REAL_WATCH_MS[id] ?? settings.withinMs))
  return { settings, sysctls: takenOver(sysctls, DECISIVE), watchMs }
}
