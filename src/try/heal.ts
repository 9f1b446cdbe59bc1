/** The end of a fault on somebody's programs. */
import type { Host, Pair } from '../hosts/host.ts'
import type { Rig } from '../rig/rig.ts'
import type { InForce, Shown } from '../rig/strikes.ts'
import { IS_OVER_AT_ONCE, type TryFault } from './faults.ts'

/**
 * Undoes a fault, and starts again what it has ended, as a supervisor would; what came back by itself is not.
 * @returns what showed that it was undone; null where there was nothing to undo
 */
export async function heal(
  rig: Rig,
  pair: Pair,
  struck: Host,
  fault: TryFault,
  inForce: Pick<InForce, 'undo'>,
): Promise<Shown | null> {
  const shown = IS_OVER_AT_ONCE.includes(fault) ? null : await inForce.undo()
  if (fault === 'exit' || fault === 'kill' || fault === 'power-off') await rig.startAgain(pair, struck)
  return shown
}
