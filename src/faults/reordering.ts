import type { Fault } from './fault.ts'
import { isPlausible } from './measure.ts'
import { cableFault, MANY, measureWay } from './on-cable.ts'
import { verify } from './proof.ts'

/** @param share the probability that a frame is overtaken by the one behind it */
export function reordering(share = 0.1): Fault {
  return cableFault({
    id: 'reordering',
    promise: `on the way to the struck host ${share * 100} % of the frames arrive behind one that was sent later`,
    change: { reorder: share },
    async prove(target) {
      const { reordered, sent } = await measureWay(target, MANY)
      const problem = `${reordered} of ${sent} datagrams were reordered, asked ${share * 100} %`
      verify(isPlausible(reordered, sent, share), problem)
      return { verifiedBy: `${reordered} of ${sent} numbered datagrams came back after a later one` }
    },
  })
}
