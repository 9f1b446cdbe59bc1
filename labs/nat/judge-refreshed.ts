/** Keepalive that comes often enough: what it keeps, and what it cannot see. */
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import { believersAt, type Look, mappingIn } from './believers.ts'
import { ALL_THREE, type Cell, CONNTRACK, memoryClaim, seconds } from './cell.ts'
import { probesGiveUp, probesIn } from './expectations.ts'
import { SHORT_OF_HOW } from './judge-first-segment.ts'
import { jiffyOf, keepaliveOf } from './measured.ts'

/** Nobody says anything for twice as long as the router remembers, but for keepalive. */
export function refreshedClaims(cell: Cell): (TimedClaim | null)[] {
  const { log, a, b, row, watch, router } = cell
  const [, spoke] = log.all('tcp:written', { host: b, mechanism: row })
  const spokeAt = cell.spokeAt(b)
  const last = spokeAt === undefined ? undefined : cell.lookBefore(spokeAt)
  if (spokeAt === undefined || last === undefined) return []
  const received = log.first('tcp:received', {
    host: a,
    mechanism: row,
    from: spokeAt,
    to: watch.to,
  })
  return [
    keptClaim(cell, last),
    probesClaim(cell, watch.from, spokeAt - STAMP_MS),
    cell.timed(
      'server-speaks',
      received?.time ?? watch.to,
      {
        claim: 'from outside, too, the first segment arrives',
        formula: '0 .. slack after the write',
        expected: { min: 0, max: SLACK_MS, unit: 'ms' },
        observed:
          received === undefined
            ? { value: null }
            : { value: Math.max(0, Math.round(received.time - spokeAt)), unit: 'ms' },
        because: `the router remembers for ${seconds(router.tcpMs)} only`,
        source: CONNTRACK,
        evidence: [spoke, received],
      },
      spokeAt,
    ),
  ]
}

function keptClaim(cell: Cell, look: Look, expected = ALL_THREE): TimedClaim {
  const { log, router } = cell
  const silentMs = look.time - (lastData(cell, look.time) ?? cell.watch.from)
  return cell.timed('refreshed', look.time, {
    claim: 'keepalive has kept the router from forgetting',
    formula: `no program spoke for ${seconds(silentMs)}, a probe each ${seconds(keepaliveOf(log, cell.a, cell.row)?.idleMs ?? Number.NaN)}`,
    expected: { oneOf: [expected] },
    observed: { value: believersAt(log, cell.name, look) },
    because: `remembered for ${seconds(router.tcpMs)}; every packet that passes begins that anew`,
    source: CONNTRACK,
    evidence: [look],
    short: mappingIn(log, cell.name, look) === undefined ? 'GONE' : 'KEPT',
  })
}

function lastData(cell: Cell, to: number): number | undefined {
  return cell
    .packets(cell.a, 'sent', cell.watch.from, to)
    .concat(cell.packets(cell.a, 'received', cell.watch.from, to))
    .filter(({ data }) => data.bytes > 0 && data.kind === 'data')
    .reduce<number | undefined>((latest, { time }) => Math.max(latest ?? time, time), undefined)
}

/** Keepalive alone passed, as often as it should, and was answered each time. */
function probesClaim(cell: Cell, from: number, to: number): TimedClaim | null {
  const { log, plan, a, b, row } = cell
  const keepalive = keepaliveOf(log, a, row)
  const since = lastData(cell, to)
  if (keepalive === null || since === undefined) return null
  const answers = cell
    .packets(a, 'received', Math.max(from, since), to)
    .filter(({ data }) => data.kind === 'keepalive-answer')
  const { min, max } = probesIn(to - since, keepalive, jiffyOf(plan))
  return cell.timed(
    'answered',
    to,
    {
      claim: `the kernel of ${b} answers each probe`,
      formula: `${seconds(to - since)} / idle ${seconds(keepalive.idleMs)}`,
      expected: { min: Math.max(0, min - 1), max, unit: 'answers' },
      observed: { value: answers.length, unit: 'answers' },
      because: 'keepalive asks a kernel, and kernels answer',
      source: 'RFC 9293 3.8.4',
      evidence: [answers[0], answers.at(-1)],
    },
    from,
  )
}

