/**
 * When somebody is served again after a fault is undone. That bytes arrive proves little: a dead server's late
 * segment arrives too, and is answered by RST. Pure.
 */
import type { Role } from '../events/host-names.ts'
import type { EventOf, LabEvent, TcpState } from '../events/vocabulary.ts'
import { type LabLog, mechanismOf, type Period } from '../lab/log.ts'
import type { Captured } from '../lab/packets.ts'
import { hasFlag } from './cause.ts'

export interface Recovery {
  /** When somebody was served; null: never, as far as was watched. */
  at: number | null
  /** Why it does not count, or not before: what a person may not expect. null: nothing of the kind. */
  because: string | null
}

/** What the recovery of one client is judged by. */
export interface Served {
  host: string
  client: string
  owns(group: string | undefined): boolean
  wires: Record<Role, Wire>
  /** The ends that data has to reach. */
  ways: readonly Role[]
  /** When that counts. */
  after: Period
  /** What the programs print, where somebody gave it; null: not given. */
  up: RegExp | null
  down: RegExp | null
}

/** When a client is served again: by the words given for it, and else by the data that arrives. */
export function recoveryOf(log: LabLog, served: Served): Recovery {
  const { host, client, wires, owns, ways, after, up, down } = served
  const ended = endOf(log, served)
  if (ended !== null) return { at: null, because: ended }
  const said = log.all('command:said', { host, ...after }).filter(({ program }) => program === client)
  const lastDown = down === null ? undefined : said.findLast(({ data }) => down.test(data.line))
  const from = lastDown === undefined ? after.from : lastDown.time
  const goesOn = lastDown === undefined ? null : `${lastDown.program} said last that it is not (--down)`
  if (up !== null) {
    const line = said.find(({ time, data }) => time >= from && up.test(data.line))
    return { at: line?.time ?? null, because: line === undefined ? goesOn : null }
  }
  const arrivals = ways.map((role) => {
    const late = wires[role].payload({ ...after, from }).filter(({ group_id }) => owns(group_id))
    const first = late.find((packet) => isServed(packet, wires[role], wires.client))
    return { at: first?.time ?? null, wasRefused: late.length > 0 && first === undefined }
  })
  if (arrivals.every(({ at }) => at !== null)) {
    return { at: Math.max(...arrivals.map(({ at }) => at ?? 0)), because: null }
  }
  const refused = arrivals.some(({ wasRefused }) => wasRefused)
    ? 'what arrives belongs to connections that are given up'
    : null
  return { at: null, because: refused ?? goesOn }
}

/** A client that has failed since is served no more, whatever has reached it; null: none has. */
function endOf(log: LabLog, { host, client, after: { from, to } }: Served): string | null {
  const isOwn = ({ program }: LabEvent) => program === client
  const isLast = ({ time }: LabEvent) => !log.all('command:started', { host, from: time, to }).some(isOwn)
  const failed = log
    .all('command:ended', { host, from, to })
    .find((event) => isOwn(event) && (event.data.code !== 0 || event.data.signal !== null) && isLast(event))
  if (failed === undefined) return null
  return `${failed.program} ended (${failed.data.signal ?? `status ${failed.data.code}`})`
}

/**
 * It reached a program: a connection that neither the receiver nor the client had closed by then, and no refusal
 * came back.
 */
function isServed(packet: Captured, receiver: Wire, client: Wire): boolean {
  const answer = receiver.nextSent(packet)
  if (packet.data.protocol !== 'tcp') return answer?.data.kind !== 'icmp-error'
  const isHeld = [receiver, client].every((end) => !end.hasGivenUp(packet))
  return isHeld && answer !== undefined && !hasFlag(answer, 'RST')
}

/** States of a connection that its own program has closed, whatever its kernel still has to send. */
const CLOSED_HERE: readonly (TcpState | undefined)[] = [
  ...(['FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSING', 'LAST-ACK', 'TIME-WAIT'] as const),
  undefined,
]

/** What one end's card saw, and what its kernel said beside it. */
export class Wire {
  readonly #packets: Captured[]
  readonly #states: EventOf<'kernel:socket_updated'>[]
  readonly #byGroup = new Map<string, Captured[]>()

  constructor(log: LabLog, host: string) {
    this.#packets = log.all('packet:captured', { host }).filter((packet) => mechanismOf(packet) !== undefined)
    this.#states = log.all('kernel:socket_updated', { host })
    for (const packet of this.#packets) {
      const same = this.#byGroup.get(packet.group_id ?? '')
      if (same === undefined) this.#byGroup.set(packet.group_id ?? '', [packet])
      else same.push(packet)
    }
  }

  /** What brought bytes of a program in a time. */
  payload({ from, to }: Period): Captured[] {
    return this.#packets.filter(
      (packet) =>
        packet.time >= from && packet.time <= to && packet.data.direction === 'received' && isPayload(packet),
    )
  }

  /** All that left here. */
  sent(): Captured[] {
    return this.#packets.filter(({ data }) => data.direction === 'sent')
  }

  /** Whether its kernel had the timer of its retransmissions running then, for a connection. */
  waitsToRetransmit(group: string | undefined, time: number): boolean {
    const state = this.#states.findLast((one) => one.group_id === group && one.time <= time)
    return state?.data.new?.timer === 'retransmit'
  }

  /** The next packet that left here on the same connection. */
  nextSent({ group_id = '', time }: Captured): Captured | undefined {
    return this.#byGroup
      .get(group_id)
      ?.find((packet) => packet.time > time && packet.data.direction === 'sent')
  }

  /**
   * Whether by then this end had closed or aborted the connection of a packet. A SYN begins another. A FIN may have
   * to wait for what is to be sent before it: then the kernel's table knows first.
   */
  hasGivenUp({ group_id = '', time }: Captured): boolean {
    const earlier = (this.#byGroup.get(group_id) ?? []).filter((packet) => packet.time < time)
    const begun = earlier.findLastIndex(({ data }) => data.kind === 'syn')
    const since = earlier[begun]?.time ?? Number.NEGATIVE_INFINITY
    const state = this.#states.findLast(
      (one) => one.group_id === group_id && one.time < time && one.time > since,
    )
    if (state !== undefined && CLOSED_HERE.includes(state.data.new?.state)) return true
    return earlier
      .slice(begun + 1)
      .some(
        (packet) => packet.data.direction === 'sent' && (hasFlag(packet, 'FIN') || hasFlag(packet, 'RST')),
      )
  }
}

/** Bytes of a program, be it for the second time. */
export function isPayload({ data }: Captured): boolean {
  return ['data', 'retransmission', 'datagram'].includes(data.kind) && data.bytes > 0
}
