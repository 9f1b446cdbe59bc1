/** What of a call was on the wire: messages, voice, errors. As one end's card saw it. */
import type { Span } from '../../src/kernel/give-up.ts'
import type { Cell } from '../../src/lab/cell.ts'
import { SLACK_MS } from '../../src/lab/checks.ts'
import type { Period } from '../../src/lab/log.ts'
import type { Captured } from '../../src/lab/packets.ts'

/** How an arrow is labelled: src/wire/label.ts. */
const REQUEST = /^([A-Z]+) sips?:/
const ANSWER = /^(\d{3}) .*\(([A-Z]+)\)$/
/** RFC 3550 section 5.1, without contributing sources; and G.711: 8000 samples a second, a byte each. */
const RTP_HEADER_BYTES = 12
const BYTES_PER_MS = 8

/** The messages of SIP among packets; null, as they were, where not all are known. */
export function messagesOf(packets: readonly Captured[] | null): Captured[] | null {
  return packets?.filter((packet) => wordOf(packet) !== '') ?? null
}

/** `INVITE`, or the status of an answer, `180`; empty for what is no message. */
export function wordOf({ data: { text = '' } }: Captured): string {
  return REQUEST.exec(text)?.[1] ?? ANSWER.exec(text)?.[1] ?? ''
}

/** Of the request, or the one that is answered. */
export function methodOf({ data: { text = '' } }: Captured): string {
  return REQUEST.exec(text)?.[1] ?? ANSWER.exec(text)?.[2] ?? ''
}

/**
 * `INVITE, 100, 180, 200, ACK`; null where not all packets are known. What was sent again, as a machine that is busy
 * has it, is told once: it has as many bytes.
 */
export function flowOf(packets: readonly Captured[] | null): string | null {
  const messages = messagesOf(packets)?.map((one) => `${wordOf(one)} ${one.data.bytes}`) ?? null
  return messages && [...new Set(messages)].map((one) => one.split(' ')[0]).join(', ')
}

/** The first of them as a word: empty where none came; null where not all packets are known. */
export function firstWord(messages: readonly Captured[] | null): string | null {
  const [first] = messages ?? []
  return messages && (first === undefined ? '' : wordOf(first))
}

/** Requests of a method, or answers to it with that status: in the order in which they passed. */
export function ofMessage(
  packets: readonly Captured[] | null,
  word: string,
  method = word,
): Captured[] | null {
  return packets?.filter((one) => wordOf(one) === word && methodOf(one) === method) ?? null
}

/** Packets of voice, by their size: nothing else has just so much. */
export function voiceOf(packets: readonly Captured[] | null, everyMs: number): Captured[] | null {
  const bytes = RTP_HEADER_BYTES + BYTES_PER_MS * everyMs
  return packets?.filter(({ data }) => data.kind === 'datagram' && data.bytes === bytes) ?? null
}

/** How many packets of voice there are in a time, one way. */
export function voiceIn({ from, to }: Period, everyMs: number): { min: number; max: number } {
  const count = Math.floor((to - from) / everyMs)
  return { min: count - SPARE, max: count + SPARE }
}

/** At either end of a time one may be there or not, and timers of a busy machine are late. */
const SPARE = 5

/** What each port of this end has sent or taken of them. */
export function portsOf(packets: readonly Captured[]): string[] {
  return [
    ...new Set(packets.map(({ data }) => portOf(data.direction === 'sent' ? data.source : data.destination))),
  ]
}

function portOf(place: string): string {
  return place.slice(place.lastIndexOf(':') + 1)
}

/** What each end believed of the other at a moment. */
export function beliefs(cell: Cell, time: number): string {
  return [cell.a, cell.b]
    .map((end) => end.last('belief:updated', { to: time })?.data.new ?? 'unknown')
    .join(' | ')
}

/**
 * A timer that runs for so long. It counts from when its program began to work on a message, which leaves a moment
 * later: so what is seen of it may be as much too short as it may be too long.
 */
export function onTime(ms = Number.NaN): Span {
  return { minMs: Math.max(0, ms - SLACK_MS), maxMs: ms }
}
