/** When a session ends, and when it could have: who learns it, from whom, and how soon. */
import type { LabEvent } from '../../src/events/vocabulary.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog, Strike } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { rowsOf, type SessionSettings } from './conditions.ts'
import { answeredAfter, forgottenAfter, noticedAfter, type Range } from './expectations.ts'
import { SeenSession } from './seen.ts'

type Claims = (TimedClaim | null)[]

const PROTOCOL = 'src/protocols/session/README.md'

export function endClaims(log: LabLog, plan: Plan<SessionSettings>): Claims {
  const of = (caseId: string, claims: (seen: SeenSession, row: string) => Claims): Claims =>
    rowsOf(plan, caseId).flatMap((row) => {
      const seen = SeenSession.of(log, caseId, row)
      return seen === null ? [] : claims(seen, row)
    })
  const { timing, graceMs } = plan.settings
  return [
    ...of('one', (seen) => [goodbye(seen)]),
    ...of('move', (seen) => [addresses(seen)]),
    ...of('mended', (seen, row) => {
      const strike = log.strikeOn('mended')
      const cutAt = strike?.at ?? Number.NaN
      return [
        noticed(seen, 'a', strike, noticedAfter(timing)),
        noticed(seen, 'b', strike, noticedAfter(timing)),
        after(seen, 'resumed', {
          claim:
            'mended in time, the client has its session back as soon as one of its attempts comes through',
          range: answeredAfter(row, timing, { isCut: true }),
          since: mendAfter(log, seen, cutAt),
          event: seen.state('a', 'attached', cutAt),
        }),
      ]
    }),
    ...of('too-late', (seen, row) => {
      const cutAt = log.strikeOn('too-late')?.at ?? Number.NaN
      return [
        forgot(seen, graceMs),
        after(seen, 'told', {
          claim: 'mended too late, the client is told that its session is unknown',
          range: answeredAfter(row, timing, { isCut: true }),
          since: mendAfter(log, seen, cutAt),
          event: seen.overs('a').find(({ data }) => data.because === 'unknown-session'),
        }),
        unannounced(seen),
      ]
    }),
    ...of('client-anew', (seen, row) => {
      const strike = log.strikeOn('client-anew')
      const byKernel: Range = {
        min: 0,
        max: noticedAfter(timing).max - timing.downAfterMs,
        unit: 'ms',
        formula: '0 .. slack',
      }
      return [
        noticed(seen, 'b', strike, row === 'tcp' ? byKernel : noticedAfter(timing)),
        forgot(seen, graceMs),
      ]
    }),
    ...of('server-kept', (seen) => [kept(log, seen)]),
    ...of('server-anew', (seen) => [refused(seen), unannounced(seen)]),
  ]
}

/** When the lab put the port back. */
function mendAfter(log: LabLog, { cell }: SeenSession, from: number): number {
  const truths = log.all('truth:updated', { host: cell.host('a'), from, to: cell.to })
  return truths.find(({ data }) => data.new === 'answering')?.time ?? Number.NaN
}

function goodbye(seen: SeenSession): TimedClaim {
  const [client, server] = [seen.overs('a')[0], seen.overs('b')[0]]
  const value = `client ${client?.data.because}, server ${server?.data.because}`
  return seen.cell.claim('goodbye', {
    claim: 'its user closes the session, and both ends say so, for certain',
    formula: 'BYE closed',
    expected: { oneOf: ['client closed, server closed'] },
    observed: { value },
    because: `${client?.data.certainty} and ${server?.data.certainty}`,
    source: PROTOCOL,
    evidence: [client, server],
  })
}

/** Where a session comes from is no part of it. */
function addresses(seen: SeenSession): TimedClaim | null {
  const them = seen.connections()
  if (them === null) return null
  const found = new Set([...them.ports].map((at) => at.slice(0, at.lastIndexOf(':'))))
  return seen.cell.claim('addresses', {
    claim: 'one session, from two addresses of the client',
    formula: 'the first address and the second',
    expected: { min: 2, max: 2, unit: 'addresses' },
    observed: { value: found.size, unit: 'addresses' },
    because: [...found].join(' then '),
    source: 'captured packets: where WELCOME and RESUMED went',
    evidence: them.packets,
  })
}

interface After {
  claim: string
  range: Range
  since: number
  event: LabEvent | undefined
}

