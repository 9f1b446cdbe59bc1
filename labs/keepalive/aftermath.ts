/**
 * The claims of the question that are more than "who notices": is there a flag, what does a late answer
 * do, does a connection come back by itself, does a session outlive it?
 */
import { hostName, hostOfRole, type Role } from '../../src/events/host-names.ts'
import { addressOf, type LabEvent } from '../../src/events/vocabulary.ts'
import { type Claim, SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog, Strike } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import type { Mechanism } from '../../src/programs/host-messages.ts'
import { retransmissionsExhausted } from './expectations.ts'
import { situationOf } from './situation.ts'

/** More would hide the rest of the report; the log has them all. */
const EVIDENCE_MAX = 10

/** The further claims about one fault; none for most. */
export function aftermathClaims(log: LabLog, plan: Plan, strike: Strike): TimedClaim[] {
  const { fault } = strike
  const about = (mechanism: Mechanism, ...claims: (() => TimedClaim | null)[]) =>
    plan.mechanisms.includes(mechanism) ? claims.map((claim) => claim()) : []
  const claims = [
    ...(fault === 'none' ? about('tcp-idle', () => silentWire(log, strike)) : []),
    ...(fault === 'cut' || fault === 'power-off' ? kernelsLater(log, plan, strike) : []),
    ...(fault === 'cut'
      ? [
          ...about(
            'tcp-keepalive',
            () => noFlag(log, plan, strike),
            () => noSyn(log, strike),
            () => halfOpen(log, strike),
            () => lateSegment(log, strike),
          ),
          ...about('tcp-idle', () => goesOn(log, strike)),
          // At real pace the next SYN may be a minute away: nobody waits for it.
          ...about('http-session', () =>
            plan.pace === 'quick' ? sessionAfter(log, strike, 'accepted', strike.until) : null,
          ),
        ]
      : []),
    ...(fault === 'freeze'
      ? (['udp-heartbeat', 'tcp-heartbeat', 'websocket'] as const).flatMap((id) =>
          about(id, () => lateHeartbeat(log, strike, id)),
        )
      : []),
    ...(fault === 'reset' || fault === 'blip'
      ? about('http-session', () => sessionAfter(log, strike, 'accepted', strike.at))
      : []),
    ...(fault === 'reboot' && plan.strike === 'server'
      ? about('http-session', () => sessionAfter(log, strike, 'refused', strike.at))
      : []),
    ...(fault === 'kill' ? about('tcp-idle', () => killLikeExit(log, strike)) : []),
  ]
  return claims.filter((claim) => claim !== null)
}

/** "Is the wire occupied?": what an idle connection puts on it while it is up. */
function silentWire(log: LabLog, strike: Strike): TimedClaim | null {
  if (log.first('wire:capture_started') === undefined) return null
  const watch = { mechanism: 'tcp-idle', from: strike.at, to: strike.until } as const
  const packets = [strike.struck, strike.other].flatMap((host) =>
    log.all('packet:captured', { ...watch, host }),
  )
  const watchedMs = Math.round(strike.until - strike.at)
  return {
    claim: {
      id: 'none/tcp-idle/silent-wire',
      claim: 'an idle connection that is up at both ends puts not one packet on the wire',
      formula: 'no packet at either end, for the whole watch',
      expected: { value: null },
      observed: packets.length === 0 ? { value: null, watchedMs } : { value: `${packets.length} packets` },
      because: 'a connection is an entry in two tables; the wire in between knows nothing of it',
      source: 'RFC 9293 3.8.4',
      evidence: packets.slice(0, EVIDENCE_MAX).map(addressOf),
    },
    from: strike.at,
    to: strike.until,
  }
}

