import { RouterError } from '../hosts/router.ts'
import type { Fault } from './fault.ts'
import { FaultError, verify } from './proof.ts'

export const natForgets: Fault = {
  id: 'nat-forgets',
  promise: 'the router between the hosts forgets its mappings; neither host is told',
  needs: ['router'],
  async strike({ pair, network }) {
    verify(network !== null, 'there is no router on loopback')
    try {
      const forgotten = await network.router(pair).forget()
      verify(forgotten > 0, 'the router had no mapping to forget')
      return {
        verifiedBy: `the router's table had ${forgotten} ${forgotten === 1 ? 'mapping' : 'mappings'}, and has none of them now`,
      }
    } catch (error) {
      if (error instanceof RouterError || error instanceof RangeError) throw new FaultError(error.message)
      throw error
    }
  },
}
