/**
 * What should be seen at one end of one cell, computed from the options, sysctls and measured state in
 * force. Pure: numbers in, a range with its formula out.
 */
import type { Role } from '../../src/events/host-names.ts'
import type { Trigger } from '../../src/events/vocabulary.ts'
import {
  type BusyConnection,
  keepaliveGiveUp,
  modelTimeout,
  retransmissionGiveUp,
} from '../../src/kernel/give-up.ts'
import { SLACK_MS } from '../../src/lab/checks.ts'
import type { KeepaliveFault } from './faults.ts'

/** Which cell, and which of its two ends. */
export interface Place {
  fault: KeepaliveFault
  mechanism: string
  role: Role
  /** This end is on the host that the fault strikes. */
  struck: boolean
  /**
   * Hosts are containers: one that ends takes its network with it a moment later, and one that cannot be
   * reached may be missed by its neighbour already.
   */
  inContainer?: boolean
}

/** What was measured before and around the strike. Times are milliseconds after the fault became true. */
export interface Situation {
  /** How long before that moment the fault may already have been in force: its command took so long. */
  uncertainMs: number
  /** The client's keepalive, as its kernel has it. */
  keepalive: { idleMs: number; intervalMs: number; probes: number } | null
  /** The heartbeat's and the HTTP client's own limits. */
  heartbeatMs: { interval: number; suspectAfter: number; downAfter: number }
  httpMs: { interval: number; answerLimit: number }
  /** When the request was sent that had no answer yet at the strike; negative, or null when there was none. */
  outstandingRequestMs: number | null
  writeEveryMs: number
  /** When this end last heard something before the strike; negative, or null when never. */
  lastHeardMs: number | null
  /** For how long this end itself did not run, from then until it was to judge. */
  ownPausesMs: number
  /** This end's first sends after the strike that may have been the first to be lost, one or two. */
  lostSendsMs: number[]
  /** What this end's kernel said of the connection just before the strike; null where it does not tell. */
  connection: BusyConnection | null
  /** When a cut cable was mended; null while it is not. */
  mendedMs: number | null
  /** When a rebooted host's kernel was back on the network; null where nothing is rebooted. */
  networkBackMs: number | null
  /** When the struck process had ended: a starved one takes its time. null where it lives, or nobody saw. */
  endedMs: number | null
}

export type Expectation =
  /** Nothing changes in what this end believes. */
  | { kind: 'quiet'; why: string }
  /** It becomes `belief`, by one of these triggers, in a range. */
  | {
      kind: 'noticed'
      belief: 'down' | 'suspect'
      triggers: Trigger[]
      minMs: number
      maxMs: number
      formula: string
      why: string
      source: string
    }
  /** It may doubt for a while, and is up again at the end, on the same connection. */
  | { kind: 'recovers'; minMs: number; maxMs: number; formula: string; why: string }
  /** This end is gone with its host or process: nobody is left to believe anything. */
  | { kind: 'gone'; why: string }
  /** The fault has no meaning here. */
  | { kind: 'meaningless'; why: string }
  /** It cannot be predicted on this machine. */
  | { kind: 'unpredictable'; why: string }

const isUdp = (mechanism: string) => mechanism === 'udp' || mechanism === 'udp-heartbeat'
const hasHeartbeat = (mechanism: string) =>
  mechanism === 'udp-heartbeat' || mechanism === 'tcp-heartbeat' || mechanism === 'websocket'
/** Does this end send data by itself, so that its kernel waits for acknowledgements? */
const writes = (mechanism: string, role: Role) =>
  mechanism === 'tcp-heartbeat' ||
  mechanism === 'websocket' ||
  (role === 'client' && ['tcp-busy', 'tcp-user-timeout', 'http-session'].includes(mechanism))

/** The expectation for one end of one cell. */
export function expectationOf(place: Place, measured: Situation): Expectation {
  const { fault, mechanism, struck } = place
  if (fault === 'none') return { kind: 'quiet', why: 'nothing happened to it' }
  if (fault === 'reset' && isUdp(mechanism)) {
    return { kind: 'meaningless', why: 'UDP has no connection to reset' }
  }
  if (struck && fault !== 'cut' && fault !== 'blip') return struckEnd(place, measured)
  switch (fault) {
    case 'exit':
    case 'kill':
      return processGone(place, measured)
    case 'reset':
      return {
        ...told(['econnreset'], 0, 'the struck kernel sends RST at once', 'RFC 9293 3.10.7.4'),
        formula: '0 .. slack',
      }
    case 'reboot':
      return rebooted(place, measured)
    case 'freeze':
      return frozen(place, measured)
    case 'blip':
      return blipped(place, measured)
    case 'cut':
    case 'power-off':
      return silent(place, measured)
  }
}

