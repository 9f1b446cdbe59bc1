/** The settings of the experiment, at both paces. Neither changes any setting of the hosts. */
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions } from '../../src/plan/plan.ts'

export type TcpSettings = {
  /** For how long nobody says a word on the silent connection. */
  idleMs: number
  /** Connections that use the wire meanwhile, in turns, and how much they send. */
  talkers: number
  bursts: number
  burstBytes: number
  /** A server with little room for callers: listen(2) is given this. */
  backlog: number
  /** How many clients call it: one more than its queue holds. */
  calls: number
  /** Any line of text. */
  text: string
  /** TIME-WAIT is over by then, or never. */
  timeWaitMs: number
}

const QUICK_IDLE_MS = 10_000
/** Longer than every timer of a connection that somebody might suspect: TIME-WAIT, and a NAT's first limits. */
const REAL_IDLE_MS = 120_000
/** A connection is up, and the last word is spoken, within this. */
const AROUND_MS = 5000

export function conditionsOf({ pace }: Pick<LabOptions, 'pace'>): Conditions<TcpSettings> {
  const idleMs = pace === 'quick' ? QUICK_IDLE_MS : REAL_IDLE_MS
  return {
    settings: {
      idleMs,
      talkers: 3,
      bursts: 6,
      burstBytes: 64 * 1024,
      backlog: 2,
      calls: 4,
      text: 'still here',
      timeWaitMs: 70_000,
    },
    sysctls: {},
    watchMs: idleMs + AROUND_MS,
  }
}
