/** What the two kernels make of a late answer: what they send, and what their tables say of the connection. */
import { type HostSide, hostSides } from '../../src/events/host-names.ts'
import { retransmissionGiveUp, type Span } from '../../src/kernel/give-up.ts'
import type { Cell } from '../../src/lab/cell.ts'
import { type Claims, counts, says, took } from '../../src/lab/claims.ts'
import { mechanismOf, type Period } from '../../src/lab/log.ts'
import { type Captured, firstOfEach, received, sent } from '../../src/lab/packets.ts'
import type { Conversation } from './conversation.ts'

/** TCP_DELACK_MAX, net/tcp.h: for how long an acknowledgement may wait for data to travel with. */
export const DELAYED_ACK_MAX_MS = 200
const BEHIND_RELAY = 'behind a relay each end speaks to another kernel'

/** When a heartbeat left under the stall, and the first packet of its peer after it; null where nobody could see. */
type Answered = readonly [ping: Captured | undefined | null, answer: Captured | undefined | null]

export function firstAnswer(
  { client, since, isRelayed }: Conversation,
  isHeartbeat: (packet: Captured) => boolean,
): Answered {
  const packets = client.packets(since)
  if (packets === null || isRelayed) return [null, null]
  const ping = sent(packets)?.find(isHeartbeat)
  return [ping, ping && received(packets)?.find(({ time }) => time >= ping.time)]
}

/** `"PING 4" left 120 ms after the beginning; ...` */
export function answerWords({ since }: Conversation, [ping, answer]: Answered): string {
  if (!ping) return 'no heartbeat left'
  const first = answer ? `${answer.data.kind}, ${answer.data.bytes} bytes` : 'none'
  return `"${ping.data.text}" left ${Math.round(ping.time - since.from)} ms after the beginning; the first packet of its peer after it: ${first}`
}

/** The way back is closed to TCP's acknowledgements as well. */
export function heldAck(talk: Conversation) {
  // It may be one that is sent again: TCP sends nothing new before that is acknowledged.
  const answered = firstAnswer(talk, ({ data }) => data.bytes > 0)
  const { to } = talk.stall
  const waitsMs = Math.max(0, to - (answered[0]?.time ?? to))
  return took(talk.cell, 'ack', { minMs: waitsMs, maxMs: waitsMs }, ...answered, {
    claim: "TCP's acknowledgement of the heartbeat is as late as the answer",
    formula: 'when the way goes on, not before; + slack',
    because: answerWords(talk, answered),
    source: 'RFC 9293 section 3.10.7.4 (the acknowledgement travels with the answer)',
    ...unseen(talk),
  })
}

/** TCP has a doubt of its own, and keeps it to itself: it sends again what is not acknowledged. */
export function tcpDoubts(talk: Conversation): Claims {
  const { cell, client, stall } = talk
  const earlier = stall.from - DELAYED_ACK_MAX_MS
  const packets = talk.isRelayed ? null : sent(client.packets({ from: earlier, to: stall.to }))
  const data = packets?.filter((packet) => packet.data.kind === 'data') ?? []
  const repeated = packets?.filter(
    ({ time, data: { kind } }) => time >= stall.from && kind === 'retransmission',
  )
  const expected = packets && firstRepetition(talk, data)
  // The first is the tail loss probe, which changes nothing; the second is the timer's.
  const [again, timedOut] = repeated ?? []
  const anything = timedOut && data.filter(({ time }) => time > timedOut.time)
  const seconds = repeated?.map(({ time }) => `${((time - stall.from) / 1000).toFixed(2)} s`).join(', ')
  return [
    took(cell, 'tcp-doubt', expected ?? { minMs: 0, maxMs: 0 }, expected && stall.from, again, {
      claim: 'TCP doubts long before that, tells nobody, and sends the same bytes again',
      formula: `first unacknowledged send + tail loss probe or retransmission timeout (${client.busy(stall.from)?.retransmissionTimeoutMs} ms) + slack`,
      because: `${repeated?.length ?? 0} times while the answer stood still, each time after twice as long`,
      source: 'RFC 8985 section 7, RFC 6298 section 5; src/kernel/give-up.ts',
      evidence: [data.at(-1), again],
      ...unseen(talk),
    }),
    counts(cell, 'nothing-new', 0, packets && anything, 'segments', {
      claim: 'until it is acknowledged TCP sends nothing new: the heartbeats of this end wait as well',
      formula: 'new data after the first retransmission timeout, when the window is one segment',
      because: `it was sent again after ${seconds || 'no time that was watched'}`,
      source: 'RFC 5681 section 3.1 (LW, the loss window); tcp_enter_loss()',
      evidence: [timedOut, ...(anything ?? [])],
      ...unseen(talk),
    }),
  ]
}

