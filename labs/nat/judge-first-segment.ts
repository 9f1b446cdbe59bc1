/** Who speaks first on a connection that the router has forgotten: a program, or keepalive. */
import type { EventOf } from '../../src/events/vocabulary.ts'
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import { mappingIn } from './believers.ts'
import { type Cell, CONNTRACK, otherEnd, rememberedAndForgotten, seconds } from './cell.ts'
import { type Fate, fateOf, firstProbe, probesGiveUp, silenceEnds } from './expectations.ts'
import { connectionOf, jiffyOf, keepaliveOf } from './measured.ts'

/** One end writes on the connection that the router has forgotten. */
export function speakerClaims(cell: Cell, first: 'client' | 'server'): (TimedClaim | null)[] {
  const { log, row, router } = cell
  const [speaker, listener] = first === 'client' ? [cell.a, cell.b] : [cell.b, cell.a]
  const spoke = log.all('tcp:written', { host: speaker, mechanism: row })[1]
  const spokeAt = cell.spokeAt(speaker)
  if (spoke === undefined || spokeAt === undefined) return []
  const fate = fateOf(first, router)
  return [
    fateClaim(cell, fate, speaker, listener, spoke, spokeAt),
    ...rememberedAndForgotten(cell, spokeAt),
    ...packetClaims(cell, fate, speaker, listener, spokeAt),
    otherEnd(cell, first === 'client' ? 'b' : 'a'),
    fate === 'arrives' ? relearned(cell, spokeAt) : null,
    first === 'client' && router.isLoose ? seenFrom(cell, spokeAt) : null,
  ]
}

/** What the one that speaks learns, and when. */
function fateClaim(
  cell: Cell,
  fate: Fate,
  speaker: string,
  listener: string,
  spoke: EventOf<'tcp:written'>,
  spokeAt: number,
): TimedClaim | null {
  const { log, plan, row } = cell
  const about = { mechanism: row, from: spokeAt, to: cell.watch.to }
  const down = log.first('belief:updated', { host: speaker, ...about })
  const heard = log.first('tcp:received', { host: listener, ...about })
  const seen = down ?? heard
  const to = seen?.time ?? cell.watch.to
  const afterMs = Math.round(to - spokeAt)
  const how = down === undefined ? (heard === undefined ? 'nothing' : 'received') : down.data.trigger
  const connection = connectionOf(log, plan, speaker, row, spokeAt)
  if (fate === 'silence' && connection === null) return null
  const span = connection === null || fate !== 'silence' ? null : silenceEnds(connection)
  const expectedHow = { arrives: 'received', silence: 'etimedout' }[fate as string] ?? 'econnreset'
  const words: Record<Fate, string> = {
    arrives: 'it arrives as if nothing had been',
    'reset by the other end': 'answered with RST, by the other kernel',
    'reset by the router': 'answered with RST, by the router',
    silence: 'it vanishes, until the own kernel gives up',
  }
  const who = speaker === cell.a ? 'client' : 'server'
  return cell.timed(
    'spoke',
    to,
    {
      claim: `the ${who} speaks: ${words[fate]}`,
      formula:
        span === null || connection === null
          ? '0 .. slack'
          : `RTO ${connection.retransmissionTimeoutMs} ms, tcp_retries2 = ${connection.retries2}, + slack`,
      expected: {
        min: Math.max(0, Math.floor((span?.minMs ?? 0) - STAMP_MS)),
        max: Math.ceil((span?.maxMs ?? 0) + SLACK_MS),
        unit: 'ms',
      },
      observed:
        seen === undefined || how !== expectedHow
          ? { value: `${how} after ${afterMs} ms` }
          : { value: Math.max(0, afterMs), unit: 'ms' },
      because: `${how}${down === undefined ? '' : `, ${down.data.certainty}`}`,
      source: `${CONNTRACK}; ${span === null ? 'RFC 9293 3.10.7.1' : 'tcp_write_timeout()'}`,
      evidence: [spoke, seen],
      short: SHORT_OF_HOW[how] ?? '-',
    },
    spokeAt,
  )
}

export const SHORT_OF_HOW: Record<string, string> = {
  received: 'KEEPS',
  econnreset: 'RST',
  etimedout: 'TIMEOUT',
}

/** On the wires: how much of it came through, and who said RST. */
function packetClaims(
  cell: Cell,
  fate: Fate,
  speaker: string,
  listener: string,
  from: number,
): (TimedClaim | null)[] {
  const sent = cell.packets(speaker, 'sent', from - STAMP_MS)
  if (sent.length === 0) return []
  const arrived = cell
    .packets(listener, 'received', from - STAMP_MS)
    .filter(({ data }) => sent.some((packet) => packet.data.packet === data.packet))
  const passes = fate === 'arrives' || fate === 'reset by the other end'
  const told = cell.packets(speaker, 'received', from - STAMP_MS).find(({ data }) => data.kind === 'rst')
  const said =
    told &&
    cell.packets(listener, 'sent', from - STAMP_MS).find(({ data }) => data.packet === told.data.packet)
  const other = listener === cell.b ? 'the server' : 'the client'
  return [
    cell.timed(
      'passed',
      cell.watch.to,
      {
        claim: passes ? 'what it sent came through' : 'not one packet of it came through',
        formula: passes ? 'as many as were sent' : '0',
        expected: passes
          ? { min: sent.length, max: sent.length, unit: 'packets' }
          : { min: 0, max: 0, unit: 'packets' },
        observed: { value: arrived.length, unit: 'packets' },
        because: `${sent.length} were sent`,
        source: 'packets captured at both ends',
        evidence: [sent[0], arrived[0]],
      },
      from,
    ),
    fate === 'silence' || fate === 'arrives'
      ? null
      : cell.timed(
          'rst-from',
          cell.watch.to,
          {
            claim: 'who said RST',
            formula: fate === 'reset by the router' ? 'nobody but the router' : 'the other end',
            expected: { oneOf: [fate === 'reset by the router' ? 'the router' : other] },
            observed: { value: told === undefined ? 'nobody' : said === undefined ? 'the router' : other },
            because: `the RST ${said === undefined ? 'was sent by neither end' : 'was captured where it was sent'}`,
            source: 'packets captured at both ends; RFC 9293 3.10.7.1, nft(8) reject',
            evidence: [told, said],
          },
          from,
        ),
  ]
}

