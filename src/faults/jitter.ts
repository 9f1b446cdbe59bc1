import type { Fault } from './fault.ts'
import { roundTripOf } from './measure.ts'
import { cableFault, LATE_MS, losesAsLink, measureWay } from './on-cable.ts'
import { verify } from './proof.ts'

/**
 * Frames keep their order, so those close together wait for the slowest before them. Datagrams further apart
 * than the jitter are each on their own; with so many the chance that all lie within half of it is 1 in 10^9.
 */
const COUNT = 35

/**
 * The proof takes 35 times as long as the jitter, and half a second more.
 * @param jitterMs a frame takes between 0 and so long, evenly distributed
 */
export function jitter(jitterMs = 40): Fault {
  return cableFault({
    id: 'jitter',
    promise: `each frame on the way to the struck host takes between 0 and ${jitterMs} ms; their order stays`,
    change: { jitterMs },
    async prove(target) {
      const summary = await measureWay(target, {
        count: COUNT,
        everyMs: jitterMs + LATE_MS,
        delayMs: jitterMs,
      })
      const { leastMs, mostMs, medianMs, lost, reordered } = summary
      const limitMs = jitterMs + roundTripOf(target.pair.link).delayMs + LATE_MS
      const seen = `${leastMs.toFixed(1)} to ${mostMs.toFixed(1)} ms, median ${medianMs.toFixed(1)} ms`
      verify(
        mostMs - leastMs >= jitterMs / 2 &&
          medianMs <= limitMs &&
          losesAsLink(target, summary) &&
          reordered === 0,
        `datagrams came back after ${seen}, ${lost} lost, ${reordered} reordered; asked 0 to ${jitterMs} ms`,
      )
      return { verifiedBy: `numbered datagrams came back after ${seen}, in order` }
    },
  })
}
