/** What the log of a run says of one connection: packets, states, programs. */
import { hostName } from '../../src/events/host-names.ts'
import type { EventOf } from '../../src/events/vocabulary.ts'
import type { Filter, LabLog, Watch } from '../../src/lab/log.ts'

export type Captured = EventOf<'packet:captured'>

/** One row of one case, from its first act to its last. */
export interface Place {
  log: LabLog
  case: string
  mechanism: string
  watch: Watch
}

/** null where the run did not come to the case. */
export function placeOf(log: LabLog, caseId: string, mechanism: string): Place | null {
  const watch = log.watchOf(caseId)
  return watch === undefined ? null : { log, case: caseId, mechanism, watch }
}

export type Side = 'a' | 'b'

/** Everything that a host of this case logged of the row, in a time. */
export function at({ case: caseId, mechanism, watch }: Place, side: Side, within: Partial<Watch> = {}) {
  const { from = watch.from, to = watch.to } = within
  return { host: hostName(caseId, side), mechanism, from, to } satisfies Filter
}

/** The packets that passed a host's card; null where none are captured. */
export function packetsAt(place: Place, side: Side, within: Partial<Watch> = {}): Captured[] | null {
  const { log } = place
  if (log.first('wire:capture_started', { host: hostName(place.case, side) }) === undefined) return null
  return log.all('packet:captured', at(place, side, within))
}

/** `FIN ACK sent`; what carries data is called so, whatever its flags: `data received`. */
export function packetWords({ data }: Captured): string {
  return `${data.bytes > 0 ? 'data' : data.flags} ${data.direction}`
}

/** `SYN from a`: as its sender's card saw it. */
export function sentWords(packet: Captured): string {
  const side = packet.host.endsWith('-a') ? 'a' : 'b'
  return packetWords(packet).replace(' sent', ` from ${side}`)
}

export function isNew({ data }: Captured): boolean {
  return data.kind !== 'retransmission'
}

/** The same words once each, in the order of their first appearance. */
export function firstOfEach(words: readonly string[]): string[] {
  return [...new Set(words)]
}

/** When a host's socket was first seen in a state, and when it was last seen in another one. */
export interface Seen {
  /** Of the state before; the beginning of the case where there was none. */
  from: number
  event: EventOf<'kernel:socket_updated'>
}

/** The first time a host's kernel had a connection of the row in a state; `CLOSED`: not any more. */
export function seenInState(place: Place, side: Side, state: string): Seen | null {
  let from = place.watch.from
  let before: string | null = null
  for (const event of place.log.all('kernel:socket_updated', at(place, side))) {
    const now = event.data.new?.state ?? 'CLOSED'
    if (now === state) return { from, event }
    if (now !== before) from = event.time
    before = now
  }
  return null
}

/** The states of one end, in order: `ESTABLISHED FIN-WAIT-1`. What was shorter than a look is not there. */
export function statesAt(place: Place, side: Side): string {
  const states: string[] = []
  for (const { data } of place.log.all('kernel:socket_updated', at(place, side))) {
    const state = data.new?.state ?? 'CLOSED'
    if (states.at(-1) !== state) states.push(state)
  }
  return states.join(', ')
}

/** What a kernel said of the newest connection of the row at a moment. */
export function stateAt(place: Place, side: Side, time: number): string {
  return place.log.last('kernel:socket_updated', at(place, side, { to: time }))?.data.new?.state ?? 'no entry'
}

/** `ESTABLISHED | SYN-RECEIVED`: what both kernels said at a moment, a's first. */
export function statesOfBoth(place: Place, time: number): string {
  return `${stateAt(place, 'a', time)} | ${stateAt(place, 'b', time)}`
}
