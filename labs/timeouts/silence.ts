/**
 * A path that dies beyond the next hop. When the cable itself is cut, ARP has no answer either, and after half a
 * minute the kernel says EHOSTUNREACH instead of waiting to the end; here the neighbour goes on answering.
 */
import type { Fault } from '../../src/faults/fault.ts'
import { type Proof, verify } from '../../src/faults/proof.ts'
import type { Cable } from '../../src/hosts/host.ts'
import type { FrameKind } from '../../src/wire/cable.ts'

const ABOVE_ARP: readonly FrameKind[] = ['tcp', 'udp', 'icmp']
/** More than any case sends. */
const ALL = Number.MAX_SAFE_INTEGER

async function dropBothWays(cable: Cable, kinds: readonly FrameKind[], frames: number): Promise<void> {
  await cable.drop('aToB', kinds, frames)
  await cable.drop('bToA', kinds, frames)
}

export const silence: Fault = {
  id: 'silence',
  promise: 'no packet passes any more, in either direction; only ARP is still answered, and nobody is told',
  needs: ['network'],
  async strike({ pair, struck, other, network, truth, answers }) {
    verify(network !== null, 'there is no cable on loopback')
    const cable = network.cable(pair)
    await dropBothWays(cable, ABOVE_ARP, ALL)
    truth(other, 'unreachable')
    truth(struck, 'unreachable')
    verify(!(await answers(other)), `${struck.name} still answers although the cable drops everything`)
    return {
      verifiedBy: 'a probe across the cable is no longer answered',
      async undo(): Promise<Proof> {
        truth(other, 'answering')
        truth(struck, 'answering')
        await dropBothWays(cable, [], 0)
        verify(await answers(other), `${struck.name} does not answer although the cable drops nothing`)
        return { verifiedBy: 'a probe across the cable is answered again' }
      },
    }
  },
}
