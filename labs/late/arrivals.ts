/** What the log says of the heartbeats over UDP: when they were sent and came, and what each detector made of it. */
import type { EventOf, LabEvent } from '../../src/events/vocabulary.ts'
import { LATE_MS } from '../../src/faults/on-cable.ts'
import { type Captured, received, sent } from '../../src/lab/packets.ts'
import { ARRIVALS } from './conditions.ts'
import type { Cell } from './conversation.ts'
import type { Traffic } from './theory.ts'

/** Heartbeats of one case. */
export interface Stream {
  /** As the program at a heard them, in order. */
  heardAt: number[]
  sent: number
  /** As asked of the cable, and from one heartbeat to the next as measured at the sender. */
  traffic: Traffic
  /** When the heartbeats were heard that the machine itself made late, at the sender or on the cable. */
  madeLate: ReadonlySet<number>
  /** As their sender's card saw them leave, and the other one arrive; null where not all are known. */
  packets: { left: Captured[]; came: Captured[] } | null
  /** For how long the program of a itself did not run, and when that was noticed. */
  pauses: { at: number; pausedMs: number }[]
  evidence: (LabEvent | undefined)[]
}

/** What all detectors of a case heard; null where that was no more than one heartbeat. */
export function streamOf(cell: Cell): Stream | null {
  const row = cell.beside(ARRIVALS)
  const { a, b } = row
  const heard = a.all('udp:datagram_received')
  const asked = b.all('udp:datagram_sent')
  if (heard.length < 2) return null
  const cable = cell.log
    .all('cable:set', cell.watch)
    .find(({ data }) => data.cable === cell.case && data.direction === 'bToA')
  const intervalMs = median(differences(asked.map(({ time }) => time)))
  const [left, came] = [sent(b.packets()), received(a.packets())]
  return {
    heardAt: heard.map(({ time }) => time),
    sent: asked.length,
    traffic: { intervalMs, jitterMs: cable?.data.jitterMs ?? 0, loss: cable?.data.loss ?? 0 },
    madeLate: madeLate(asked, heard, intervalMs, cable?.data.jitterMs ?? 0),
    packets: left && came && { left, came },
    pauses: a.ofHost('detector:paused').map(({ time, data }) => ({ at: time, pausedMs: data.pausedMs })),
    evidence: [cable, heard[0], heard.at(-1)],
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

/** From the card of b to the card of a, by the kernels' stamps, for each heartbeat that arrived. */
export function delaysOf({ left, came }: NonNullable<Stream['packets']>): number[] {
  const leftAt = new Map(left.map(({ data, time }) => [data.packet, time]))
  return came.flatMap(({ data, time }) => {
    const at = leftAt.get(data.packet)
    return at === undefined ? [] : [time - at]
  })
}

/** One wrong suspicion, from then until a heartbeat ended it. */
export interface Mistake {
  at: number
  durationMs: number
}

/**
 * What a row's detector did from the first heartbeat to the last: in between, b was alive all the time. Undefined where
 * it was never heard to say that b is up: then its silence is no sign that it made no mistake.
 */
export function mistakesOf(cell: Cell, { heardAt }: Stream): Mistake[] | undefined {
  if (cell.a.all('belief:updated').every(({ data }) => data.new !== 'up')) return undefined
  const [from = 0, to = 0] = [heardAt[0], heardAt.at(-1)]
  const changes = cell.a.all('belief:updated', { from, to })
  // The last heartbeat may end one, a moment after it was logged.
  const ended = cell.a.first('belief:updated', { from: to })
  let began: number | null = null
  const mistakes: Mistake[] = []
  for (const { time, data } of ended === undefined ? changes : [...changes, ended]) {
    if (data.new === 'suspect') began = time
    if (data.new !== 'up' || began === null) continue
    mistakes.push({ at: began, durationMs: time - began })
    began = null
  }
  return mistakes
}

/** Mean time from one wrong suspicion to the next; null when there were fewer than two. */
export function recurrenceMs(mistakes: readonly Mistake[]): number | null {
  const [first, last] = [mistakes[0], mistakes.at(-1)]
  if (first === undefined || last === undefined || mistakes.length < 2) return null
  return (last.at - first.at) / (mistakes.length - 1)
}

/** Each time that b stopped: until a row's detector suspected it for good; null where it did not before b went on. */
export function detectionsOf(cell: Cell): (number | null)[] {
  return crashesOf(cell).map(({ at, until }) => {
    const changes = cell.a.all('belief:updated', { to: until })
    const last = changes.at(-1)?.data.new
    if (last !== 'suspect' && last !== 'down') return null
    const suspected = changes.findLast((change) => change.data.new === 'suspect')
    return suspected === undefined ? null : Math.max(0, suspected.time - at)
  })
}

/** When b was stopped, and until when. */
export function crashesOf(cell: Cell): { at: number; until: number }[] {
  const truths = cell.a.ofHost('truth:updated')
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
