/** What shows that a fault happened, and what becomes of one that nothing showed. */

/** What shows, other than the act itself, that the fault happened or was undone. */
export interface Proof {
  verifiedBy: string
}

/** A fault that could not be applied, or that nothing showed to have happened. */
export class FaultError extends Error {
  override name = 'FaultError'
}

/**
 * A host that has spoken into a cut, or on a link that loses frames, may be asking for the other's address, once a
 * second, three times (neigh/default/mcast_solicit): what it sends meanwhile waits.
 */
export const ARP_WITHIN_MS = 3500

/** @throws FaultError when `holds` is false */
export function verify(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new FaultError(problem)
}
