/** The cases of the lab, its rows, and the settings at both paces. */
import type { LabOptions } from '../../src/plan/options.ts'
import type { Case, Conditions, Matrix, Plan } from '../../src/plan/plan.ts'

/** `ws` and `page` are two clients of the same server; `lockstep` and `jitter` are fifty each; `session` is one with a session above it. */
export const mechanisms = ['ws', 'page', 'lockstep', 'jitter', 'session'] as const
export type WebSocketRow = (typeof mechanisms)[number]

/** On this path the server pings and judges; on the others it does not. */
export const WATCHED = '/watched'
/** On this one nobody says anything, unless the case says so. */
export const IDLE = '/idle'

export interface WebSocketCase extends Case {
  readonly rows: readonly WebSocketRow[]
  /** Why it is not shown at `--pace real`; null where it is. */
  readonly tooLong: string | null
}

const FIFTEEN_MINUTES = 'with tcp_retries2 = 15 a kernel sends for a quarter of an hour before it gives up'

export const webSocketCases: readonly WebSocketCase[] = [
  {
    id: 'upgrade',
    promise: 'an HTTP request becomes a WebSocket; the server pings, and the client computes for a while',
    rows: ['ws', 'page'],
    tooLong: null,
  },
  {
    id: 'cut',
    promise: 'the cable is cut; then one connection stays idle, one writes, the others are closed',
    rows: ['ws', 'page'],
    needs: ['network'],
    tooLong: FIFTEEN_MINUTES,
  },
  {
    id: 'laptop',
    promise: 'the laptop sleeps (SIGSTOP) and wakes up; later it has another address',
    rows: ['ws', 'page'],
    needs: ['network', 'signals'],
    tooLong: FIFTEEN_MINUTES,
  },
  {
    id: 'off',
    promise: 'the laptop loses power: no FIN, no RST, no answer',
    rows: ['ws'],
    needs: ['network'],
    tooLong: null,
  },
  {
    id: 'storm',
    promise: 'the server is killed and started again, and fifty clients of each kind want it back',
    rows: ['lockstep', 'jitter'],
    needs: ['network'],
    tooLong: null,
  },
  {
    id: 'resume',
    promise: 'the cable of a talking client is cut and mended, and its session goes on',
    rows: ['session'],
    needs: ['network'],
    tooLong: null,
  },
]

export const matrix: Matrix = {
  cases: webSocketCases,
  mechanisms,
  hasCell: (caseId, mechanism) =>
    webSocketCases.some(({ id, rows }) => id === caseId && (rows as readonly string[]).includes(mechanism)),
}

export type WebSocketSettings = {
  /** Of the server on the watched path. Its limit is shorter than the patience of its kernel, which has its pings to send again. */
  heartbeat: { intervalMs: number; suspectAfterMs: number; downAfterMs: number }
  /** For how long a client computes: long enough to be suspected. */
  blockMs: number
  /** For how long the laptop sleeps; longer than that. */
  asleepMs: number
  /** What one ws client is told to wait for the peer's close frame; the other has ws's own 30 s. */
  closeTimeoutMs: number
  /** The orders of the page are carried out so long after they were given, when the line is dead. */
  orderedMs: number
  /** A line is watched for so long after what kills it. */
  deadMs: number
  storm: {
    clients: number
    /** From the death of the server to its return. */
    downMs: number
    baseMs: number
    capMs: number
    /** A connection that lasted so long was a success. */
    steadyAfterMs: number
  }
  resume: {
    /** Of the session, at both ends. */
    timing: { intervalMs: number; suspectAfterMs: number; downAfterMs: number }
    /** Messages of the client, and how often. */
    messages: number
    everyMs: number
    /** From the cut to the mending; longer than a silence that is down. */
    cutMs: number
    baseMs: number
    capMs: number
  }
}

/** Two retries: a kernel gives up on a busy connection after 3.3 to 3.7 s, as `lab:keepalive` shows. */
const QUICK_RETRIES = { 'net/ipv4/tcp_retries2': '2' }

export function conditionsOf({ pace }: Pick<LabOptions, 'pace'>): Conditions<WebSocketSettings> {
  return {
    settings: {
      heartbeat: { intervalMs: 500, suspectAfterMs: 1000, downAfterMs: 2000 },
      blockMs: 1700,
      asleepMs: 4000,
      closeTimeoutMs: 1500,
      orderedMs: 2500,
      deadMs: 8000,
      storm: { clients: 50, downMs: 1200, baseMs: 1000, capMs: 2000, steadyAfterMs: 500 },
      resume: {
        timing: { intervalMs: 300, suspectAfterMs: 450, downAfterMs: 1000 },
        messages: 60,
        everyMs: 100,
        cutMs: 2500,
        baseMs: 500,
        capMs: 2000,
      },
    },
    sysctls: pace === 'quick' ? QUICK_RETRIES : {},
    watchMs: 20_000,
  }
}

/** The rows of a case that a run looks at, in order. */
export function rowsOf(plan: Plan, caseId: string): WebSocketRow[] {
  return mechanisms.filter((row) => plan.cells.includes(`${caseId}/${row}`))
}
