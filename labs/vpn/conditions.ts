/** What experiment, questions and judgement agree on. */
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions } from '../../src/plan/plan.ts'
import {
  JITTER_MS_MAX,
  KEEPALIVE_TIMEOUT_MS,
  REKEY_TIMEOUT_MS,
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
}

/** In the order in which a reader meets them. */
export const ROWS = ['vpn', 'vpn-persistent', 'wrong-key', 'unknown-peer', 'wrong-preshared'] as const
export type Row = (typeof ROWS)[number]

/** What the configurations of the world have. */
const REAL_PERSISTENT_MS = 25_000
const QUICK_PERSISTENT_MS = 1_000
/** Beyond a timer of the protocol, which no pace changes. */
const BEYOND_MS = 1_500

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
  return {
    settings: { persistentMs, idleMs, strangerMs: RETRY_AFTER.maxMs + BEYOND_MS, unspokenMs },
    sysctls: {},
    watchMs: unspokenMs + NEW_SESSION_AFTER.maxMs + RETRY_AFTER.maxMs + BEYOND_MS,
  }
}
