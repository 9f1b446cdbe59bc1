/** How a connection ended on the wire. */
import type { Cell } from '../../src/lab/cell.ts'
import { type Captured, isNew, sent } from '../../src/lab/packets.ts'

/** What both ends sent, in order, from the first FIN or RST on; null where not every packet is known. */
export function goodbye(cell: Cell): Captured[] | null {
  const [fromA, fromB] = [sent(cell.a.packets()), sent(cell.b.packets())]
  if (fromA === null || fromB === null) return null
  const both = [...fromA, ...fromB].filter(isNew).sort((one, other) => one.time - other.time)
  const first = both.findIndex(isLast)
  return first === -1 ? [] : both.slice(first)
}

export function isLast({ data }: Captured): boolean {
  return data.kind === 'fin' || data.kind === 'rst'
}
