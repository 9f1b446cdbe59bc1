import { CommandError } from '../hosts/commands.ts'
import { addressesOf } from '../hosts/host.ts'
import type { Fault } from './fault.ts'
import { verify } from './proof.ts'

export const reset: Fault = {
  id: 'reset',
  promise: 'the struck host aborts its connections: its kernel forgets them and sends RST',
  needs: [],
  async strike({ struck, other, network, run, workload }) {
    const running = workload(struck)
    verify(running.isRunning(), `${struck.name} has no connections to reset`)
    if (network !== null) {
      // From outside the program, as an operator would. Some kernels are built without it.
      try {
        const toOther = addressesOf(other).map((address) => `dst ${address}`)
        const filter = `state established ( ${toOther.join(' or ')} )`
        const killed = await run(struck, ['ss', '-H', '-K', '-t', ...filter.split(' ')])
        if (killed.trim() !== '')
          return { verifiedBy: `ss -K listed ${killed.trim().split('\n').length} connections` }
      } catch (error) {
        if (!(error instanceof CommandError)) throw error
      }
    }
    verify(running.reset !== undefined, 'ss -K aborted no connection, and the program cannot be asked to')
    return running.reset()
  },
}