/** "There is no flag": while the cut lasts the entry says ESTABLISHED, and only a count goes up. */
function noFlag(log: LabLog, plan: Plan, strike: Strike): TimedClaim {
  const host = hostName(strike.pair, 'a')
  const entries = log
    .all('kernel:socket_updated', { host, mechanism: 'tcp-keepalive', to: strike.until })
    .filter((event) => event.time >= strike.at || event.data.new?.unansweredProbes === 0)
  const established = entries.filter((event) => event.data.new?.state === 'ESTABLISHED')
  const counts = established.map((event) => event.data.new?.unansweredProbes ?? 0)
  const seen = counts.filter((count, index) => count !== counts[index - 1])
  const probes = situationOf(log, plan, strike, 'tcp-keepalive', 'client').keepalive?.probes ?? 0
  const expected = Array.from({ length: probes + 1 }, (_, count) => count).join(' ')
  return {
    claim: {
      id: 'cut/tcp-keepalive/no-flag',
      claim:
        'the kernel has no flag: its entry stays ESTABLISHED while the count of unanswered probes goes up',
      formula: `0 .. ${probes} (TCP_KEEPCNT), one by one`,
      expected: { oneOf: [expected] },
      observed: { value: lastRise(seen).join(' ') },
      because: `the socket table showed ESTABLISHED with ${seen.join(', ')} unanswered probes`,
      source: 'RFC 9293 3.8.4; proc_net(5)',
      evidence: established.map(addressOf),
    },
    from: strike.at,
    to: strike.until,
  }
}

/** Answered probes before the cut go 0 1 0 1 0; the rise that ends the list is the cut's. */
function lastRise(counts: number[]): number[] {
  return counts.slice(counts.lastIndexOf(0))
}

/** After mending: nobody opens a connection by himself. */
function noSyn(log: LabLog, strike: Strike): TimedClaim | null {
  const undone = undoneAt(log, strike)
  if (undone === null) return null
  const { time: asked } = log.first('host:asked', { from: undone }) ?? { time: Number.POSITIVE_INFINITY }
  if (asked === Number.POSITIVE_INFINITY) return null
  const time = { mechanism: 'tcp-keepalive', from: undone, to: asked } as const
  const fresh = [strike.struck, strike.other].flatMap((host): LabEvent[] => [
    ...log.all('kernel:socket_updated', { ...time, host }).filter((event) => event.data.old === null),
    ...log.all('packet:captured', { ...time, host }),
  ])
  return {
    claim: {
      id: 'cut/tcp-keepalive/no-syn',
      claim: 'with the cable back no connection comes back by itself',
      formula: 'no new entry in either socket table, and where packets are captured none of it',
      expected: { value: null },
      observed:
        fresh[0] === undefined
          ? { value: null, watchedMs: Math.round(asked - undone) }
          : { value: Math.round(fresh[0].time - undone), unit: 'ms' },
      because: 'neither kernel has a reason to send anything',
      source: 'RFC 9293 3.5',
      evidence: fresh.map(addressOf),
    },
    from: undone,
    to: asked,
  }
}

/** ... while the end that had not given up still holds its half. */
function halfOpen(log: LabLog, strike: Strike): TimedClaim | null {
  const undone = undoneAt(log, strike)
  if (undone === null) return null
  const host = hostName(strike.pair, 'b')
  const entry = log.last('kernel:socket_updated', { host, mechanism: 'tcp-keepalive', to: undone })
  const gone = log.last('kernel:socket_updated', {
    host: hostName(strike.pair, 'a'),
    mechanism: 'tcp-keepalive',
    to: undone,
  })
  return {
    claim: {
      id: 'cut/tcp-keepalive/half-open',
      claim: 'one end has given up; the other is still ESTABLISHED, in its kernel and in its belief',
      formula: 'client gone, server ESTABLISHED and up',
      expected: { oneOf: ['client gone, server ESTABLISHED and up'] },
      observed: {
        value: `client ${gone?.data.new?.state ?? 'gone'}, server ${entry?.data.new?.state ?? 'gone'} and ${log.beliefAt(host, 'tcp-keepalive', undone)}`,
      },
      because: 'the RST of the end that gave up was lost in the cut like everything else',
      source: 'RFC 9293 3.5.1',
      evidence: [gone, entry].filter((event) => event !== undefined).map(addressOf),
    },
    from: strike.at,
    to: undone,
  }
}

