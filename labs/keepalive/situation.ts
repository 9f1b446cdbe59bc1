/** What the log says was in force when a fault struck: the numbers that predictions are made of. */
import type { End } from '../../src/lab/cell.ts'
import { HTTP_TIMING, WRITE_EVERY_MS } from '../../src/programs/parts/timing.ts'
import { HEARTBEAT_TIMING } from '../../src/protocols/heartbeat/constants.ts'
import type { Sends, Situation } from './expectations.ts'
import type { Struck } from './struck.ts'

/** What an end hears from its peer, mechanism by mechanism. */
const HEARD = [
  'heartbeat:ping_received',
  'heartbeat:pong_received',
  'udp:datagram_received',
  'tcp:received',
  'http:response_received',
] as const
/** What an end sends, and its kernel wants acknowledged. */
const SENT = ['tcp:written', 'heartbeat:ping_sent', 'heartbeat:pong_sent', 'http:request_sent'] as const
/** The socket table is read so often that what it says by then was true at the strike. */
const SEEN_WITHIN_MS = 100
/** TCP_DELACK_MAX, net/tcp.h: an acknowledgement may be held back this long, and so be lost. */
const DELAYED_ACK_MAX_MS = 200

/** The situation of one end of a cell. */
export function situationOf(seen: Struck, end: End): Situation {
  const { cell, strike, struck } = seen
  const { at, until } = strike
  const after = (event: { time: number } | undefined) => (event === undefined ? null : event.time - at)
  const uncertainMs = at - strike.began
  const heardAt = lastHeard(seen, end)
  const [back] = struck.ofHost('host:started', { from: at })
  return {
    uncertainMs,
    keepalive: cell.a.keepalive(at),
    heartbeatMs: {
      interval: HEARTBEAT_TIMING.intervalMs,
      downAfter: HEARTBEAT_TIMING.downAfterMs,
    },
    httpMs: { interval: HTTP_TIMING.intervalMs, answerLimit: HTTP_TIMING.answerWithinMs },
    outstandingRequestMs: outstandingRequest(end, at),
    lostAnswerMs: lostAnswer(end, at),
    writeEveryMs: WRITE_EVERY_MS,
    lastHeardMs: heardAt === undefined ? null : heardAt - at,
    ownPausesMs: heardAt === undefined ? 0 : ownPauses(end, heardAt, until),
    ...sendsOf(end, at, uncertainMs),
    peer: sendsOf(end === cell.a ? cell.b : cell.a, at, uncertainMs),
    inContainer: cell.plan.tier === 'compose',
    mendedMs: after(backAgain(seen)),
    networkBackMs: after(back),
    networkBackWithinMs: back?.data.withinMs ?? 0,
    endedMs: after(struck.ofHost('host:process_exited', { from: at })[0]),
  }
}

/** The struck host answers again, within the watch. */
function backAgain({ other, strike }: Struck) {
  return other.ofHost('truth:updated', { from: strike.at }).find(({ data }) => data.new === 'answering')
}

/**
 * A frozen program says nothing more: what is heard until it continues was on its way before. In play the lab
 * sees late that it continues, and by then the watch has ended.
 */
function lastHeard(seen: Struck, end: End): number | undefined {
  const { fault, at, until } = seen.strike
  const to = fault === 'freeze' ? (backAgain(seen)?.time ?? until) : at
  const times = HEARD.flatMap((name) => end.last(name, { to })?.time ?? [])
  return times.length === 0 ? undefined : Math.max(...times)
}

/** For how long this end itself did not run while it waited to hear something, until it decided, if it did. */
function ownPauses(end: End, heardAt: number, until: number): number {
  const tookForDown = end.became('down', { from: heardAt })
  return end.pausedMs({ from: heardAt, to: tookForDown?.time ?? until })
}

/** The request that had no answer yet when the fault struck; null when none was on its way. */
function outstandingRequest(end: End, at: number): number | null {
  const sent = end.last('http:request_sent', { to: at })
  const answered = end.last('http:response_received', { to: at })
  if (sent === undefined || (answered !== undefined && answered.time >= sent.time)) return null
  return sent.time - at
}

/** Who only answers sends nothing after the strike: what waits in its kernel then was on its way before. */
function lostAnswer(end: End, at: number): number | null {
  const kernel = end.last('kernel:socket_updated', { to: at + SEEN_WITHIN_MS })?.data.new
  const answered = end.last('http:response_sent', { to: at + SEEN_WITHIN_MS })
  const isWaiting = kernel != null && kernel.sendQueueBytes > 0
  return isWaiting && answered !== undefined ? answered.time - at : null
}

function sendsOf(end: End, at: number, uncertainMs: number): Sends {
  const from = at - uncertainMs - DELAYED_ACK_MAX_MS
  const lostSendsMs = lostOf(SENT.flatMap((name) => end.all(name, { from }).map(({ time }) => time - at)))
  const connection = end.busy(at)
  return { lostSendsMs, connection: connection && { ...connection, severalInFlight: lostSendsMs.length > 1 } }
}

/**
 * The first send after the strike is lost. One just before may have been lost too, or its delayed
 * acknowledgement: then any of them began the retransmissions. So it is with all of them where none came after it: by
 * then the connection was over.
 * @param sends that may have been lost, in milliseconds after the strike
 */
export function lostOf(sends: readonly number[]): number[] {
  const sorted = sends.toSorted((one, other) => one - other)
  const after = sorted.findIndex((time) => time >= 0)
  return after === -1 ? sorted : sorted.slice(0, after + 1)
}
