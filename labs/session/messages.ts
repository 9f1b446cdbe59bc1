/** What a cell says of its session: what was said, what was handed over, over how many connections. */
import type { HostSide } from '../../src/events/host-names.ts'
import type { EventOf } from '../../src/events/vocabulary.ts'
import type { Cell } from '../../src/lab/cell.ts'
import type { Period } from '../../src/lab/log.ts'
import { type Captured, received, sent } from '../../src/lab/packets.ts'

/** What became of messages on their way from one end to the other, told by their texts and not by their numbers. */
export interface Fates {
  said: readonly EventOf<'session:message_said'>[]
  delivered: readonly EventOf<'session:message_delivered'>[]
  lost: number
  /** Handed over more than once. */
  doubled: number
  /** Handed over after one that was said later. */
  overtaken: number
}

/** The names of the sessions that the server had, in the order in which they began. */
export function sessionsOf(cell: Cell): string[] {
  return [...new Set(cell.b.all('session:state_updated').map(({ data }) => data.session))]
}

/** @param session only what is of this one */
export function toServer(cell: Cell, session?: string): Fates {
  return fates(cell, 'a', 'b', session)
}

export function toClient(cell: Cell, session?: string): Fates {
  return fates(cell, 'b', 'a', session)
}

/**
 * How many messages an end that was killed had kept as handed over. It may have been killed before it could log the
 * last of them.
 */
export function keptAt(cell: Cell, side: HostSide): number {
  return Math.max(
    0,
    ...cell
      .at(side)
      .all('session:loaded')
      .map(({ data }) => data.received),
  )
}

function fates(cell: Cell, from: HostSide, to: HostSide, session: string | undefined): Fates {
  const kept = keptAt(cell, to)
  // What is said before the server has named the session belongs to whichever comes next.
  const isAbout = ({ data }: { data: { session: string } }) =>
    session === undefined || data.session === session || data.session === ''
  const taken = cell.at(from).all('session:message_said').filter(isAbout)
  const placeOf = new Map<string, number>()
  // A client that was killed before it had kept a message is told it again.
  const said = taken.filter(({ data }) => {
    if (placeOf.has(data.text)) return false
    placeOf.set(data.text, placeOf.size)
    return true
  })
  const delivered = cell.at(to).all('session:message_delivered').filter(isAbout)
  const seen = new Set<string>()
  let overtaken = 0
  let latest = -1
  for (const { data } of delivered) {
    const place = placeOf.get(data.text) ?? -1
    if (!seen.has(data.text) && place < latest) overtaken += 1
    latest = Math.max(latest, place)
    seen.add(data.text)
  }
  const lost = said.filter(({ data }) => !seen.has(data.text) && data.number > kept).length
  return { said, delivered, lost, doubled: delivered.length - seen.size, overtaken }
}

/** The ends of sessions that were told at one side; of one program, where it is named. */
export function oversAt(cell: Cell, side: HostSide, program?: string): EventOf<'session:over'>[] {
  const overs = cell.at(side).all('session:over')
  return program === undefined ? overs : overs.filter((over) => over.program === program)
}

/** The first time that an end came into a state. */
export function stateAt(
  cell: Cell,
  side: HostSide,
  state: string,
  within: Partial<Period> = {},
): EventOf<'session:state_updated'> | undefined {
  return cell
    .at(side)
    .all('session:state_updated', within)
    .find(({ data }) => data.new === state)
}

/**
 * Client ports over which a server let somebody in, from the packets: WELCOME or RESUMED went there, and over TCP
 * a SYN had come from there. null where not every packet is known.
 */
export function carriers(cell: Cell): { ports: Set<string>; packets: Captured[] } | null {
  const packets = cell.a.packets()
  const [came, left] = [received(packets), sent(packets)]
  if (came === null || left === null) return null
  const answers = came.filter(({ data }) => /^(WELCOME|RESUMED) /.test(data.text ?? ''))
  const opening = cell.row === 'tcp' ? left.filter(({ data }) => data.kind === 'syn') : left
  const began = new Set(opening.map(({ data }) => data.source))
  const ports = new Set(answers.map(({ data }) => data.destination).filter((port) => began.has(port)))
  return { ports, packets: answers }
}
