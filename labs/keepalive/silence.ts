/** That a row put nothing on the wire. Whoever claims that shows that the same captures could see. */
import type { Cell } from '../../src/lab/cell.ts'
import type { Period } from '../../src/lab/log.ts'
import type { Captured } from '../../src/lab/packets.ts'

/** These speak at least once a second, whatever happens. */
const TALKATIVE: readonly string[] = ['udp', 'udp-heartbeat']

/**
 * The row's packets at both cards; null where not all of that time is in the log, and where a row that speaks all
 * the time was not seen at these very cards meanwhile.
 */
export function silenceOf(cell: Cell, within: Period): Captured[] | null {
  const [atA, atB] = [cell.at('a').packets(within), cell.at('b').packets(within)]
  const spoke = cell.plan.mechanisms.filter((row) => TALKATIVE.includes(row))
  const isHeard = (row: string) =>
    (['a', 'b'] as const).every((side) => cell.beside(row).at(side).packets(within)?.length !== 0)
  return atA && atB && spoke.every(isHeard) ? [...atA, ...atB] : null
}
