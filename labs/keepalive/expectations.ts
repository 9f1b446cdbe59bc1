/**
 * What should be seen at one end of one cell, computed from the options, sysctls and measured state in
 * force. Pure: numbers in, a range with its formula out. Which row expects what of which fault: `cases/`.
 */
import type { Role } from '../../src/events/host-names.ts'
import type { Trigger } from '../../src/events/vocabulary.ts'
import {
  type BusyConnection,
  keepaliveGiveUp,
  modelTimeout,
  retransmissionGiveUp,
  type Span,
} from '../../src/kernel/give-up.ts'
import type { Keepalive } from '../../src/kernel/socket-options.ts'
import { SLACK_MS } from '../../src/lab/checks.ts'
import { AT_ONCE } from '../../src/lab/claims.ts'
import { type Mechanism, mechanisms } from '../../src/programs/scripts/host-messages.ts'

/** What an end sent that may be lost, and what decides when its kernel sends it again. */
export interface Sends {
  /** Its first sends after the strike that may have been the first to be lost, one or two; none where it sent none. */
  lostSendsMs: number[]
  /** What its kernel said of the connection just before the strike; null where it does not tell. */
  connection: BusyConnection | null
}

/** What was measured before and around the strike. Times are milliseconds after the fault became true. */
export interface Situation extends Sends {
  /** How long before that moment the fault may already have been in force: its command took that long. */
  uncertainMs: number
  /** The client's keepalive, as its kernel has it. */
  keepalive: Keepalive | null
  /** The heartbeat's and the HTTP client's own limits. */
  heartbeatMs: { interval: number; downAfter: number }
  httpMs: { interval: number; answerLimit: number }
  /** When the request was sent that had no answer yet at the strike; negative, or null when there was none. */
  outstandingRequestMs: number | null
  writeEveryMs: number
  /** When this end last heard something before the strike; negative, or null when never. */
  lastHeardMs: number | null
  /** For how long this end itself did not run, from then until it was to judge. */
  ownPausesMs: number
  /** The same of the other end, while it is there. */
  peer: Sends
  /** When the answer was sent that had no acknowledgement yet when the fault struck; null when there was none. */
  lostAnswerMs: number | null
  /**
   * Hosts are containers: one that ends takes its network with it a moment later, and one that cannot be
   * reached may be missed by its neighbour already.
   */
  inContainer: boolean
  /** When a cut cable was mended; null while it is not. */
  mendedMs: number | null
  /** When a rebooted host's kernel was back on the network, at the latest; null where nothing is rebooted. */
  networkBackMs: number | null
  /** How much earlier it may have been back. */
  networkBackWithinMs: number
  /** When the struck process had ended: a starved one takes its time. null where it lives, or nobody saw. */
  endedMs: number | null
}

/** It becomes `belief`, by one of these triggers, in a range. */
export interface Noticed extends Span {
  kind: 'noticed'
  belief: 'down' | 'suspect'
  triggers: Trigger[]
  formula: string
  why: string
  source: string
}

/** It may doubt for a while, and is up again at the end, on the same connection. */
export interface Recovers {
  kind: 'recovers'
  maxMs: number
  formula: string
  why: string
}

export type Expectation =
  /** Nothing changes in what this end believes. */
  | { kind: 'quiet'; why: string }
  | Noticed
  | Recovers
  /** This end is gone with its host or process: nobody is left to believe anything. */
  | { kind: 'gone'; why: string }
  /** The fault has no meaning here. */
  | { kind: 'meaningless'; why: string }
  /** It cannot be predicted on this machine. */
  | { kind: 'unpredictable'; why: string }

/** What one end should come to believe, given what was measured. */
export type Expect = (measured: Situation) => Expectation

/** What the client and the server of one row should come to believe. */
export type Ends = Readonly<Record<Role, Expect>>

/** The same for one fault, row by row. */
export type Column = Readonly<Record<Mechanism, Ends>>

export function both(expect: Expect): Ends {
  return { client: expect, server: expect }
}

export function everyRow(expect: Expect): Column {
  return Object.fromEntries(mechanisms.map((mechanism) => [mechanism, both(expect)])) as Column
}

/** Nothing changes. */
export function quiet(why: string): Expect {
  return () => ({ kind: 'quiet', why })
}

export function meaningless(why: string): Expect {
  return () => ({ kind: 'meaningless', why })
}

export function gone(why: string): Expect {
  return () => ({ kind: 'gone', why })
}

export function unpredictable(why: string): Expectation {
  return { kind: 'unpredictable', why }
}

export const UNREADABLE = unpredictable('this system does not tell the options of a socket')

/** It is down by one of these triggers, in a range. */
export function down(how: Omit<Noticed, 'kind' | 'belief'>): Noticed {
  return { kind: 'noticed', belief: 'down', ...how }
}

/** Somebody says so at once: RST, FIN, ICMP. */
export function told(triggers: Trigger[], why: string, source: string): Noticed {
  return down({ triggers, ...AT_ONCE, formula: '0 .. slack', why, source })
}

/** What is expected from a moment on that may not have come: `otherwise` says so. */
export function once(
  moment: 'networkBackMs' | 'mendedMs',
  otherwise: string,
): (expect: (measured: Situation, momentMs: number) => Expectation) => Expect {
  return (expect) => (measured) => {
    const momentMs = measured[moment]
    return momentMs === null ? unpredictable(otherwise) : expect(measured, momentMs)
  }
}

