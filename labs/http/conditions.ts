/** The settings of the experiment, at both paces. Neither changes any setting of the hosts. */
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions } from '../../src/plan/plan.ts'

export type HttpSettings = {
  /** How often a page is asked for, beside what signing in takes. */
  requests: number
  /** How many of them at the same time, where several connections are opened at once. */
  sockets: number
  /** For how long nobody asks for anything, where four things that share a name are compared. */
  quietMs: number
  /** Of the kernel's keepalive, where it is turned on. */
  probes: { idleMs: number; intervalMs: number; probes: number }
  heartbeatEveryMs: number
  /** The bank's sessions end after this time without a request, where that is the point; elsewhere the bank decides. */
  idleMs: number
  /** And this time after signing in, however busy they were. */
  absoluteMs: number
  /** How often a session that is kept busy is used. */
  busyEveryMs: number
  /** An answer that has not come by then is given up. */
  answerWithinMs: number
  amountCents: number
}

/** Longer than the bank's idle limit, and shorter than any limit of its connections. */
const QUIET_MS = { quick: 5000, real: 40_000 }
const SESSION_IDLE_MS = { quick: 3000, real: 20_000 }
/** Eight processes start on two processors, and passwords are hashed slowly on purpose. */
const AROUND_MS = 10_000

export function conditionsOf({ pace }: Pick<LabOptions, 'pace'>): Conditions<HttpSettings> {
  const quietMs = QUIET_MS[pace]
  const idleMs = SESSION_IDLE_MS[pace]
  return {
    settings: {
      requests: 5,
      sockets: 3,
      quietMs,
      probes: { idleMs: quietMs / 5, intervalMs: 1000, probes: 5 },
      heartbeatEveryMs: quietMs / 5,
      idleMs,
      absoluteMs: 2 * idleMs,
      busyEveryMs: idleMs / 4,
      answerWithinMs: 1000,
      amountCents: 2500,
    },
    sysctls: {},
    watchMs: quietMs + 2 * idleMs + AROUND_MS,
  }
}
