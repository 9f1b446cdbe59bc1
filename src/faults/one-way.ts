import { cableFault, FEW, measureWay } from './on-cable.ts'
import { verify } from './proof.ts'

export const oneWay = cableFault({
  id: 'one-way',
  promise: 'nothing reaches the struck host any more; what it sends still arrives',
  change: { cut: true },
  truth: 'unreachable',
  async prove(target) {
    const { lost, sent } = await measureWay(target, FEW)
    verify(lost === sent, `${sent - lost} of ${sent} datagrams came back`)
    // A question on the way that is whole gets no answer either, but it does arrive.
    const { pair, struck, network } = target
    const whole = struck === pair.a ? 'aToB' : 'bToA'
    const before = await network?.cable(pair).counts(whole)
    await target.answers(struck)
    const after = await network?.cable(pair).counts(whole)
    verify((after?.left ?? 0) > (before?.left ?? 0), 'nothing passes the other way either')
    return { verifiedBy: 'no datagram comes back, and the cable still carries what the struck host sends' }
  },
})
