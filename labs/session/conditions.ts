/** The settings of the experiment. No timeout of the system is touched: all of them are the session's own. */
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions } from '../../src/plan/plan.ts'
import { HEARTBEAT_TIMING } from '../../src/protocols/heartbeat/constants.ts'
import { GRACE_MS } from '../../src/protocols/session/constants.ts'

export type SessionSettings = {
  timing: { intervalMs: number; suspectAfterMs: number; downAfterMs: number }
  /** How long the server keeps a session that no connection carries, where its end is waited for. */
  graceMs: number
  /** The same where the session has to live, however long a busy machine takes to start a program again. */
  longGraceMs: number
  /** How many messages are said in each conversation, one each `everyMs`. */
  messages: number
  everyMs: number
  /** How many of them are acknowledged before anything goes wrong. */
  before: number
}

/** A cut is noticed after a second or so. */
const QUICK_TIMING = { intervalMs: 400, suspectAfterMs: 800, downAfterMs: 1500 }
const QUICK_GRACE_MS = 4500

export function conditionsOf({ pace }: Pick<LabOptions, 'pace'>): Conditions<SessionSettings> {
  const isQuick = pace === 'quick'
  const graceMs = isQuick ? QUICK_GRACE_MS : GRACE_MS
  return {
    settings: {
      timing: isQuick ? QUICK_TIMING : { ...HEARTBEAT_TIMING },
      graceMs,
      longGraceMs: GRACE_MS,
      messages: 20,
      everyMs: 80,
      before: 6,
    },
    sysctls: {},
    watchMs: graceMs + 8000,
  }
}
