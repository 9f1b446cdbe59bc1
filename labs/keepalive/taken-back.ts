/**
 * In play the learner also takes a strike back: `continue`, `mend`, `start`. An end that doubted should believe
 * again, where the other end speaks by itself. What a TCP kernel makes of a mended cable is another matter: it
 * depends on whether it sends again before it gives up.
 */
import { type HostSide, pairOf, peerOf, roleOf, sideOf } from '../../src/events/host-names.ts'
import type { EventOf, Truth } from '../../src/events/vocabulary.ts'
import { Cell } from '../../src/lab/cell.ts'
import { type Check, SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import { took } from '../../src/lab/claims.ts'
import { checkOf } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { HTTP_TIMING } from '../../src/programs/parts/timing.ts'
import { HEARTBEAT_TIMING } from '../../src/protocols/heartbeat/constants.ts'
import { whyNotSettled } from './play-before.ts'

/** The undo that ends each truth. */
const UNDONE_BY: Partial<Record<Truth, string>> = { frozen: 'continue', unreachable: 'mend', gone: 'start' }
/** An address that was asked for in vain is asked for again once a second (neigh/default/retrans_time_ms). */
const ARP_AGAIN_MS = 1000
/** Longer than the lab needs from the one to the other, and shorter than the quickest hand. */
const SEEN_AND_TOLD_MS = 100

type Undone = EventOf<'truth:updated'>

/** One check for each end that has something to find out again. */
export function takenBackChecks(log: LabLog, plan: Plan): Check[] {
  const undone = log.all('truth:updated').filter((event) => undoOf(log, event) !== null)
  const seen = new Map<string, number>()
  return undone.flatMap((event) => {
    const undo = undoOf(log, event) ?? ''
    const nth = (seen.get(`${undo} ${event.host}`) ?? 0) + 1
    seen.set(`${undo} ${event.host}`, nth)
    return plan.mechanisms.flatMap((mechanism) => {
      const made = takenBack(log, plan, event, undo, mechanism)
      if (made === null) return []
      const check = checkOf(log, made)
      return nth === 1 ? [check] : [{ ...check, id: `${check.id}@${nth}` }]
    })
  })
}

/** null: it was no undo, but the end of a reboot, which has a judgement of its own. */
function undoOf(log: LabLog, { time, data, host }: Undone): string | null {
  if (data.new !== 'answering') return null
  const isOfStrike = log.strikes.some(
    ({ fault, pair, began, until }) =>
      fault === 'reboot' && pair === pairOf(host) && time >= began && time <= until,
  )
  return isOfStrike ? null : (UNDONE_BY[data.old] ?? null)
}

function takenBack(log: LabLog, plan: Plan, event: Undone, undo: string, mechanism: string) {
  const { host, time } = event
  const limitMs = limitOf(undo, mechanism, host)
  if (limitMs === null) return null
  const until = untilOf(log, event)
  const watch = { from: 0, to: until, complete: true }
  const cell = new Cell(log, plan, { case: undo, row: mechanism, pair: pairOf(host) ?? '' }, watch)
  const end = cell.at(sideOf(host) as HostSide)
  const what = `${roleOf(host)}-again`
  const claim = `the ${roleOf(host)} of ${mechanism} believes in ${peerOf(host)} again`
  const unseen = (because: string) => ({ id: `${cell.id}/${what}`, claim, because })
  // What is taken back here was seen a moment before it is told.
  const settled = undo === 'mend' ? null : whyNotSettled(log, [host, peerOf(host)], time - SEEN_AND_TOLD_MS)
  const why = settled ?? (undo === 'start' ? null : whyNotDecided(log, event, mechanism))
  if (why !== null) return unseen(why)
  const again =
    end.belief(time) === 'up' ? end.last('belief:updated', { to: time }) : end.became('up', { from: time })
  const watchedMs = until - time
  if (again === undefined && watchedMs < limitMs + SLACK_MS) {
    return unseen(`watched for ${(watchedMs / 1000).toFixed(1)} s only`)
  }
  const from = Math.min(time, again?.time ?? time)
  return took(cell, what, { minMs: 0, maxMs: limitMs }, from, again, {
    claim,
    formula: '0 .. what is between two messages + slack',
    because: again === undefined ? 'it was not up again' : `up (${again.data.trigger})`,
    source: 'src/protocols/heartbeat/README.md',
    evidence: [event, again],
  })
}

/** Within what time somebody speaks; null where nobody does, or nobody is asked to believe again. */
function limitOf(undo: string, mechanism: string, host: string): number | null {
  const isClient = roleOf(host) === 'client'
  if (undo === 'mend')
    return mechanism === 'udp-heartbeat' ? HEARTBEAT_TIMING.intervalMs + ARP_AGAIN_MS : null
  if (mechanism === 'udp-heartbeat') return HEARTBEAT_TIMING.intervalMs
  if (mechanism === 'http-session' && isClient) return HTTP_TIMING.intervalMs
  // Clients that start connect at once; servers that start wait for somebody.
  if (undo === 'start') return isClient ? null : HEARTBEAT_TIMING.intervalMs
  return mechanism === 'tcp-heartbeat' || mechanism === 'websocket' ? HEARTBEAT_TIMING.intervalMs : null
}

/** The connection may have been over before, or be over with what was taken back; and then there is nothing to believe. */
function whyNotDecided(log: LabLog, { host, time }: Undone, mechanism: string): string | null {
  const last = log.all('belief:updated', { host, mechanism, to: time }).at(-1)
  if (last === undefined) return 'it never believed in anybody'
  const isDoubt = ['heartbeat_missed', 'answer_missed'].includes(last.data.trigger)
  if (last.data.new !== 'up' && !isDoubt) return 'the connection was over before'
  const peer = peerOf(host)
  const [own, others] = [host, peer].map((one) => log.connectionAt(one, mechanism, time))
  if (own !== others) return 'its ends believed in two different connections'
  if (log.beliefAt(peer, mechanism, time) === 'down' && !mechanism.startsWith('udp')) {
    return 'the other end took it for over'
  }
  // Of a mended cable the two ends are told one after the other.
  const back = log.truthAt(peer, time + STAMP_MS)
  return back === 'answering' ? null : `its own host was ${back} for the other`
}

/** Until something else happens to the pair. */
function untilOf(log: LabLog, { time, host }: Undone): number {
  const next = [
    ...log.strikes.filter(({ pair }) => pair === pairOf(host)).map(({ began }) => began),
    ...[host, peerOf(host)].flatMap((one) =>
      log
        .all('truth:updated', { host: one, from: time })
        .filter(({ data }) => data.new !== 'answering')
        .map((event) => event.time),
    ),
    log.first('run:ended')?.time ?? log.events.at(-1)?.time ?? time,
  ].filter((at) => at > time)
  return Math.min(...next)
}