function after(seen: SeenSession, what: string, { claim, range, since, event }: After): TimedClaim {
  const { formula, ...expected } = range
  const value = event === undefined ? null : Math.round(event.time - since)
  return seen.cell.claim(what, {
    claim,
    formula,
    expected,
    observed: value === null ? { value, watchedMs: seen.cell.watchedMs } : { value, unit: 'ms' },
    because: event === undefined ? 'it did not happen' : JSON.stringify(event.data),
    source: PROTOCOL,
    evidence: [event],
  })
}

/** @param strike undefined: nothing was struck, and nothing can be said */
function noticed(
  seen: SeenSession,
  side: 'a' | 'b',
  strike: Strike | undefined,
  range: Range,
): TimedClaim | null {
  if (strike === undefined) return null
  const who = side === 'a' ? 'client' : 'server'
  const event = seen.state(side, 'detached', strike.began)
  // A process that does not run hears nothing, and does not hold it against its peer.
  const ownPauses = seen.cell
    .ofHost(side, 'detector:paused')
    .filter(({ time }) => time >= strike.began && time <= (event?.time ?? 0))
  const pausedMs = ownPauses.reduce((sum, { data }) => sum + data.pausedMs, 0)
  const paused = pausedMs === 0 ? '' : ` + ${pausedMs} in which it did not run`
  // The fault was in force at some moment while its command ran.
  const strikingMs = Math.ceil(strike.at - strike.began)
  return after(seen, `noticed-${who}`, {
    claim: `the ${who} gives the connection up, and keeps the session`,
    range: {
      ...range,
      min: Math.max(0, range.min - strikingMs),
      max: range.max + pausedMs,
      formula: `${range.formula}${paused}; the fault began up to ${strikingMs} ms before it was certain`,
    },
    since: strike.at,
    event,
  })
}

/** Of the session that nobody resumed. */
function forgot(seen: SeenSession, graceMs: number): TimedClaim {
  const over = seen.overs('b').find(({ data }) => data.because === 'grace-over')
  const detached = seen.cell
    .all('b', 'session:state_updated')
    .find(({ data }) => data.new === 'detached' && data.session === over?.data.session)
  return after(seen, 'forgot', {
    claim:
      'the server forgets a session that no connection has carried for the grace period, and logs that it is over',
    range: forgottenAfter(graceMs),
    since: detached?.time ?? Number.NaN,
    event: over,
  })
}

/** What a client cannot know, it says: which messages may have arrived. */
function unannounced(seen: SeenSession): TimedClaim {
  const over = seen.overs('a')[0]
  const announced = new Set(over?.data.unacknowledged ?? [])
  const { said, delivered, lost } = seen.toServer()
  const arrived = new Set(delivered.map(({ data }) => data.number))
  const silent = said.filter(({ data }) => !arrived.has(data.number) && !announced.has(data.number))
  return seen.cell.claim('announced', {
    claim:
      'every message that was lost with the session is among those of which the client says: it may be lost',
    formula: 'lost and not announced = 0',
    expected: { min: 0, max: 0, unit: 'messages' },
    observed: { value: silent.length, unit: 'messages' },
    because: `${lost} of ${said.length} were lost, ${announced.size} announced`,
    source: PROTOCOL,
    evidence: [over],
  })
}

/** ACK means: kept. So nothing that was acknowledged may be missing from what the new process found. */
function kept(log: LabLog, seen: SeenSession): TimedClaim {
  const killedAt = log.strikeOn('server-kept')?.at ?? Number.NaN
  const acknowledged = seen.cell
    .all('a', 'session:message_acknowledged')
    .filter(({ time }) => time <= killedAt)
  const loaded = seen.cell.first('b', 'session:loaded')
  const [least, most] = [acknowledged.length, seen.toServer().said.length]
  return seen.cell.claim('kept', {
    claim:
      'the server that was started again finds at least all that it had acknowledged before it was killed',
    formula: `acknowledged before the kill .. said = ${least} .. ${most}`,
    expected: { min: Math.max(1, least), max: most, unit: 'messages' },
    observed: { value: loaded?.data.received ?? null, unit: 'messages' },
    because: 'it keeps a message and the count in one step, and acknowledges after it',
    source: PROTOCOL,
    evidence: [acknowledged.at(-1), loaded],
  })
}

function refused(seen: SeenSession): TimedClaim {
  const over = seen.overs('a')[0]
  return seen.cell.claim('told', {
    claim:
      'the server that was started again has no such session, and says so; the client knows it for certain',
    formula: 'REFUSED unknown-session',
    expected: { oneOf: ['unknown-session, definite'] },
    observed: { value: over === undefined ? null : `${over.data.because}, ${over.data.certainty}` },
    because: 'the session lived in the memory of a process',
    source: PROTOCOL,
    evidence: [over],
  })
}