/** The end on the struck host, where the fault is not one of the cable, which strikes both alike. */
function struckEnd({ fault, mechanism, role }: Place, measured: Situation): Expectation {
  if (fault === 'exit') return byItsEnd(['user_closed'], measured, 'it closes by itself', 'RFC 9293 3.6')
  if (fault === 'freeze') {
    return { kind: 'quiet', why: 'it did not run, so the silence it slept through proves nothing to it' }
  }
  if (fault === 'reset') {
    const by = ['econnaborted', 'user_closed'] as Trigger[]
    return {
      ...told(by, 0, `its own kernel ended the ${role}'s socket`, 'ss(8) --kill'),
      formula: '0 .. slack',
    }
  }
  return {
    kind: 'gone',
    why: `the ${mechanism} ${role} ended with its ${fault === 'kill' ? 'process' : 'host'}`,
  }
}

/** exit, kill: the kernel lives on and says goodbye in the program's name. */
function processGone({ fault, mechanism, role, inContainer }: Place, measured: Situation): Expectation {
  if (inContainer && isUdp(mechanism) && role === 'client') return containerGone(mechanism, measured)
  if (mechanism === 'udp' || mechanism === 'udp-heartbeat') {
    if (role === 'client') return refusedByItsEnd(measured)
    if (mechanism === 'udp') return { kind: 'quiet', why: 'a UDP server never learns that its client left' }
    return heartbeatMissed(measured, 'an unconnected UDP socket is told nothing; only the silence shows')
  }
  if (mechanism === 'websocket' && fault === 'exit') {
    const why = 'an orderly WebSocket says goodbye before its FIN'
    return byItsEnd(['close_frame'], measured, why, 'RFC 6455 5.5.1')
  }
  // Bytes that the dead program had not read turn the FIN into an RST (RFC 9293 3.6.1 asks for it in
  // RFC 2525 2.17); between two lines a second that is a matter of microseconds, but it happens.
  const why = 'the kernel of the ended process says it in its name'
  return byItsEnd(['fin', 'econnreset'], measured, why, 'RFC 9293 3.6')
}

/** Whether a datagram still meets a kernel that refuses it is a race: the network goes right after the process. */
function containerGone(mechanism: string, measured: Situation): Expectation {
  if (mechanism === 'udp') {
    return {
      kind: 'unpredictable',
      why: 'one refusal, if a datagram comes before the network is gone; else nothing',
    }
  }
  const missed = heartbeatMissed(measured, 'nothing is heard any more; or a refusal came first')
  if (missed.kind !== 'noticed') return missed
  return {
    ...missed,
    triggers: ['heartbeat_missed', 'econnrefused'],
    minMs: 0,
    formula: `a refusal at once, or ${missed.formula}`,
    source: `${missed.source}, RFC 1122 4.1.3.3`,
  }
}

/** reboot: the old address answers again, with a kernel that knows nothing of the connection. */
function rebooted(place: Place, measured: Situation): Expectation {
  const { mechanism, role } = place
  const back = measured.networkBackMs
  if (back === null) return { kind: 'unpredictable', why: 'the host did not come back' }
  if (mechanism === 'udp' || mechanism === 'udp-heartbeat') {
    if (role === 'client')
      return refused(measured.heartbeatMs.interval, back, 'the host is back before its programs')
    if (mechanism === 'udp')
      return { kind: 'quiet', why: 'to a UDP server the rebooted client is just another one' }
    return heartbeatMissed(
      measured,
      'the rebooted client comes back from another port: the old one stays silent',
    )
  }
  const because = 'the rebooted kernel knows no such connection and answers RST'
  const source = 'RFC 9293 3.10.7.1'
  if (mechanism === 'tcp-keepalive' && role === 'client') {
    const { keepalive } = measured
    if (keepalive === null) return unreadable
    const maxMs = Math.max(keepalive.idleMs, back + keepalive.intervalMs)
    const told_ = told(['econnreset'], maxMs, because, source)
    return {
      ...told_,
      minMs: back,
      formula: 'the first probe after the host is back: (back .. max(idle, back + interval)] + slack',
    }
  }
  if (writes(mechanism, role)) {
    const everyMs = mechanism === 'http-session' ? measured.httpMs.interval : measured.writeEveryMs
    // What was sent while the host was away is sent again, later and later, but before the next line.
    const told_ = told(['econnreset'], back + everyMs, because, source)
    return {
      ...told_,
      minMs: back,
      formula: 'the first segment after the host is back: (back .. back + write interval] + slack',
    }
  }
  return { kind: 'quiet', why: 'it sends nothing, so nobody can tell it that the connection is unknown now' }
}

