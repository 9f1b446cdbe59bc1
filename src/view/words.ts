/** Times, events and the parts of a picture in words: the same in every view, so that they can be compared. */
import type { LabEvent } from '../events/vocabulary.ts'
import { shortened } from '../foreign/shortened.ts'
import type { Arrow, ArrowKind, BeliefBand, Disagreement, FaultInterval, Ladder } from './ladder.ts'

/** Seconds; from ten minutes on in the units that people use for that. */
export function duration(ms: number, digits = 2): string {
  const seconds = ms / 1000
  if (seconds < 600) return `${seconds.toFixed(digits)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A moment as its distance from the strike: `+4.80 s`. */
export function moment(ladder: Pick<Ladder, 'origin'>, at: number, digits = 2): string {
  const ms = at - ladder.origin
  // −0.00 would be a puzzle.
  const sign = Math.abs(ms) < 0.5 * 10 ** (3 - digits) ? '' : ms < 0 ? '\u2212' : '+'
  return `${sign}${duration(Math.abs(ms), digits)}`
}

/** One line of what an event said. */
export function eventText(event: LabEvent): string {
  switch (event.name) {
    case 'belief:updated': {
      const { old, new: now, trigger, certainty, silentMs } = event.data
      const silent = silentMs === undefined ? '' : `, silent for ${duration(silentMs)}`
      return `${old} to ${now}: ${trigger}, ${certainty === 'definite' ? 'definite' : 'which proves nothing'}${silent}`
    }
    case 'tcp:end_received':
      return 'FIN: the peer will send no more'
    case 'tcp:error_received':
    case 'udp:error_received':
      return `${event.data.code}${event.data.syscall === undefined ? '' : ` from ${event.data.syscall}`}`
    case 'packet:captured':
      return `packet ${event.data.direction}: ${ARROW_WORDS[event.data.kind]}`
    default:
      return shortened(
        [
          event.name,
          ...Object.entries(event.data).map(([key, value]) => `${key} ${JSON.stringify(value)}`),
        ].join(' '),
      )
  }
}

/** Each kind of arrow in a word. */
export const ARROW_WORDS: Record<ArrowKind, string> = {
  syn: 'SYN',
  'syn-ack': 'SYN-ACK',
  ack: 'ACK',
  data: 'data',
  fin: 'FIN',
  rst: 'RST',
  'keepalive-probe': 'keepalive probe',
  'keepalive-answer': 'keepalive answer',
  retransmission: 'sent again',
  datagram: 'datagram',
  fragment: 'fragment',
  'icmp-error': 'ICMP error',
  arp: 'ARP',
  other: 'other packet',
  heartbeat: 'heartbeat',
  request: 'request or answer',
}

export function arrowSentence(ladder: Ladder, arrow: Arrow): string {
  const what = `${arrow.label} from ${arrow.source} to ${arrow.destination}, sent ${moment(ladder, arrow.sentAt, 3)}`
  switch (arrow.outcome) {
    case 'arrived':
      return `${what}, arrived ${moment(ladder, arrow.arrivedAt ?? arrow.sentAt, 3)}`
    case 'lost':
      return `${what}, never arrived`
    case 'aside':
      return `${what}, which stands beside, arrived ${moment(ladder, arrow.arrivedAt ?? arrow.sentAt, 3)}`
    case 'unseen':
      return arrow.observed === 'programs'
        ? `${what}; the program at the other end never read it`
        : `${what}; nothing was captured at the other end, so nobody knows whether it arrived`
  }
}

export function beliefSentence(ladder: Ladder, band: BeliefBand): string {
  const when = `from ${moment(ladder, band.from)} to ${moment(ladder, band.to)}`
  if (band.belief === 'none')
    return `${band.host} runs no program ${when}, so nobody is left to believe anything`
  const why = band.trigger === null ? '' : `, because of ${band.trigger}`
  const proof = band.trigger !== null && band.certainty === 'unknown' ? ', which proves nothing' : ''
  return `${band.host} believes its peer ${band.belief} ${when}${why}${proof}`
}

export function disagreementSentence(ladder: Ladder, one: Disagreement): string {
  const peer = ladder.lanes.find((lane) => lane.host !== one.host)?.host ?? 'its peer'
  const believes = one.kind === 'ghost' ? `${one.host} believes ${peer} ${one.belief}` : doubts(one, peer)
  const reality =
    one.kind === 'ghost' && one.truth === 'answering'
      ? `${peer} holds no such connection any more`
      : `${peer} is ${one.truth}`
  return `${believes} while ${reality}: ${one.text}, from ${moment(ladder, one.from)}`
}

function doubts({ host, belief }: Disagreement, peer: string): string {
  return `${host} takes ${peer} for ${belief}`
}

export function faultSentence(ladder: Ladder, fault: FaultInterval): string {
  const proof =
    fault.verifiedBy === null ? 'nothing showed that it happened' : `shown by: ${fault.verifiedBy}`
  const end = !fault.lasting
    ? `at ${moment(ladder, fault.from)}`
    : fault.undone
      ? `from ${moment(ladder, fault.from)} to ${moment(ladder, fault.to)}`
      : `from ${moment(ladder, fault.from)} on`
  return `the fault ${fault.fault} strikes ${fault.struck} ${end}: ${fault.promise} (${proof})`
}
