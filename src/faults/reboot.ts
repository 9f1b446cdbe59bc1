import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from './fault.ts'
import { pullThePlug } from './power-off.ts'
import { ARP_WITHIN_MS, verify } from './proof.ts'

/**
 * From the moment that the kernel is back on the network: a very quick machine, and still long enough for everybody who
 * speaks once a second to be refused by a kernel without programs, however slow this machine was to come so far.
 */
const PROGRAMS_START_AFTER_MS = 1000

export const reboot: Fault = {
  id: 'reboot',
  promise: 'power off, then the same address and MAC again: kernel and programs remember nothing',
  needs: ['network'],
  async strike(target) {
    const { struck, other, network, truth, answers, restartPrograms } = target
    verify(network !== null, 'there is no host to reboot')
    await pullThePlug(target)
    await network.reboot(struck)
    await delay(PROGRAMS_START_AFTER_MS)
    await restartPrograms(struck)
    truth(other, 'answering')
    verify(await answers(other, ARP_WITHIN_MS), `${struck.name} does not answer after its reboot`)
    return { verifiedBy: `a probe is answered by process number ${struck.incarnation} of the host` }
  },
}