/** freeze: the kernel acknowledges everything, the program answers nothing. */
function frozen({ mechanism, role }: Place, measured: Situation): Expectation {
  if (hasHeartbeat(mechanism)) {
    return heartbeatMissed(measured, 'acknowledged by the kernel, unanswered by the program')
  }
  if (mechanism === 'http-session' && role === 'client') return answerMissed(measured)
  return { kind: 'quiet', why: 'the frozen host acknowledges in its kernel; nobody asks the program' }
}

/** cut, power-off: no packet comes back. */
function silent(place: Place, measured: Situation): Expectation {
  const { mechanism, role, inContainer = false } = place
  if (hasHeartbeat(mechanism)) return heartbeatOrKernel(measured, isUdp(mechanism), inContainer)
  if (mechanism === 'http-session' && role === 'client') return answerMissed(measured)
  if (mechanism === 'tcp-keepalive' && role === 'client') {
    if (measured.keepalive === null) return unreadable
    const { idleMs, intervalMs, probes } = measured.keepalive
    const { minMs, maxMs } = keepaliveGiveUp(measured.keepalive)
    return {
      kind: 'noticed',
      belief: 'down',
      triggers: gaveUp(inContainer),
      minMs: minMs - measured.uncertainMs,
      maxMs,
      formula: `(n x interval .. idle + n x interval] + slack, n = ${probes}, interval ${seconds(intervalMs)}, idle ${seconds(idleMs)}`,
      why: 'the last answered probe lies up to idle before the fault; then n probes stay unanswered',
      source: 'RFC 9293 3.8.4, tcp(7)',
    }
  }
  if (mechanism === 'tcp-busy' || mechanism === 'tcp-user-timeout') {
    if (role === 'client') return retransmissionsExhausted(measured, inContainer)
    return { kind: 'quiet', why: 'it only receives: silence is what an idle sender looks like' }
  }
  if (mechanism === 'udp') {
    const why =
      role === 'client'
        ? 'send() succeeds whether anybody is there or not'
        : 'no datagrams come, as from a client with nothing to say'
    return { kind: 'quiet', why }
  }
  return { kind: 'quiet', why: 'it sends nothing and expects nothing: an idle connection asks nobody' }
}

/** blip: shorter than any limit that closes something. */
function blipped(place: Place, measured: Situation): Expectation {
  const { mechanism, role } = place
  const { mendedMs, lostSendsMs, connection, heartbeatMs } = measured
  if (mendedMs === null) return { kind: 'unpredictable', why: 'the cable was not mended' }
  const doubts = hasHeartbeat(mechanism) || (mechanism === 'http-session' && role === 'client')
  if (!doubts)
    return { kind: 'quiet', why: 'nobody looked while the cable was out; lost bytes were sent again' }
  if (isUdp(mechanism)) {
    return {
      kind: 'recovers',
      minMs: 0,
      maxMs: mendedMs + heartbeatMs.interval,
      formula: `0 .. mended (${seconds(mendedMs)}) + interval + slack`,
      why: 'the next datagram after the blip ends the doubt',
    }
  }
  if (connection === null) return unreadable
  // Lost bytes come back with the first retransmission after the mend: at the latest the last one sent.
  const { retransmissions, minMs } = retransmissionGiveUp(connection)
  const sentAgain = retransmissions.filter((span) => span.minMs < minMs).at(-1)
  return {
    kind: 'recovers',
    minMs: 0,
    maxMs: Math.max(mendedMs, (lostSendsMs.at(-1) ?? 0) + (sentAgain?.maxMs ?? 0)),
    formula: '0 .. lost send + last retransmission before giving up + slack',
    why: 'TCP sends the lost bytes again; the first retransmission after the blip ends the doubt',
  }
}

const unreadable: Expectation = {
  kind: 'unpredictable',
  why: 'this system does not tell the options of a socket',
}

/** Somebody says so: RST, FIN, ICMP. */
function told(triggers: Trigger[], maxMs: number, why: string, source: string) {
  return { kind: 'noticed', belief: 'down', triggers, minMs: 0, maxMs, formula: '', why, source } as const
}

/** Said at the latest when the process has ended. */
function byItsEnd(triggers: Trigger[], { endedMs }: Situation, why: string, source: string): Expectation {
  const formula = endedMs === null ? '0 .. slack' : `0 .. end of the process (${seconds(endedMs)}) + slack`
  return { ...told(triggers, endedMs ?? 0, why, source), formula }
}

