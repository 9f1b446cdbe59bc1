/** What experiment, questions and judgement agree on. */
import type { Span } from '../../src/kernel/give-up.ts'
import { ASKS_ON } from '../../src/kernel/sysctls.ts'
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions } from '../../src/plan/plan.ts'
import {
  JITTER_MS_MAX,
  KEEPALIVE_TIMEOUT_MS,
  REKEY_AFTER_MS,
  REKEY_TIMEOUT_MS,
  ZERO_KEYS_AFTER_MS,
} from '../../src/protocols/wireguard/constants.ts'

export type VpnSettings = {
  /** PersistentKeepalive of the client, where it has one: a setting, in whole seconds. */
  persistentMs: number
  /** Nobody speaks for so long: longer than the protocol's own keepalive waits. */
  idleMs: number
  /** For so long a stranger waits for an answer: a first initiation and a second. */
  strangerMs: number
  /** The server has ended, and nobody says a word. */
  unspokenMs: number
  /** In cases of minutes so many seconds of the protocol pass in one: what follows is real time, after that. */
  clockRate: number
  /** Longer than it takes to begin anew, shorter than it takes to give up. */
  cutMs: number
  /** Long enough for new keys twice; and so often there is a ping meanwhile. */
  rekeyMs: number
  pingEveryMs: number
  /** Nobody speaks until the keys are erased. */
  silentMs: number
  /** The router's memory, in whole seconds; null: as its kernel has it. */
  natSeconds: number | null
}

/** In the order in which a reader meets them. */
export const ROWS = [
  'vpn',
  'tls',
  'vpn-persistent',
  'wrong-key',
  'unknown-peer',
  'wrong-preshared',
  'inner-http',
  'inner-tcp',
  'plain-tcp',
] as const
export type Row = (typeof ROWS)[number]

/** What the configurations of the world have. */
const REAL_PERSISTENT_MS = 25_000
const QUICK_PERSISTENT_MS = 1_000
/** Beyond a timer of the protocol, which no pace changes. */
const BEYOND_MS = 1_500
/**
 * The protocol is told the time, and so it can be told another: in the cases of minutes twenty-five seconds of it pass
 * in one. Its numbers are those of the paper all the same.
 */
const QUICK_CLOCK_RATE = 25
/** Of the protocol: a minute in the dark, and twice two minutes of keys and a little. */
const DARK_MS = 60_000
const TWO_REKEYS_MS = 2 * REKEY_AFTER_MS + 10_000
const PING_EVERY_MS = 2_500
const AFTER_KEYS_MS = 20_000
/** Three keepalives fit into it. */
const QUICK_NAT_SECONDS = 3
/** The kernel's own for UDP that is answered (nf_conntrack_udp_timeout_stream), and whole seconds. */
export const NAT_STREAM_SECONDS = 120
export const NAT_ROUNDING_MS = 2_000

/** Data without an answer: the protocol begins anew after this, and not before. */
export const NEW_SESSION_AFTER = {
  minMs: KEEPALIVE_TIMEOUT_MS + REKEY_TIMEOUT_MS,
  maxMs: KEEPALIVE_TIMEOUT_MS + REKEY_TIMEOUT_MS + JITTER_MS_MAX,
}
export const RETRY_AFTER = { minMs: REKEY_TIMEOUT_MS, maxMs: REKEY_TIMEOUT_MS + JITTER_MS_MAX }

export function conditionsOf({ pace }: Pick<LabOptions, 'pace'>): Conditions<VpnSettings> {
  const persistentMs = pace === 'quick' ? QUICK_PERSISTENT_MS : REAL_PERSISTENT_MS
  const idleMs = KEEPALIVE_TIMEOUT_MS + Math.max(persistentMs, BEYOND_MS)
  const unspokenMs = 3 * persistentMs
  const clockRate = pace === 'quick' ? QUICK_CLOCK_RATE : 1
  const silentMs = (ZERO_KEYS_AFTER_MS + AFTER_KEYS_MS) / clockRate
  const goneMs = unspokenMs + NEW_SESSION_AFTER.maxMs + RETRY_AFTER.maxMs
  return {
    settings: {
      persistentMs,
      idleMs,
      strangerMs: RETRY_AFTER.maxMs + BEYOND_MS,
      unspokenMs,
      clockRate,
      cutMs: DARK_MS / clockRate,
      rekeyMs: TWO_REKEYS_MS / clockRate,
      pingEveryMs: PING_EVERY_MS / clockRate,
      silentMs,
      natSeconds: pace === 'quick' ? QUICK_NAT_SECONDS : null,
    },
    sysctls: ASKS_ON,
    watchMs: Math.max(silentMs, goneMs) + BEYOND_MS,
  }
}

/** The timers of a tunnel whose clock runs faster, in real time. */
export function scaled({ clockRate }: Pick<VpnSettings, 'clockRate'>) {
  const of = ({ minMs, maxMs }: Span): Span => ({ minMs: minMs / clockRate, maxMs: maxMs / clockRate })
  return {
    newSession: of(NEW_SESSION_AFTER),
    retry: of(RETRY_AFTER),
    rekeyMs: REKEY_AFTER_MS / clockRate,
    zeroKeysMs: ZERO_KEYS_AFTER_MS / clockRate,
  }
}

/** Said plainly wherever a number was scaled. */
export function clockWords({ clockRate }: Pick<VpnSettings, 'clockRate'>): string {
  return clockRate === 1
    ? 'its clock is that of the world'
    : `its clock runs ${clockRate} times as fast here; --pace real is the clock of the world`
}