/** The router is refreshed, the kernel answers, and nobody runs behind it. */
export function frozenClaims(cell: Cell): (TimedClaim | null)[] {
  const { log, a, b, row } = cell
  const strike = log.strikeOn(cell.id)
  const last = strike && cell.lookBefore(strike.until)
  if (strike === undefined || last === undefined) return []
  const doubt = log.first('belief:updated', { host: a, mechanism: row, from: strike.at, to: strike.until })
  const asked = log.first('tcp:written', { host: a, mechanism: row, from: strike.at, to: strike.until })
  const unread = log.last('kernel:socket_updated', { host: b, mechanism: row, to: strike.until })
  return [
    cell.timed('unnoticed', doubt?.time ?? strike.until, {
      claim: 'the client notices nothing of a server that hangs',
      formula: 'nothing, for the whole watch',
      expected: { value: null },
      observed:
        doubt === undefined
          ? { value: null, watchedMs: Math.round(strike.until - strike.at) }
          : { value: doubt.data.trigger },
      because: `true was: its peer is ${log.truthAt(a, strike.until)}`,
      source: 'RFC 9293 3.8.4: keepalive asks the other kernel',
      evidence: [asked, doubt],
      short: doubt === undefined ? 'GHOST' : 'NOTICED',
    }),
    keptClaim(cell, last),
    probesClaim(cell, strike.at, strike.until),
    asked === undefined
      ? null
      : cell.timed('unread', strike.until, {
          claim: 'what the client asks is acknowledged, and nobody reads it',
          formula: 'as many bytes as were written lie in the kernel of the server',
          expected: { min: asked.data.bytes, max: asked.data.bytes, unit: 'bytes' },
          observed: { value: unread?.data.new?.receiveQueueBytes ?? 0, unit: 'bytes' },
          because: 'its kernel goes on without the program',
          source: 'proc(5), /proc/net/tcp',
          evidence: [asked, unread],
        }),
  ]
}

/** The probes of the living refresh what the router remembers of the dead. */
export function deadClaims(cell: Cell): (TimedClaim | null)[] {
  const { log, plan, a, row, watch, router } = cell
  const strike = log.strikeOn(cell.id)
  const keepalive = keepaliveOf(log, a, row)
  if (strike === undefined || keepalive === null) return []
  const down = log.first('belief:updated', { host: a, mechanism: row, from: strike.began, to: watch.to })
  const heard = cell.packets(a, 'received', watch.from, down?.time).at(-1)
  const span = probesGiveUp(keepalive, jiffyOf(plan))
  const look = cell.looks.findLast(({ time }) => time > strike.at && time < (down?.time ?? watch.to))
  return [
    heard === undefined
      ? null
      : cell.timed('noticed', down?.time ?? watch.to, {
          claim: 'the client notices, by probes that nobody answers',
          formula: `idle ${seconds(keepalive.idleMs)} + ${keepalive.probes} x interval ${seconds(keepalive.intervalMs)} + slack`,
          expected: {
            min: Math.floor(span.minMs - STAMP_MS),
            max: Math.ceil(span.maxMs + SLACK_MS),
            unit: 'ms',
          },
          observed:
            down?.data.trigger === 'etimedout'
              ? { value: Math.round(down.time - heard.time), unit: 'ms' }
              : { value: down?.data.trigger ?? 'nothing' },
          because: `${down === undefined ? 'no change of belief' : `${seconds(down.time - strike.at)} after the power was off`}`,
          source: 'tcp_keepalive_timer(), RFC 9293 3.8.4',
          evidence: [heard, down],
          short: down === undefined ? '-' : (SHORT_OF_HOW[down.data.trigger] ?? 'DOWN'),
        }),
    look === undefined ? null : keptClaim(cell, look, 'client up, router ESTABLISHED, server gone'),
    memoryClaim(cell, 'remaining', look, router.tcpMs, 'nf_conntrack_tcp_timeout_established', {
      claim: 'each unanswered probe begins the time of the router anew',
    }),
  ]
}
