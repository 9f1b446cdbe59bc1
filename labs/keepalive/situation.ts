/** What the log says was in force when a fault struck: the numbers that predictions are made of. */
import { hostName, hostOfRole, type Role } from '../../src/events/host-names.ts'
import type { EventName } from '../../src/events/vocabulary.ts'
import { sendsTailLossProbes } from '../../src/kernel/give-up.ts'
import type { LabLog, Strike } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { HTTP_TIMING, WRITE_EVERY_MS } from '../../src/programs/timing.ts'
import { HEARTBEAT_TIMING } from '../../src/protocols/heartbeat/constants.ts'
import type { Situation } from './expectations.ts'

/** What an end hears from its peer, mechanism by mechanism. */
const HEARD: EventName[] = [
  'heartbeat:ping_received',
  'heartbeat:pong_received',
  'udp:datagram_received',
  'tcp:received',
  'http:response_received',
]
/** What an end sends, and its kernel wants acknowledged. */
const SENT: EventName[] = ['tcp:written', 'heartbeat:ping_sent', 'heartbeat:pong_sent', 'http:request_sent']

/** @returns the situation of one end of one cell */
export function situationOf(
  log: LabLog,
  plan: Plan,
  strike: Strike,
  mechanism: string,
  role: Role,
): Situation {
  const host = hostOfRole(strike.pair, role)
  const client = hostName(strike.pair, 'a')
  const before = { host, mechanism, to: strike.at }
  const uncertainMs = strike.at - strike.began
  const options = log.last('kernel:options_read', { host: client, mechanism, to: strike.at })?.data
  const info = log.last('kernel:tcp_info_read', before)?.data
  const own = log.last('kernel:options_read', before)?.data
  const sysctls = log.last('kernel:sysctls_read', { host, to: strike.at })?.data.values ?? {}
  const mended = log
    .all('truth:updated', { host: strike.other, from: strike.at })
    .find((event) => event.data.new === 'answering')
  // Who is frozen says nothing more: what is heard until it continues was on its way before. In play that it
  // continues is seen late, and by then the watch has ended.
  const saidUntil =
    strike.fault === 'freeze' ? Math.min(mended?.time ?? strike.until, strike.until) : strike.at
  const heard = log.events.findLast(
    (event) =>
      event.host === host &&
      event.time <= saidUntil &&
      HEARD.includes(event.name) &&
      event.group_id?.startsWith(`${mechanism}:`),
  )
  const lostSendsMs = lostSends(log, host, mechanism, strike, uncertainMs)
  const ended = log.first('host:process_exited', { host: strike.struck, from: strike.at, to: strike.until })
  const rebooted = log.first('host:started', { host: strike.struck, from: strike.at, to: strike.until })
  return {
    uncertainMs,
    keepalive:
      options?.keepalive === true
        ? {
            idleMs: options.keepaliveIdleMs,
            intervalMs: options.keepaliveIntervalMs,
            probes: options.keepaliveProbes,
          }
        : null,
    heartbeatMs: {
      interval: HEARTBEAT_TIMING.intervalMs,
      suspectAfter: HEARTBEAT_TIMING.suspectAfterMs,
      downAfter: HEARTBEAT_TIMING.downAfterMs,
    },
    httpMs: { interval: HTTP_TIMING.intervalMs, answerLimit: HTTP_TIMING.answerWithinMs },
    outstandingRequestMs: outstandingRequest(log, host, strike),
    writeEveryMs: WRITE_EVERY_MS,
    lastHeardMs: heard === undefined ? null : heard.time - strike.at,
    ownPausesMs: heard === undefined ? 0 : ownPauses(log, host, heard.time),
    lostSendsMs,
    connection:
      info === undefined || own === undefined
        ? null
        : {
            retransmissionTimeoutMs: info.retransmissionTimeoutMs,
            roundTripMs: info.roundTripMs,
            retries2: Number(sysctls.tcp_retries2 ?? Number.NaN),
            userTimeoutMs: own.userTimeoutMs,
            // SACK, which it needs, is on in every system that can run this.
            tailLossProbe: sendsTailLossProbes(sysctls.tcp_early_retrans),
            jiffyMs: Number(plan.environment.jiffyMs ?? Number.NaN),
            severalInFlight: lostSendsMs.length > 1,
          },
    mendedMs: mended === undefined ? null : mended.time - strike.at,
    networkBackMs: rebooted === undefined ? null : rebooted.time - strike.at,
    endedMs: ended === undefined ? null : ended.time - strike.at,
  }
}

/**
 * For how long this end itself did not run while it waited to hear something: its detector forgives the
 * peer so much (src/protocols/heartbeat/README.md).
 */
function ownPauses(log: LabLog, host: string, lastHeardAt: number): number {
  let dueAt = lastHeardAt + HEARTBEAT_TIMING.downAfterMs
  let pausesMs = 0
  for (const { time, data } of log.all('detector:paused', { host, from: lastHeardAt })) {
    // A pause is noticed when it is over.
    if (time - data.pausedMs > dueAt) break
    pausesMs += data.pausedMs
    dueAt += data.pausedMs
  }
  return pausesMs
}

/** The request that had no answer yet when the fault struck; null when none was on its way. */
function outstandingRequest(log: LabLog, host: string, { at }: Strike): number | null {
  const sent = log.last('http:request_sent', { host, to: at })
  const answered = log.last('http:response_received', { host, to: at })
  if (sent === undefined || (answered !== undefined && answered.time >= sent.time)) return null
  return sent.time - at
}

/** TCP_DELACK_MAX, net/tcp.h: an acknowledgement may be held back so long, and be lost for that. */
const DELAYED_ACK_MAX_MS = 200

/**
 * The first send after the strike is lost. One just before may have been lost too, or its delayed
 * acknowledgement: then any of them began the retransmissions.
 */
function lostSends(
  log: LabLog,
  host: string,
  mechanism: string,
  strike: Strike,
  uncertainMs: number,
): number[] {
  const sends = log.events
    .filter(
      (event) =>
        event.host === host && event.group_id?.startsWith(`${mechanism}:`) && SENT.includes(event.name),
    )
    .map((event) => event.time - strike.at)
    .filter((time) => time >= -uncertainMs - DELAYED_ACK_MAX_MS)
  const after = sends.findIndex((time) => time >= 0)
  return after === -1 ? sends.slice(0, 1) : sends.slice(0, after + 1)
}
