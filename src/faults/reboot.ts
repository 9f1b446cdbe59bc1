import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from './fault.ts'
import { pullThePlug } from './power-off.ts'
import { verify } from './proof.ts'

/** From power-off to the start of the programs: a very quick machine. */
const PROGRAMS_START_AFTER_MS = 1000

export const reboot: Fault = {
  id: 'reboot',
  promise: 'power off, then the same address and MAC again: kernel and programs remember nothing',
  needs: ['network'],
  async strike(target) {
    const { struck, other, network, truth, answers, restartPrograms } = target
    verify(network !== null, 'there is no host to reboot')
    const began = performance.now()
    await pullThePlug(target)
    await network.reboot(struck)
    await delay(Math.max(0, PROGRAMS_START_AFTER_MS - (performance.now() - began)))
    await restartPrograms(struck)
    truth(other, 'answering')
    verify(await answers(other), `${struck.name} does not answer after its reboot`)
    return { verifiedBy: `a probe is answered by process number ${struck.incarnation} of the host` }
  },
}