/** ... and its next segment is answered with RST. The asker's question about the late ACK, in the kernel. */
function lateSegment(log: LabLog, strike: Strike): TimedClaim | null {
  const host = hostName(strike.pair, 'b')
  const asked = log.first('host:asked', { host, from: strike.until })
  if (asked === undefined) return null
  const learned = log.first('belief:updated', { host, mechanism: 'tcp-keepalive', from: asked.time })
  const to = asked.time + SLACK_MS
  return {
    claim: {
      id: 'cut/tcp-keepalive/late-segment',
      claim:
        'the next segment of the end that still believes is answered with RST, never with a new connection',
      formula: '0 .. slack after the write',
      expected: { min: 0, max: SLACK_MS, unit: 'ms' },
      observed:
        learned === undefined
          ? { value: null, watchedMs: SLACK_MS }
          : learned.data.trigger === 'econnreset'
            ? { value: Math.round(learned.time - asked.time), unit: 'ms' }
            : { value: learned.data.trigger },
      because: 'a kernel answers a segment of a connection it does not know with RST',
      source: 'RFC 9293 3.10.7.1',
      evidence: [asked, learned].filter((event) => event !== undefined).map(addressOf),
    },
    from: asked.time,
    to,
  }
}

/** The idle connection that nobody asked about carries data again, as if nothing had been. */
function goesOn(log: LabLog, strike: Strike): TimedClaim | null {
  const asked = log.first('host:asked', { host: hostName(strike.pair, 'a'), from: strike.until })
  if (asked === undefined) return null
  const arrived = log.first('tcp:received', {
    host: hostName(strike.pair, 'b'),
    mechanism: 'tcp-idle',
    from: asked.time,
  })
  return {
    claim: {
      id: 'cut/tcp-idle/goes-on',
      claim: 'the idle connection, cut all this time, carries data again once the cable is back',
      formula: '0 .. slack after the write',
      expected: { min: 0, max: SLACK_MS, unit: 'ms' },
      observed:
        arrived === undefined
          ? { value: null, watchedMs: SLACK_MS }
          : { value: Math.round(arrived.time - asked.time), unit: 'ms' },
      because: 'both kernels still held their halves; no packet was needed to keep them',
      source: 'RFC 9293 3.8.4',
      evidence: [asked, arrived].filter((event) => event !== undefined).map(addressOf),
    },
    from: asked.time,
    to: asked.time + SLACK_MS,
  }
}

/** The same at the application: suspect, down, then up again, on the same socket. */
function lateHeartbeat(log: LabLog, strike: Strike, mechanism: Mechanism): TimedClaim | null {
  const undone = undoneAt(log, strike)
  if (undone === null) return null
  const changes = log.all('belief:updated', {
    host: strike.other,
    mechanism,
    from: strike.at,
    to: strike.until,
  })
  const connections = new Set(changes.map((change) => change.group_id))
  const last = changes.at(-1)
  const path = changes.map((change) => change.data.new).join(' ')
  const asClaimed =
    path === 'suspect down up' && connections.size === 1 && last?.data.trigger === 'heartbeat_late'
  return {
    claim: {
      id: `freeze/${mechanism}/late`,
      claim: 'late answers make it up again, on the same socket: suspect, down, up',
      formula: '0 .. slack after the program continued',
      expected: { min: 0, max: SLACK_MS, unit: 'ms' },
      observed:
        asClaimed && last !== undefined
          ? { value: Math.round(last.time - undone), unit: 'ms' }
          : { value: path || 'no change' },
      because: changes.map((change) => `${change.data.new} (${change.data.trigger})`).join(', '),
      source: 'src/protocols/heartbeat/README.md',
      evidence: changes.map(addressOf),
    },
    from: strike.at,
    to: strike.until,
  }
}

