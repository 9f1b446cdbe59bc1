import type { Fault, Struck, Target } from './fault.ts'
import { ARP_WITHIN_MS, verify } from './proof.ts'

export const cut: Fault = {
  id: 'cut',
  promise: "the struck host's switch port is detached; both ends keep their link lights, nobody is told",
  needs: ['network'],
  strike: unplug,
}

export const blip: Fault = {
  id: 'blip',
  promise: 'the same cut, mended after 1.5 s',
  needs: ['network'],
  lastsMs: 1500,
  strike: unplug,
}

async function unplug({ struck, other, network, truth, answers }: Target): Promise<Struck> {
  verify(network !== null, 'there is no cable to cut')
  await network.unplug(struck)
  // After the act: until the command has returned, a frame may still have passed.
  truth(other, 'unreachable')
  truth(struck, 'unreachable')
  verify(!(await answers(other)), `${struck.name} still answers although its port is detached`)
  return {
    verifiedBy: 'a probe across the switch is no longer answered',
    async undo() {
      truth(other, 'answering')
      truth(struck, 'answering')
      await network.plug(struck)
      verify(await answers(other, ARP_WITHIN_MS), `${struck.name} does not answer although its port is back`)
      return { verifiedBy: 'a probe across the switch is answered again' }
    },
  }
}
