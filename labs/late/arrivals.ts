/** What the log says of the heartbeats over UDP: when they were sent and came, and what each detector made of it. */
import { hostName } from '../../src/events/host-names.ts'
import { addressOf, type EventOf } from '../../src/events/vocabulary.ts'
import { LATE_MS } from '../../src/faults/on-cable.ts'
import type { LabLog, Watch } from '../../src/lab/log.ts'
import { ARRIVALS, limitRow } from './conditions.ts'
import type { Traffic } from './theory.ts'

/** Heartbeats of one case. */
export interface Stream {
  host: string
  watch: Watch
  /** As the program at a heard them, in order. */
  heardAt: number[]
  sent: number
  /** As asked of the cable, and from one heartbeat to the next as measured at the sender. */
  traffic: Traffic
  /** When those heartbeats were heard that the machine itself made late, be it at the sender or on the cable. */
  madeLate: ReadonlySet<number>
  /** By the kernels' stamps at both network cards; none where packets are not captured. */
  delaysMs: number[]
  /** For how long the program of a itself did not run, and when that was noticed. */
  pauses: { at: number; pausedMs: number }[]
  evidence: string[]
}

/** null when the case was not begun. */
export function streamOf(log: LabLog, caseId: string): Stream | null {
  const watch = log.watchOf(caseId)
  if (watch === undefined) return null
  const [host, sender] = [hostName(caseId, 'a'), hostName(caseId, 'b')]
  const within = { from: watch.from, to: watch.to }
  const heard = log.all('udp:datagram_received', { host, mechanism: ARRIVALS, ...within })
  const sent = log.all('udp:datagram_sent', { host: sender, mechanism: ARRIVALS, ...within })
  const cable = log
    .all('cable:set', within)
    .find(({ data }) => data.cable === caseId && data.direction === 'bToA')
  const sentEvery = differences(sent.map(({ time }) => time))
  const intervalMs = median(sentEvery)
  const first = heard[0]
  const last = heard.at(-1)
  return {
    host,
    watch,
    heardAt: heard.map(({ time }) => time),
    sent: sent.length,
    traffic: {
      intervalMs,
      jitterMs: cable?.data.jitterMs ?? 0,
      loss: cable?.data.loss ?? 0,
    },
    madeLate: madeLate(sent, heard, intervalMs, cable?.data.jitterMs ?? 0),
    delaysMs: delays(log, caseId, within),
    pauses: log
      .all('detector:paused', { host, ...within })
      .map(({ time, data }) => ({ at: time, pausedMs: data.pausedMs })),
    evidence: [cable, first, last].flatMap((event) => (event === undefined ? [] : [addressOf(event)])),
  }
}

/** A heartbeat counts as late when it was sent, or came, more than LATE_MS later than all that was asked for. */
function madeLate(
  sent: readonly EventOf<'udp:datagram_sent'>[],
  heard: readonly EventOf<'udp:datagram_received'>[],
  intervalMs: number,
  jitterMs: number,
): Set<number> {
  const sentAt = new Map(sent.map(({ data, time }) => [data.number, time]))
  const late = heard.filter(({ data, time }) => {
    const [own, before] = [data.number, (data.number ?? 0) - 1].map((number) => sentAt.get(number))
    const wayMs = own === undefined ? 0 : time - own - jitterMs
    const everyMs = own === undefined || before === undefined ? 0 : own - before - intervalMs
    return Math.max(wayMs, everyMs) > LATE_MS
  })
  return new Set(late.map(({ time }) => time))
}

/** From the card of b to the card of a, for each heartbeat that arrived. */
function delays(log: LabLog, caseId: string, within: { from: number; to: number }): number[] {
  const packets = (side: 'a' | 'b', direction: 'sent' | 'received') =>
    log
      .all('packet:captured', { host: hostName(caseId, side), mechanism: ARRIVALS, ...within })
      .filter(({ data }) => data.direction === direction)
  const sentAt = new Map(packets('b', 'sent').map(({ data, time }) => [data.packet, time]))
  return packets('a', 'received').flatMap(({ data, time }) => {
    const sent = sentAt.get(data.packet)
    return sent === undefined ? [] : [time - sent]
  })
}

/** One wrong suspicion, from then until a heartbeat ended it. */
export interface Mistake {
  at: number
  durationMs: number
}

/** What a detector did from the first heartbeat to the last: in between, b was alive all the time. */
export function mistakesOf(log: LabLog, { host, heardAt }: Stream, limitMs: number): Mistake[] {
  const [from = 0, to = 0] = [heardAt[0], heardAt.at(-1)]
  let began: number | null = null
  const mistakes: Mistake[] = []
  for (const { time, data } of log.all('belief:updated', { host, mechanism: limitRow(limitMs), from, to })) {
    if (data.new === 'suspect') began = time
    if (data.new !== 'up' || began === null) continue
    mistakes.push({ at: began, durationMs: time - began })
    began = null
  }
  // The last heartbeat may end one, a moment after it was logged.
  const ended = log.first('belief:updated', { host, mechanism: limitRow(limitMs), from: to })
  if (began !== null && ended?.data.new === 'up') mistakes.push({ at: began, durationMs: ended.time - began })
  return mistakes
}

/** Mean time from one wrong suspicion to the next; null when there were fewer than two. */
export function recurrenceMs(mistakes: readonly Mistake[]): number | null {
  const [first, last] = [mistakes[0], mistakes.at(-1)]
  if (first === undefined || last === undefined || mistakes.length < 2) return null
  return (last.at - first.at) / (mistakes.length - 1)
}

/** Each time that b stopped: until a's detector suspected it for good; null where it did not before b went on. */
export function detectionsOf(log: LabLog, { host, watch }: Stream, limitMs: number): (number | null)[] {
  return crashesOf(log, host, watch).map(({ at, until }) => {
    const changes = log.all('belief:updated', {
      host,
      mechanism: limitRow(limitMs),
      from: watch.from,
      to: until,
    })
    const last = changes.at(-1)?.data.new
    if (last !== 'suspect' && last !== 'down') return null
    const suspected = changes.findLast((change) => change.data.new === 'suspect')
    return suspected === undefined ? null : Math.max(0, suspected.time - at)
  })
}

export function crashesOf(log: LabLog, host: string, { from, to }: Watch): { at: number; until: number }[] {
  const truths: EventOf<'truth:updated'>[] = log.all('truth:updated', { host, from, to })
  return truths.flatMap((truth, index) => {
    const after = truths[index + 1]
    return truth.data.new === 'frozen' && after !== undefined ? [{ at: truth.time, until: after.time }] : []
  })
}

export function differences(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - (times[index] ?? time))
}

export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
