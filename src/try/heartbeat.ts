/**
 * Heartbeats of the programs' own, found in the packets that their host's card saw: what is sent again and again, and
 * whether it was missed when nothing came back. Pure.
 */
import { type Burst, type Rhythm, rhythmOfBursts, TIMES_MIN } from '../forecast/rhythm.ts'
import type { End } from '../lab/cell.ts'
import type { Captured } from '../lab/packets.ts'
import { isPayload } from './recovery.ts'

/** What goes one way within so short a time is one message in several packets. */
const MESSAGE_MS = 50
/** What is sent more often is a stream. */
const EVERY_MIN_MS = 100
/** The last of so many messages are looked at. */
const MESSAGES_MAX = 100
/** Who was silent for so many times its rhythm had stopped before the fault. */
const STOPPED_TIMES = 3
/** What is late once may come yet. */
const MISSED_TIMES = 2

/** The rhythm of one connection, and what became of it. */
export interface Heartbeat {
  group: string
  rhythm: Rhythm
  /**
   * Nothing came any more of what had come in this rhythm, an answer or the question, for so long, until this end
   * noticed, the fault was undone or the watch was over; null: it came, or there was none before.
   */
  missedMs: number | null
}

/**
 * Of each connection of an end that has one. None where packets may be missing.
 * @param began when the fault may have been in force already
 * @param until when this end noticed, the fault was undone, or the watch was over
 */
export function heartbeatsOf(
  end: End,
  owns: (group: string | undefined) => boolean,
  { began, until }: { began: number; until: number },
): Heartbeat[] {
  const byGroup = new Map<string, Captured[]>()
  const packets = end.packets({ to: until }) ?? []
  // How one sends that began later is about the return of its program, and not about what it lost.
  const early = new Set(packets.filter(({ time }) => time <= began).map(({ group_id }) => group_id))
  for (const packet of packets.filter(isPayload)) {
    const { group_id: group = '' } = packet
    if (!owns(group) || !early.has(group)) continue
    const same = byGroup.get(group)
    if (same === undefined) byGroup.set(group, [packet])
    else same.push(packet)
  }
  return [...byGroup].flatMap(([group, own]) => {
    const messages = messagesIn(own)
    const rhythm = rhythmAround(messages, began)
    if (rhythm === null) return []
    const heard = messages.findLast(({ way }) => way === 'in')?.atMs ?? began
    const asksInVain = own.some(({ time, data }) => time > heard && data.direction === 'sent')
    const isMissed =
      (rhythm.starts === 'peer' || (rhythm.answered === true && asksInVain)) &&
      until - heard >= MISSED_TIMES * (rhythm.everyMs ?? Number.POSITIVE_INFINITY)
    return [{ group, rhythm, missedMs: isMissed ? Math.round(until - heard) : null }]
  })
}

/**
 * For how long connections had been watched when a fault struck. What is sent more seldom than three times in that is no
 * heartbeat yet: that none was seen says nothing about it.
 * @param isHeld which connections there were then
 * @returns null: there was none, or packets may be missing
 */
export function watchedBeforeMs(
  end: End,
  isHeld: (group: string | undefined) => boolean,
  began: number,
): number | null {
  const first = end.packets({ to: began })?.find(({ group_id }) => isHeld(group_id))
  return first === undefined ? null : Math.round(began - first.time)
}

/** So often what was watched for so long had to be sent at least, to be seen as a rhythm whatever its phase. */
export function slowestSeenMs(watchedMs: number): number {
  return watchedMs / TIMES_MIN
}

/** Of before the fault; or where that was too short to show one, what the fault does not keep this end from sending. */
function rhythmAround(messages: readonly Burst[], began: number): Rhythm | null {
  const before = messages.filter(({ atMs }) => atMs <= began)
  const early = regularEndOf(before)
  const lastMs = before.at(-1)?.atMs
  if (early !== null && lastMs !== undefined) {
    return began - lastMs <= STOPPED_TIMES * (early.everyMs ?? 0) ? early : null
  }
  const late = regularEndOf(messages.filter(({ way }) => way === 'out'))
  return late === null ? null : { ...late, answered: rhythmOfBursts(before, 0).answered }
}

/**
 * The rhythm that messages have at last: how a connection begins is another matter. So is one message of another size
 * among the first of them.
 */
function regularEndOf(messages: readonly Burst[]): Rhythm | null {
  const last = messages.slice(-MESSAGES_MAX)
  const ends = last.map((_, from) => rhythmOfBursts(last.slice(from), 0))
  const isRegular = ({ everyMs }: Rhythm) => everyMs !== null
  const alike = ends.findIndex((rhythm) => isRegular(rhythm) && rhythm.bytes !== null)
  const rhythm = (alike >= 0 && alike <= last.length / 2 ? ends[alike] : undefined) ?? ends.find(isRegular)
  return (rhythm?.everyMs ?? 0) >= EVERY_MIN_MS ? (rhythm ?? null) : null
}

/** What is sent for the second time says nothing about its program. */
function messagesIn(packets: readonly Captured[]): Burst[] {
  const messages: Burst[] = []
  for (const { time, data } of packets) {
    if (data.kind === 'retransmission') continue
    const way = data.direction === 'sent' ? 'out' : 'in'
    const last = messages.at(-1)
    if (last?.way === way && time - last.atMs <= MESSAGE_MS) last.bytes += data.bytes
    else messages.push({ atMs: time, way, bytes: data.bytes })
  }
  return messages
}