/** By the first datagram after the end of the process, whenever in that time its socket was closed. */
function refusedByItsEnd({ heartbeatMs, endedMs }: Situation): Expectation {
  const ended = endedMs === null ? '' : `end of the process (${seconds(endedMs)}) + `
  const maxMs = (endedMs ?? 0) + heartbeatMs.interval
  return {
    ...told(['econnrefused'], maxMs, 'nobody listens there any more', REFUSED),
    formula: `(0 .. ${ended}interval] + slack`,
  }
}

const REFUSED = 'RFC 1122 4.1.3.3, RFC 792'

function refused(intervalMs: number, backMs: number, why: string): Expectation {
  return {
    ...told(['econnrefused'], backMs + intervalMs, why, REFUSED),
    minMs: backMs,
    formula: '(back .. back + interval] + slack',
  }
}

function heartbeatMissed(measured: Situation, why: string): Expectation {
  const { interval, downAfter } = measured.heartbeatMs
  if (measured.lastHeardMs === null) return { kind: 'unpredictable', why: 'it never heard anything' }
  const dueMs = measured.lastHeardMs + downAfter
  return {
    kind: 'noticed',
    belief: 'down',
    triggers: ['heartbeat_missed'],
    minMs: dueMs,
    maxMs: dueMs + measured.ownPausesMs + measured.uncertainMs,
    formula: `${measured.ownPausesMs === 0 ? '' : `own pauses ${seconds(measured.ownPausesMs)} + `}last heard ${seconds(-measured.lastHeardMs)} before + ${seconds(downAfter)} .. + slack, so in (${seconds(downAfter - interval)} .. ${seconds(downAfter)}] + slack`,
    why,
    source: 'src/protocols/heartbeat/README.md',
  }
}

/**
 * A heartbeat over TCP is data: when it is lost right with the cut, the kernel may give up a moment
 * before the detector does. Whichever comes first makes it down.
 */
function heartbeatOrKernel(measured: Situation, udp: boolean, inContainer: boolean): Expectation {
  const detector = heartbeatMissed(measured, 'nothing is heard any more')
  const kernel = retransmissionsExhausted(measured, inContainer)
  if (udp || detector.kind !== 'noticed' || kernel.kind !== 'noticed') return detector
  if (kernel.minMs > detector.maxMs + SLACK_MS) return detector
  return {
    ...detector,
    triggers: ['heartbeat_missed', ...kernel.triggers],
    minMs: Math.min(detector.minMs, kernel.minMs),
    formula: `${detector.formula}; or before it ${kernel.formula}`,
  }
}

function answerMissed(measured: Situation): Expectation {
  const { interval, answerLimit } = measured.httpMs
  return {
    kind: 'noticed',
    belief: 'suspect',
    triggers: ['answer_missed'],
    minMs: (measured.outstandingRequestMs ?? 0) + answerLimit - measured.uncertainMs,
    maxMs: interval + answerLimit,
    formula: `(limit .. request interval + limit] + slack, limit ${seconds(answerLimit)}, interval ${seconds(interval)}`,
    why: 'the next request is not answered within its limit',
    source: 'src/programs/http-client.ts',
  }
}

/** The kernel sends the lost bytes again and again, and gives up. */
export function retransmissionsExhausted(measured: Situation, inContainer = false): Expectation {
  const { connection, lostSendsMs } = measured
  if (connection === null) return unreadable
  const [first, last] = [lostSendsMs[0], lostSendsMs.at(-1)]
  if (first === undefined || last === undefined)
    return { kind: 'unpredictable', why: 'it sent nothing after the fault' }
  const giveUp = retransmissionGiveUp(connection)
  const { maxMs } = giveUp
  const minMs = inContainer ? withoutNeighbour(connection) : giveUp.minMs
  const { retransmissionTimeoutMs, userTimeoutMs, retries2 } = connection
  const limit =
    userTimeoutMs === 0 ? `tcp_retries2 ${retries2}` : `TCP_USER_TIMEOUT ${seconds(userTimeoutMs)}`
  return {
    kind: 'noticed',
    belief: 'down',
    triggers: gaveUp(inContainer),
    minMs: first + minMs,
    maxMs: last + maxMs,
    formula: `lost send at ${seconds(first)} + retransmissions (RTO ${Math.round(retransmissionTimeoutMs)} ms, ${limit}) = [${seconds(minMs)} .. ${seconds(maxMs)}] + slack`,
    why: 'the bytes stay unacknowledged until the kernel gives up',
    source: 'RFC 9293 3.8.3, RFC 6298, RFC 8985, tcp_timer.c',
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