function relearned(cell: Cell, passedAt: number): TimedClaim | null {
  const first = cell.looks[0]
  // A look that was under way when the segment passed shows what was before.
  const later = cell.looks.filter(({ time }) => time > passedAt)
  const after = later.find((look) => mappingIn(cell.log, cell.name, look) !== undefined) ?? later.at(-1)
  if (first === undefined || after === undefined) return null
  const [old, now] = [first, after].map((look) => mappingIn(cell.log, cell.name, look)?.seenAs)
  return cell.timed('relearned', after.time, {
    claim: 'the router has the connection again, and under the same port',
    formula: 'tcp_loose = 1; masquerade keeps a free port',
    expected: { oneOf: ['the same port'] },
    observed: { value: now === undefined ? 'no mapping' : now === old ? 'the same port' : 'another port' },
    because: `seen as ${old}, then as ${now ?? 'nobody'}`,
    source: `${CONNTRACK}, nft(8) masquerade`,
    evidence: [first, after],
  })
}

/** The port from which the server's kernel sees a client that speaks on. */
function seenFrom(cell: Cell, spokenAt: number): TimedClaim | null {
  const { log, b, row, router } = cell
  const known = log.first('tcp:accepted', { host: b, mechanism: row })
  const sent = cell.packets(cell.a, 'sent', spokenAt - STAMP_MS)[0]
  const seen = log
    .all('packet:captured', { host: b, from: spokenAt - STAMP_MS })
    .find(({ data }) => data.packet === sent?.data.packet && data.direction === 'received')
  if (known === undefined || seen === undefined) return null
  return cell.timed('seen-from', seen.time, {
    claim: 'from which port the server sees the client now',
    formula: router.randomPorts ? 'masquerade random: any other' : 'masquerade: its own, where that is free',
    expected: { oneOf: [router.randomPorts ? 'another port' : 'the same port'] },
    observed: { value: seen.data.source === known.data.remote ? 'the same port' : 'another port' },
    because: `${known.data.remote}, then ${seen.data.source}`,
    source: 'nft(8) masquerade, nf_nat_core.c',
    evidence: [known, seen],
  })
}

/** The first probe goes out when the router has already forgotten. */
export function tooLateClaims(cell: Cell): (TimedClaim | null)[] {
  const { log, plan, a, row, router, watch } = cell
  const keepalive = keepaliveOf(log, a, row)
  const probe = cell.packets(a, 'sent', watch.from).find(({ data }) => data.kind === 'keepalive-probe')
  if (keepalive === null || probe === undefined) return []
  const jiffyMs = jiffyOf(plan)
  const fate = fateOf('client', router)
  const heard = cell.packets(a, 'received', watch.from, probe.time - STAMP_MS).at(-1)?.time ?? watch.from
  const down = log.first('belief:updated', {
    host: a,
    mechanism: row,
    from: probe.time - STAMP_MS,
    to: watch.to,
  })
  const span = fate === 'silence' ? probesGiveUp(keepalive, jiffyMs) : firstProbe(keepalive, jiffyMs)
  const { idleMs, intervalMs, probes } = keepalive
  const afterMs = Math.round((down?.time ?? watch.to) - heard)
  const expectedTrigger = fate === 'silence' ? 'etimedout' : 'econnreset'
  return [
    cell.timed(
      'noticed',
      down?.time ?? watch.to,
      fate === 'arrives'
        ? {
            claim: 'nobody notices: the router learns it anew from the late probe',
            formula: 'nothing, until the end of the case',
            expected: { value: null },
            observed:
              down === undefined
                ? { value: null, watchedMs: Math.round(watch.to - probe.time) }
                : { value: down.data.trigger },
            because: 'the first probe was answered',
            source: CONNTRACK,
            evidence: [probe, down],
            short: down === undefined ? 'LUCKY' : 'DOWN',
          }
        : {
            claim: `keepalive notices, by ${expectedTrigger}; too late to refresh anything`,
            formula:
              fate === 'silence'
                ? `idle ${seconds(idleMs)} + ${probes} x interval ${seconds(intervalMs)} + slack`
                : `idle ${seconds(idleMs)} + slack`,
            expected: {
              min: Math.floor(span.minMs - STAMP_MS),
              max: Math.ceil(span.maxMs + SLACK_MS),
              unit: 'ms',
            },
            observed:
              down?.data.trigger === expectedTrigger
                ? { value: afterMs, unit: 'ms' }
                : { value: down === undefined ? 'nothing' : `${down.data.trigger} after ${afterMs} ms` },
            because: `the first probe went out ${seconds(probe.time - heard)} after anything was heard`,
            source: 'tcp_keepalive_timer(), RFC 9293 3.8.4',
            evidence: [probe, down],
            short: down === undefined ? '-' : (SHORT_OF_HOW[down.data.trigger] ?? 'DOWN'),
          },
    ),
    ...rememberedAndForgotten(cell, probe.time),
    ...packetClaims(cell, fate, a, cell.b, probe.time),
    otherEnd(cell, 'b'),
    fate === 'arrives' ? relearned(cell, probe.time) : null,
  ]
}