/** After the detector the kernel notices too, since a heartbeat is data that wants acknowledgement. */
function kernelsLater(log: LabLog, plan: Plan, strike: Strike): TimedClaim[] {
  const ends: [Mechanism, Role][] = [
    ['tcp-heartbeat', 'client'],
    ['tcp-heartbeat', 'server'],
    ['websocket', 'client'],
    ['websocket', 'server'],
    ['http-session', 'client'],
  ]
  return ends.flatMap(([mechanism, role]) => {
    const host = hostOfRole(strike.pair, role)
    if (!plan.mechanisms.includes(mechanism)) return []
    if (strike.fault === 'power-off' && host === strike.struck) return []
    const expected = retransmissionsExhausted(situationOf(log, plan, strike, mechanism, role))
    if (expected.kind !== 'noticed') return []
    const error = log.first('tcp:error_received', { host, mechanism, from: strike.at, to: strike.until })
    const claim: Claim = {
      id: `${strike.fault}/${mechanism}/kernel-${role}`,
      claim: `the kernel of the ${role} gives up too: ETIMEDOUT`,
      formula: expected.formula,
      expected: {
        min: Math.floor(expected.minMs - STAMP_MS),
        max: Math.ceil(expected.maxMs + SLACK_MS),
        unit: 'ms',
      },
      observed:
        error === undefined
          ? { value: null, watchedMs: Math.round(strike.until - strike.at) }
          : error.data.code === 'ETIMEDOUT'
            ? { value: Math.round(error.time - strike.at), unit: 'ms' }
            : { value: error.data.code },
      because: expected.why,
      source: expected.source,
      evidence: error === undefined ? [] : [addressOf(error)],
    }
    return [{ claim, from: strike.at, to: error?.time ?? strike.until }]
  })
}

/** The session is not the connection: what becomes of the same cookie? */
function sessionAfter(
  log: LabLog,
  strike: Strike,
  expected: 'accepted' | 'refused',
  from: number,
): TimedClaim | null {
  const host = hostName(strike.pair, 'a')
  const answers: LabEvent[] = [
    ...log.all('session:continued', { host, from }),
    ...log.all('session:refused', { host, from }),
  ].sort((one, other) => one.time - other.time)
  const answer = answers[0]
  const before =
    log.last('session:continued', { host, to: strike.at }) ??
    log.last('session:started', { host, to: strike.at })
  const word = answer === undefined ? 'no answer' : answer.name === 'session:refused' ? 'refused' : 'accepted'
  const sameConnection = answer !== undefined && answer.group_id === before?.group_id
  return {
    claim: {
      id: `${strike.fault}/http-session/cookie`,
      claim: `the same cookie is ${expected} afterwards`,
      formula: 'the first answer afterwards',
      expected: { oneOf: [expected] },
      observed: { value: word },
      because: `answered on ${sameConnection ? 'the same connection' : 'another connection'}`,
      source: 'RFC 6265 section 1',
      evidence: [before, answer].filter((event) => event !== undefined).map(addressOf),
    },
    from,
    to: answer?.time ?? strike.until,
  }
}

/** What the peer of a killed program is told is what the peer of an orderly one is told. */
function killLikeExit(log: LabLog, strike: Strike): TimedClaim | null {
  const exit = log.strike('exit')
  if (exit === undefined) return null
  const told = (from: Strike) =>
    log.first('belief:updated', { host: from.other, mechanism: 'tcp-idle', from: from.at, to: from.until })
  const [killed, ended] = [told(strike), told(exit)]
  return {
    claim: {
      id: 'kill/tcp-idle/like-exit',
      claim: 'the peer cannot tell SIGKILL from an orderly end: both are a FIN',
      formula: 'the same trigger as in exit/tcp-idle',
      expected: { oneOf: [ended?.data.trigger ?? 'fin'] },
      observed: { value: killed?.data.trigger ?? 'nothing' },
      because: 'the kernel closes what a dead process leaves open',
      source: 'RFC 9293 3.6',
      evidence: [killed, ended].filter((event) => event !== undefined).map(addressOf),
    },
    from: strike.at,
    to: killed?.time ?? strike.until,
  }
}

function undoneAt(log: LabLog, strike: Strike): number | null {
  const undone = log
    .all('truth:updated', { host: strike.other, from: strike.at })
    .find((event) => event.data.new === 'answering')
  return undone?.time ?? null
}
