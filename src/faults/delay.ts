import type { Fault } from './fault.ts'
import { cableFault, FEW, LATE_MS, measureWay } from './on-cable.ts'
import { verify } from './proof.ts'

export function delay(delayMs = 50): Fault {
  return cableFault({
    id: 'delay',
    promise: `every frame on the way to the struck host takes ${delayMs} ms; none is lost`,
    change: { delayMs },
    async prove(target) {
      const { leastMs, medianMs, lost } = await measureWay(target, { ...FEW, delayMs })
      const seen = `${leastMs.toFixed(1)} ms or more, median ${medianMs.toFixed(1)} ms, ${lost} lost`
      // Never earlier than asked: only the way back and the machine can add to it.
      verify(
        leastMs >= delayMs && medianMs <= delayMs + LATE_MS && lost === 0,
        `datagrams came back after ${seen}, asked ${delayMs} ms`,
      )
      return { verifiedBy: `numbered datagrams came back after ${seen}` }
    },
  })
}
