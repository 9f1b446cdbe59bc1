/** The laptop moves to another network: its host gets another address, and the one it had is nobody's. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from '../../src/faults/fault.ts'
import { verify } from '../../src/faults/proof.ts'

/** Between the old address and the new: far longer than a browser takes to see each. */
const NO_ADDRESS_MS = 500
/** The last number of the new address; a pair has 1 and 2. */
const ELSEWHERE_LAST = 3

export function addressElsewhere(address: string): string {
  return address.replace(/\d+$/, String(ELSEWHERE_LAST))
}

export const moved: Fault = {
  id: 'moved',
  promise: 'the host gets another address; the sockets that have the old one are not told',
  needs: ['network'],
  async strike({ struck, other, run, truth, answers }) {
    truth(other, 'unreachable')
    await run(struck, ['ip', 'addr', 'del', `${struck.address}/24`, 'dev', 'eth0'])
    await delay(NO_ADDRESS_MS)
    await run(struck, ['ip', 'addr', 'add', `${addressElsewhere(struck.address)}/24`, 'dev', 'eth0'])
    verify(!(await answers(other)), `${struck.address} still answers`)
    return { verifiedBy: 'a probe to the old address is not answered' }
  },
}
