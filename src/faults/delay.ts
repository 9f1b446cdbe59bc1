import type { Fault } from './fault.ts'
import { roundTripOf } from './measure.ts'
import { cableFault, FEW, LATE_MS, losesAsLink, measureWay } from './on-cable.ts'
import { verify } from './proof.ts'

export function delay(delayMs = 50): Fault {
  return cableFault({
    id: 'delay',
    promise: `every frame on the way to the struck host takes ${delayMs} ms; none is lost`,
    change: { delayMs },
    async prove(target) {
      const summary = await measureWay(target, { ...FEW, delayMs })
      const { leastMs, medianMs, lost } = summary
      const expectedMs = delayMs + roundTripOf(target.pair.link).delayMs
      const seen = `${leastMs.toFixed(1)} ms or more, median ${medianMs.toFixed(1)} ms, ${lost} lost`
      // Never earlier than asked, and the machine can only add to it: so the fastest shows what the cable does. How
      // late a busy machine lets the others come is told, and no reason not to believe it.
      verify(
        leastMs >= expectedMs && leastMs <= expectedMs + LATE_MS && losesAsLink(target, summary),
        `datagrams came back after ${seen}, asked ${expectedMs} ms`,
      )
      return { verifiedBy: `numbered datagrams came back after ${seen}` }
    },
  })
}