/** Said at the latest when the process has ended. */
export function byItsEnd(triggers: Trigger[], why: string, source: string): Expect {
  return ({ endedMs }) => {
    const atOnce = told(triggers, why, source)
    if (endedMs === null) return atOnce
    return { ...atOnce, maxMs: endedMs, formula: `0 .. end of the process (${seconds(endedMs)}) + slack` }
  }
}

/** Nothing was heard for as long as the detector waits. Its own pauses do not count as silence. */
export function heartbeatMissed(why: string): Expect {
  return ({ heartbeatMs, lastHeardMs, ownPausesMs, uncertainMs }) => {
    const { interval, downAfter } = heartbeatMs
    if (lastHeardMs === null) return unpredictable('it never heard anything')
    const dueMs = lastHeardMs + downAfter
    const paused = ownPausesMs === 0 ? '' : `own pauses ${seconds(ownPausesMs)} + `
    return down({
      triggers: ['heartbeat_missed'],
      minMs: dueMs,
      maxMs: dueMs + ownPausesMs + uncertainMs,
      formula: `${paused}last heard ${seconds(-lastHeardMs)} before + ${seconds(downAfter)} .. + slack, so in (${seconds(downAfter - interval)} .. ${seconds(downAfter)}] + slack`,
      why,
      source: 'src/protocols/heartbeat/README.md',
    })
  }
}

/** A request gets no answer within its limit. A doubt, and only that. */
export const answerMissed: Expect = ({ httpMs, outstandingRequestMs, uncertainMs }) => {
  const { interval, answerLimit } = httpMs
  return {
    kind: 'noticed',
    belief: 'suspect',
    triggers: ['answer_missed'],
    minMs: (outstandingRequestMs ?? 0) + answerLimit - uncertainMs,
    maxMs: interval + answerLimit,
    formula: `(limit .. request interval + limit] + slack, limit ${seconds(answerLimit)}, interval ${seconds(interval)}`,
    why: 'the next request is not answered within its limit',
    source: 'src/programs/http-client.ts',
  }
}

/** Keepalive's probes stay unanswered. */
export const probesUnanswered: Expect = ({ keepalive, uncertainMs, inContainer }) => {
  if (keepalive === null) return UNREADABLE
  const { idleMs, intervalMs, probes } = keepalive
  const { minMs, maxMs } = keepaliveGiveUp(keepalive)
  return down({
    triggers: gaveUp(inContainer),
    minMs: minMs - uncertainMs,
    maxMs,
    formula: `(n x interval .. idle + n x interval] + slack, n = ${probes}, interval ${seconds(intervalMs)}, idle ${seconds(idleMs)}`,
    why: 'the last answered probe lies up to idle before the fault; then n probes stay unanswered',
    source: 'RFC 9293 3.8.4, tcp(7)',
  })
}

/** The kernel sends the lost bytes again and again, and gives up. */
export const retransmissionsExhausted: Expect = ({ connection, lostSendsMs, inContainer }) => {
  if (connection === null) return UNREADABLE
  const [first, last] = [lostSendsMs[0], lostSendsMs.at(-1)]
  if (first === undefined || last === undefined) return unpredictable('it sent nothing after the fault')
  const giveUp = retransmissionGiveUp(connection)
  const minMs = inContainer ? withoutNeighbour(connection) : giveUp.minMs
  const { retransmissionTimeoutMs, userTimeoutMs, retries2 } = connection
  const limit =
    userTimeoutMs === 0 ? `tcp_retries2 ${retries2}` : `TCP_USER_TIMEOUT ${seconds(userTimeoutMs)}`
  return down({
    triggers: gaveUp(inContainer),
    minMs: first + minMs,
    maxMs: last + giveUp.maxMs,
    formula: `lost send at ${seconds(first)} + retransmissions (RTO ${Math.round(retransmissionTimeoutMs)} ms, ${limit}) = [${seconds(minMs)} .. ${seconds(giveUp.maxMs)}] + slack`,
    why: 'the bytes stay unacknowledged until the kernel gives up',
    source: 'RFC 9293 3.8.3, RFC 6298, RFC 8985, tcp_timer.c',
  })
}

/**
 * A heartbeat over TCP is data: when it is lost right with the cut, the kernel may give up a moment
 * before the detector does. Whichever comes first makes it down.
 */
export function heartbeatOrKernel(why: string): Expect {
  return (measured) => {
    const detector = heartbeatMissed(why)(measured)
    const kernel = retransmissionsExhausted(measured)
    if (detector.kind !== 'noticed' || kernel.kind !== 'noticed') return detector
    if (kernel.minMs > detector.maxMs + SLACK_MS) return detector
    return {
      ...detector,
      triggers: ['heartbeat_missed', ...kernel.triggers],
      minMs: Math.min(detector.minMs, kernel.minMs),
      formula: `${detector.formula}; or before it ${kernel.formula}`,
    }
  }
}

/** The error is the last thing the kernel was told while it waited: between networks a router may have told it something. */
function gaveUp(inContainer: boolean): Trigger[] {
  return inContainer ? ['etimedout', 'ehostunreach', 'enetunreach'] : ['etimedout']
}

/**
 * A segment that cannot even be sent (no card, no neighbour that answers ARP) is no retransmission: the kernel
 * tries again each half second (TCP_RESOURCE_PROBE_INTERVAL, tcp_timer.c), and its patience ends in between.
 */
function withoutNeighbour({ retries2, userTimeoutMs }: BusyConnection): number {
  return userTimeoutMs === 0 ? modelTimeout(retries2) : userTimeoutMs
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