/**
 * From the beginning of the stall until TCP sends again what is not acknowledged; null where that cannot be
 * known.
 * @param data sent under the stall, or right before
 */
function firstRepetition({ client, stall }: Conversation, data: readonly Captured[]): Span | null {
  const busy = client.busy(stall.from)
  // Where one right before it waits for its acknowledgement, TCP may send nothing new at all.
  const lost = data.find(({ time }) => time >= stall.from) ?? data.at(-1)
  const earliest = data[0]
  if (busy === null || lost === undefined || earliest === undefined) return null
  // One that was sent right before may have had its acknowledgement held back as well.
  const severalInFlight = data.some(({ time }) => time < stall.from)
  const [first] = retransmissionGiveUp({ ...busy, severalInFlight }).retransmissions
  if (first === undefined) return null
  return {
    minMs: Math.max(0, earliest.time + first.minMs - stall.from),
    maxMs: lost.time + first.maxMs - stall.from,
  }
}

/** A sampled table shows no state that is shorter than its interval; that of a connection that lives is longer. */
export function staysEstablished(talk: Conversation) {
  const { client, stall } = talk
  const states = firstOfEach([client.state(stall.from), ...client.statesSeen(stall)])
  return stateOf(talk, 'ESTABLISHED', states.join(', '), {
    claim: "the kernel's entry says ESTABLISHED all the while: there is no flag that doubts",
    formula: 'every state of its line in the socket table until the answer came',
  })
}

/** How a connection waits that its program has closed, right before the answer comes. */
export function orphanWaits(talk: Conversation, state: string, claim: string) {
  return stateOf(talk, state, talk.client.state(talk.stall.to), {
    claim,
    formula: 'its line in the socket table when the answer came',
  })
}

function stateOf(
  talk: Conversation,
  expected: string,
  found: string,
  words: { claim: string; formula: string },
) {
  const { cell, client, stall } = talk
  // Loopback's one large table is read too seldom for that.
  const isRead = cell.plan.tier !== 'process'
  return says(cell, 'state', expected, isRead && !talk.isRelayed ? found : null, {
    ...words,
    because: `the client's kernel: ${client.kernel(stall.to)}`,
    source: 'RFC 9293 section 3.3.2; /proc/net/tcp',
    evidence: [client.last('kernel:socket_updated', { to: stall.to })],
    unseen: talk.isRelayed ? BEHIND_RELAY : 'the one large table of loopback is read too seldom for that',
  })
}

/** SYNs of both ends, counted by the ports they come from: one that is sent again is not a second attempt. */
export function attempts(talk: Conversation, expected: number, claim: string) {
  const { cell, since } = talk
  const syns = synsSent(cell, since)
  const canSee = canSeeSyns(talk)
  const ports = syns && (canSee ? portsOf(syns) : undefined)
  return counts(cell, 'no-syn', expected, ports, 'attempts', {
    claim,
    formula: 'SYNs that either network card sent until the end of the case',
    because: `${syns?.length ?? 0} SYNs in ${Math.round(since.to - since.from)} ms; both cards ${canSee ? 'saw' : 'did not see'} the SYN that had opened the connection, and packets after the stall`,
    source: 'RFC 9293 section 3.10.1: only an OPEN call of a program sends a SYN',
    evidence: syns ?? [],
  })
}

/** Seeing no SYN counts only where the same two captures saw one before, and something afterwards. */
function canSeeSyns({ cell, stall }: Conversation): boolean {
  return hostSides.every((side) => {
    const packets = ownPackets(cell, side) ?? []
    const before = packets.some((packet) => isSyn(packet) && packet.time < stall.from)
    return before && packets.some(({ time }) => time > stall.to)
  })
}

/** The SYNs of a row that either card sent in a time; null where not all are known. */
export function synsSent(cell: Cell, within: Period): Captured[] | null {
  const [fromA, fromB] = [sent(ownPackets(cell, 'a')), sent(ownPackets(cell, 'b'))]
  if (fromA === null || fromB === null) return null
  return [...fromA, ...fromB].filter(
    (packet) => isSyn(packet) && packet.time >= within.from && packet.time <= within.to,
  )
}

export function portsOf(syns: readonly Captured[]): number {
  return new Set(syns.map(({ data }) => data.source)).size
}

/** Those of the whole case; also those of no row, such as a SYN to a port where nobody was known to listen. */
function ownPackets(cell: Cell, side: HostSide): Captured[] | null {
  const all = cell.at(side).everyPacket()
  return all === null ? null : all.filter((packet) => [cell.row, undefined].includes(mechanismOf(packet)))
}

function isSyn({ data }: Captured): boolean {
  const flags = data.flags?.split(' ') ?? []
  return flags.includes('SYN') && !flags.includes('ACK')
}

function unseen({ isRelayed }: Conversation): { unseen?: string } {
  return isRelayed ? { unseen: BEHIND_RELAY } : {}
}
