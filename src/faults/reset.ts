import { CommandError } from '../hosts/commands.ts'
import { type Fault, verify } from './fault.ts'

export const reset: Fault = {
  id: 'reset',
  promise: 'the struck host aborts its connections: its kernel forgets them and sends RST',
  needs: [],
  async strike({ struck, other, network, run }) {
    const { process } = struck
    verify(process !== null, `${struck.name} has no connections to reset`)
    if (network !== null) {
      // From outside the program, as an operator would. Some kernels are built without it.
      try {
        const killed = await run(struck, [
          'ss',
          '-H',
          '-K',
          '-t',
          'state',
          'established',
          'dst',
          other.address,
        ])
        if (killed.trim() !== '')
          return { verifiedBy: `ss -K listed ${killed.trim().split('\n').length} connections` }
      } catch (error) {
        if (!(error instanceof CommandError)) throw error
      }
    }
    await process.ask('reset', null)
    return { verifiedBy: 'the program called resetAndDestroy on each connection' }
  },
}
