import type { Fault } from './fault.ts'
import { cableOf, FEW, measureWay, proveWhole } from './on-cable.ts'
import { verify } from './proof.ts'

/** ARP is answered all the time: otherwise the other host would be told that there is nobody. */
const KEPT_BACK = ['tcp', 'udp', 'icmp'] as const
/** Each of them is kept back too, and there is room for a limited number. */
const PROBES = { ...FEW, count: 5 }

export const hold: Fault = {
  id: 'hold',
  promise: 'what the struck host sends is kept back; afterwards it arrives all at once, late, in order',
  needs: ['cable'],
  async strike(target) {
    const { pair, struck, other, truth } = target
    const cable = cableOf(target)
    const out = struck === pair.a ? 'aToB' : 'bToA'
    await cable.hold(out, KEPT_BACK)
    const seen = (now: 'unreachable' | 'answering') => {
      truth(other, now)
      truth(struck, now)
    }
    seen('unreachable')
    const release = async () => {
      seen('answering')
      await cable.release(out)
    }
    try {
      const { lost, sent } = await measureWay(target, PROBES)
      const { held } = await cable.counts(out)
      verify(
        lost === sent && held > 0,
        `${sent - lost} of ${sent} datagrams came back, ${held} frames are kept back`,
      )
    } catch (error) {
      await release()
      throw error
    }
    return {
      verifiedBy: 'no datagram comes back, and the cable has what the struck host sends',
      async undo() {
        const { held, overflowed } = await cable.counts(out)
        await release()
        const { verifiedBy } = await proveWhole(target)
        const late = `${held} frames were let go${overflowed > 0 ? `; ${overflowed} more had found no room` : ''}`
        return { verifiedBy: `${late}; ${verifiedBy}` }
      },
    }
  },
}
