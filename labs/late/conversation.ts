/** One conversation under a late answer, as the log has it: its ends, and from when to when its answers are late. */
import type { Cell as CellOf, End } from '../../src/lab/cell.ts'
import type { Claims } from '../../src/lab/claims.ts'
import type { Period } from '../../src/lab/log.ts'
import type { LateSettings } from './conditions.ts'

export type Cell = CellOf<LateSettings>

export interface Conversation {
  cell: Cell
  /** The client, on its first connection and on the one that it made anew; null: it made none. */
  client: End
  anew: End | null
  /** The server, on any. */
  server: End
  /** The answers of b are late from here until here. */
  stall: Period
  /** From the beginning of the stall to the end of the case. */
  since: Period
  /** A relay held the answers back, so each end spoke to the relay's kernel. */
  isRelayed: boolean
}

/** What is claimed of a row with a conversation; nothing where the run did not come so far. */
export function conversing(claimsOf: (talk: Conversation) => Claims): (cell: Cell) => Claims {
  return (cell) => {
    const talk = conversationOf(cell)
    return talk === null ? [] : claimsOf(talk)
  }
}

export function conversationOf(cell: Cell): Conversation | null {
  const { a, b } = cell
  const [first, second] = a.all('tcp:connected')
  // A freeze is in force before it has been seen to be.
  const from = cell.strike?.at ?? cell.moment('stalled')
  const to = cell.moment('resuming')
  if (first === undefined || from === undefined || to === undefined) return null
  return {
    cell,
    client: a.of(first.group_id),
    anew: second === undefined ? null : a.of(second.group_id),
    server: b,
    stall: { from, to },
    since: { from, to: cell.watch.to },
    isRelayed: b.ofHost('relay:started').length > 0,
  }
}
