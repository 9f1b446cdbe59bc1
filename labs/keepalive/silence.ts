/** That a row put nothing on the wire: a claim that also has to show that the same captures could see. */
import type { Cell, End } from '../../src/lab/cell.ts'
import type { Period } from '../../src/lab/log.ts'
import type { Captured } from '../../src/lab/packets.ts'

interface Silence {
  /** The row's packets at both cards; null: silence would prove nothing. */
  found: Captured[] | null
  /** Why not. */
  unseen: string
}

/** @param control what has to be seen at either card, by the very same capture */
export function silenceOf(cell: Cell, within: Period, control: (end: End) => Captured[] | null): Silence {
  const ends = [cell.a, cell.b]
  const unwatched = ends.map((end) => end.whyUnwatched(within)).find((why) => why !== null)
  if (unwatched !== undefined) return { found: null, unseen: unwatched }
  const blind = ends.find((end) => (control(end) ?? []).length === 0)
  if (blind !== undefined)
    return { found: null, unseen: `the capture at ${blind.host} saw nothing else either` }
  return { found: ends.flatMap((end) => end.packets(within) ?? []), unseen: '' }
}
