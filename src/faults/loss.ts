import type { Fault } from './fault.ts'
import { isPlausible, roundTripOf } from './measure.ts'
import { cableFault, MANY, measureWay } from './on-cable.ts'
import { verify } from './proof.ts'

/** @param share the probability that a frame vanishes */
export function loss(share = 0.1): Fault {
  return cableFault({
    id: 'loss',
    promise: `on the way to the struck host ${share * 100} % of the frames vanish, each by chance`,
    change: { loss: share },
    async prove(target) {
      const { lost, sent } = await measureWay(target, MANY)
      const both = 1 - (1 - share) * (1 - roundTripOf(target.pair.link).loss)
      verify(isPlausible(lost, sent, both), `${lost} of ${sent} datagrams were lost, asked ${share * 100} %`)
      return { verifiedBy: `${lost} of ${sent} numbered datagrams never came back` }
    },
  })
}
