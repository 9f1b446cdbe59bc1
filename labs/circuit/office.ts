/** What the office between the hosts of a case said of itself. */
import type { EventOf } from '../../src/events/vocabulary.ts'
import type { Cell } from '../../src/lab/cell.ts'
import { ownCommand } from '../../src/project/package.ts'

/** Why nothing is seen of TCP where the office is a program at ports. */
export const NO_CABLE = `a TCP connection does not pass an office of datagrams: for that a cable has to lead through it; \`${ownCommand('doctor')}\` says what is missing`

type Counted = EventOf<'exchange:counted'>

/** In order: one for each time it was asked. */
export function countsOf(cell: Cell): Counted[] {
  return cell.log.all('exchange:counted', cell.watch).filter(({ data }) => data.exchange === cell.case)
}

/** What it has in force; undefined where it did not say. */
export function startedOf(cell: Cell): EventOf<'exchange:started'> | undefined {
  return cell.log.all('exchange:started').find(({ data }) => data.exchange === cell.case)
}

type Growing = 'calls' | 'blocked' | 'frames' | 'reserved' | 'silent' | 'voicesLost' | 'packets' | 'dropped'

/** How much something grew from one count to another; null: one was not made. */
export function grew(what: Growing, from: Counted | undefined, to: Counted | undefined): number | null {
  return from === undefined || to === undefined ? null : to.data[what] - from.data[what]
}

/** `40.3` */
export function percentOf(share: number): number {
  return Math.round(1000 * share) / 10
}
