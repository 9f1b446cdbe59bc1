import type { Fault } from './fault.ts'
import { isPlausible } from './measure.ts'
import { cableFault, MANY, measureWay } from './on-cable.ts'
import { verify } from './proof.ts'

/** @param share the probability that a frame arrives twice */
export function duplication(share = 0.1): Fault {
  return cableFault({
    id: 'duplication',
    promise: `on the way to the struck host ${share * 100} % of the frames arrive twice`,
    change: { duplicate: share },
    async prove(target) {
      const { doubled, sent } = await measureWay(target, MANY)
      verify(
        isPlausible(doubled, sent, share),
        `${doubled} of ${sent} datagrams came twice, asked ${share * 100} %`,
      )
      return { verifiedBy: `${doubled} of ${sent} numbered datagrams came back twice` }
    },
  })
}
