/** What should be seen, from settings and standards. Pure: numbers and names in, ranges and words out. */
import type { TcpState } from '../../src/events/vocabulary.ts'
import type { Span } from '../../src/kernel/give-up.ts'
import { type SynSent, synSentGiveUp } from '../../src/kernel/give-up-by-state.ts'

export type Transition =
  | 'active open'
  | 'SYN arrives'
  | 'SYN ACK arrives'
  | 'ACK of SYN arrives'
  | 'close'
  | 'FIN arrives'
  | 'ACK of FIN arrives'
  | 'close after FIN'
  | 'FIN of the peer arrives'
  | 'ACK of the last FIN arrives'
  | 'FINs cross'
  | 'ACK after crossed FINs arrives'

/** How a socket comes into a state. */
export interface Step {
  from: TcpState | 'LISTEN' | 'CLOSED'
  to: TcpState | 'CLOSED'
  /** The packets at this end, in their order: what caused it, or what it was said with. */
  packets: readonly string[]
  /** As the arrows of RFC 9293 figure 5 have it: what happens / what is sent. */
  arrow: string
}

/** The state diagram, RFC 9293 section 3.3.2 figure 5, as far as the lab goes through it. */
export const steps: Readonly<Record<Transition, Step>> = {
  'active open': {
    from: 'CLOSED',
    to: 'SYN-SENT',
    packets: ['SYN sent'],
    arrow: 'active OPEN / snd SYN',
  },
  'SYN arrives': {
    from: 'LISTEN',
    to: 'SYN-RECEIVED',
    packets: ['SYN received', 'SYN ACK sent'],
    arrow: 'rcv SYN / snd SYN,ACK',
  },
  'SYN ACK arrives': {
    from: 'SYN-SENT',
    to: 'ESTABLISHED',
    packets: ['SYN ACK received', 'ACK sent'],
    arrow: 'rcv SYN,ACK / snd ACK',
  },
  'ACK of SYN arrives': {
    from: 'SYN-RECEIVED',
    to: 'ESTABLISHED',
    packets: ['ACK received'],
    arrow: 'rcv ACK of SYN / nothing',
  },
  close: { from: 'ESTABLISHED', to: 'FIN-WAIT-1', packets: ['FIN ACK sent'], arrow: 'CLOSE / snd FIN' },
  'FIN arrives': {
    from: 'ESTABLISHED',
    to: 'CLOSE-WAIT',
    packets: ['FIN ACK received', 'ACK sent'],
    arrow: 'rcv FIN / snd ACK',
  },
  'ACK of FIN arrives': {
    from: 'FIN-WAIT-1',
    to: 'FIN-WAIT-2',
    packets: ['ACK received'],
    arrow: 'rcv ACK of FIN / nothing',
  },
  'close after FIN': {
    from: 'CLOSE-WAIT',
    to: 'LAST-ACK',
    packets: ['FIN ACK sent'],
    arrow: 'CLOSE / snd FIN',
  },
  'FIN of the peer arrives': {
    from: 'FIN-WAIT-2',
    to: 'TIME-WAIT',
    packets: ['FIN ACK received', 'ACK sent'],
    arrow: 'rcv FIN / snd ACK',
  },
  'ACK of the last FIN arrives': {
    from: 'LAST-ACK',
    to: 'CLOSED',
    packets: ['ACK received'],
    arrow: 'rcv ACK of FIN / nothing',
  },
  'FINs cross': {
    from: 'FIN-WAIT-1',
    to: 'CLOSING',
    packets: ['FIN ACK received', 'ACK sent'],
    arrow: 'rcv FIN / snd ACK',
  },
  'ACK after crossed FINs arrives': {
    from: 'CLOSING',
    to: 'TIME-WAIT',
    packets: ['ACK received'],
    arrow: 'rcv ACK of FIN / nothing',
  },
}

/**
 * What was found of `wanted`, in its order, among packets that may have others between them: a busy machine
 * adds segments sent again and their acknowledgements.
 */
export function foundInOrder(wanted: readonly string[], packets: readonly string[]): string[] {
  const found: string[] = []
  for (const packet of packets) if (packet === wanted[found.length]) found.push(packet)
  return found
}

/** One telephone call: 8000 samples of 8 bits a second (ITU-T G.711). */
export const CIRCUIT_BITS_PER_SECOND = 64_000

/** What a circuit keeps free in each direction meanwhile, whether somebody speaks or not: bytes. */
export function reservedBytes(durationMs: number): number {
  return Math.round((CIRCUIT_BITS_PER_SECOND / 8) * (durationMs / 1000))
}

/** How long a circuit would need for this: milliseconds. */
export function circuitMs(bytes: number): number {
  return (8 * bytes * 1000) / CIRCUIT_BITS_PER_SECOND
}

/**
 * How many connections a kernel completes for a program that accepts none: sk_acceptq_is_full() asks whether
 * there are more than the backlog, not whether there are as many.
 */
export function queueHolds(backlog: number): number {
  return backlog + 1
}

/**
 * A SYN that finds the queue full is dropped, and its sender's timer sends it again: milliseconds from the
 * moment there is room until a SYN comes.
 * @param waitedMs from the first SYN until there was room
 */
export function nextSyn(syn: Omit<SynSent, 'userTimeoutMs'>, waitedMs: number): Span {
  const { retransmissions } = synSentGiveUp({ ...syn, userTimeoutMs: 0 })
  const first = retransmissions.find(({ maxMs }) => maxMs >= waitedMs)
  const surely = retransmissions.find(({ minMs }) => minMs >= waitedMs)
  return {
    minMs: Math.max(0, (first?.minMs ?? waitedMs) - waitedMs),
    maxMs: surely === undefined ? Number.POSITIVE_INFINITY : surely.maxMs - waitedMs,
  }
}
