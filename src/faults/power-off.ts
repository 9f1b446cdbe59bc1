import type { Fault, Target } from './fault.ts'
import { verify } from './proof.ts'

export const powerOff: Fault = {
  id: 'power-off',
  promise: 'the host stops at once, kernel and all: no FIN, no RST, no answer to anything',
  needs: ['network'],
  async strike(target) {
    await pullThePlug(target)
    verify(!(await target.answers(target.other)), `${target.struck.name} still answers without power`)
    return { verifiedBy: 'the process is gone and a probe is not answered' }
  },
}

/**
 * Takes the host off the network first, then ends its process: the other way round its kernel would
 * still send a FIN for each connection, which a host without power does not.
 */
export async function pullThePlug({ struck, other, network, truth, workload }: Target): Promise<void> {
  verify(network !== null, 'there is no power to cut')
  await network.unplug(struck)
  truth(other, 'gone')
  const running = workload(struck)
  if (running.isRunning()) await running.kill()
  struck.process?.signal('SIGKILL')
  await struck.process?.exited
}
