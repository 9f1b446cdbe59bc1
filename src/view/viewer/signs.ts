/** What made an end notice, in three letters; what those mean, with the limits of this very run; and seconds that fit a cell. */
import type { LabEvent, Trigger } from '../../events/vocabulary.ts'

/** Stands for the program's own limit, which every lab sets for itself. */
const LIMIT = '{limit}'

/** A question mark: it only doubts, and closes nothing. */
const SIGNS = {
  FIN: "the peer's kernel said: no more data (for a living program or a dead one)",
  CLS: 'a WebSocket close frame, before the FIN',
  RST: "the peer's kernel said: I know no such connection",
  REF: "the peer's kernel said: nobody listens on that UDP port (ICMP)",
  KA: "this end's kernel gave up: keepalive probes unanswered",
  RTO: "this end's kernel gave up: data unacknowledged (tcp_retries2)",
  UT: "this end's kernel gave up: data unacknowledged (TCP_USER_TIMEOUT)",
  UNA: "this end's kernel gave up: nobody answered",
  GON: "this end's kernel has the connection no more, and no packet says why",
  OUT: 'the program said so, in the words it was given for that (--down)',
  END: 'the program of this end ended',
  CLO: 'the program of this end closed the connection',
  ABO: 'this end aborted the connection, which sends RST',
  HB: `the program heard nothing for ${LIMIT}`,
  'HB?': `the program heard nothing for ${LIMIT}, and then something`,
  'NA?': `the program has no answer after ${LIMIT}, and goes on waiting`,
} as const
type Sign = keyof typeof SIGNS

/** What stands in a cell where there is no sign. */
export const CELL_WORDS = {
  quiet: 'no change of belief for the whole watch',
  'n/a': 'not judged: the fault has no meaning there, or its outcome cannot be predicted',
  skipped: 'not shown in this run; the check says why',
  unsure: 'the fault could not be seen to happen, so what followed proves nothing',
} as const

/** For how long programs waited before they doubted or gave up: what the limits of a run were. */
export class Waits {
  readonly #leastMs = new Map<string, number>()

  note(event: LabEvent): void {
    if (event.name !== 'belief:updated') return
    const { trigger, new: belief, silentMs } = event.data
    if (silentMs === undefined) return
    const sign = signOf(trigger, belief, '')
    this.#leastMs.set(sign, Math.min(silentMs, this.#leastMs.get(sign) ?? silentMs))
  }

  /** What a sign means. No program gives up before its limit, so the shortest wait of a run is the limit. */
  meaning(sign: Sign): string {
    const leastMs = this.#leastMs.get(sign)
    const limit = leastMs === undefined ? 'its whole limit' : `${(leastMs / 1000).toFixed(1)} s`
    return SIGNS[sign].replace(LIMIT, limit)
  }
}

/** Each sign that is used, and what it means in this run. */
export function signMeanings(
  isUsed: (sign: string) => boolean,
  waits: Waits,
): [sign: string, meaning: string][] {
  return (Object.keys(SIGNS) as Sign[]).filter(isUsed).map((sign) => [sign, waits.meaning(sign)])
}

/** The sign of a change of belief; `suspect` is a doubt, not an end. */
export function signOf(trigger: Trigger, belief: string, mechanism: string): string {
  switch (trigger) {
    case 'fin':
      return 'FIN'
    case 'close_frame':
      return 'CLS'
    case 'econnreset':
      return 'RST'
    case 'econnrefused':
      return 'REF'
    case 'etimedout':
      return mechanism === 'tcp-keepalive' ? 'KA' : mechanism === 'tcp-user-timeout' ? 'UT' : 'RTO'
    case 'econnaborted':
      return 'ABO'
    case 'kernel_has_none':
      return 'GON'
    case 'kernel_gave_up':
      return 'UNA'
    case 'program_said':
      return 'OUT'
    case 'program_ended':
      return 'END'
    case 'user_closed':
      return 'CLO'
    case 'heartbeat_missed':
      return belief === 'suspect' ? 'HB?' : 'HB'
    case 'answer_missed':
      return 'NA?'
    default:
      return '?'
  }
}

/** Seconds, as short as they fit a cell: 0.0, 4.1, 42, 15m, 2.2h. */
export function shortTime(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 9.95) return seconds.toFixed(1)
  if (seconds < 100) return seconds.toFixed(0)
  return seconds < 6000 ? `${(seconds / 60).toFixed(0)}m` : `${(seconds / 3600).toFixed(1)}h`
}
