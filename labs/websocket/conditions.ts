/** What experiment, claims and questions agree on. */
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions, Plan } from '../../src/plan/plan.ts'

/** On this path the server pings and judges; on the others it does not. */
export const WATCHED = '/watched'
/** On this one nobody says anything, unless the case says so. */
export const IDLE = '/idle'
/** What both clients write. */
export const STILL_HERE = 'still here'

const SETTINGS = {
  /** Of the server on the watched path. Its limit is shorter than the patience of its kernel, which has its pings to send again. */
  heartbeat: { intervalMs: 500, suspectAfterMs: 1000, downAfterMs: 2000 },
  /** For how long a client computes: long enough to be suspected. */
  blockMs: 1700,
  /** For how long the laptop sleeps; longer than that. */
  asleepMs: 4000,
  /** What one ws client is told to wait for the peer's close frame; the other has ws's own 30 s. */
  closeTimeoutMs: 1500,
  /** How long after they were given the page carries out its orders: by then the line is dead. */
  orderedMs: 2500,
  /** For how long a line is watched after what kills it. */
  deadMs: 8000,
  /** The server is away for `downMs`; a connection that lasted `steadyAfterMs` was a success. */
  storm: { clients: 50, downMs: 1200, baseMs: 1000, capMs: 2000, steadyAfterMs: 500 },
  resume: {
    /** Of the session, at both ends. */
    timing: { intervalMs: 300, suspectAfterMs: 450, downAfterMs: 1000 },
    messages: 60,
    everyMs: 100,
    /** From the cut to the mending; longer than a silence that is down. */
    cutMs: 2500,
    baseMs: 500,
    capMs: 2000,
  },
}
export type WebSocketSettings = typeof SETTINGS

/** Two retries: a kernel gives up on a busy connection after 3.3 to 3.7 s, as `lab:keepalive` shows. */
const QUICK_RETRIES = { 'net/ipv4/tcp_retries2': '2' }

export function conditionsOf({ pace }: Pick<LabOptions, 'pace'>): Conditions<WebSocketSettings> {
  return { settings: SETTINGS, sysctls: pace === 'quick' ? QUICK_RETRIES : {}, watchMs: 25_000 }
}

/** Why a case that waits for a kernel to give up is not shown at the real pace. */
export function quickOnly(_rig: unknown, { pace }: Pick<Plan, 'pace'>): string | null {
  if (pace === 'quick') return null
  return 'with tcp_retries2 = 15 a kernel sends for a quarter of an hour before it gives up'
}
