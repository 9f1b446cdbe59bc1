/** What should be seen, as functions of what is in force. Pure. */

/** What a busy machine may add to the faster way. To the slower one it may add anything. */
const UNCERTAIN_MS = 8

/** A packet as it left: by the slower way or not. */
export interface Departure {
  time: number
  isSlower: boolean
}

/**
 * How many of these packets arrive after one that was sent later (RFC 4737 section 3.3): those of the slower way after
 * which one left by the faster within the time that the slower one takes longer; at most, on a machine that keeps them
 * even longer, those after which one left at all.
 * @param packets in the order in which they left
 */
export function reorderedBetween(
  packets: readonly Departure[],
  slowerMs: number,
): { min: number; max: number } {
  const within = (limitMs: number) =>
    packets.filter(({ time, isSlower }, index) => {
      if (!isSlower) return false
      const next = packets.slice(index + 1).find((one) => !one.isSlower)
      return next !== undefined && next.time - time < limitMs
    }).length
  return { min: within(slowerMs - UNCERTAIN_MS), max: within(Number.POSITIVE_INFINITY) }
}

/**
 * What waits for a retransmission is sent again this soon at the latest: the timer doubles each time (RFC 6298
 * section 5.5), so from one try to the next it takes as long as all before it together, and once the first.
 * @param sinceMs the first of the tries that failed was sent so long ago
 */
export function nextTry(sinceMs: number, retransmissionTimeoutMs: number): { minMs: number; maxMs: number } {
  return { minMs: 0, maxMs: sinceMs + retransmissionTimeoutMs }
}
