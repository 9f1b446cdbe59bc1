/**
 * The host gets another address in the same network, as a laptop does in the next room, and the one it had is nobody's.
 * Sockets keep the address that they have. By IPv4 nothing of them leaves the host any more, since the kernel sends
 * from no address that is not its own (ip_route_output_key_hash_rcu()), and their programs are told nothing until a
 * timer of theirs or the kernel's is over. What comes for the old address is not answered either, not even with RST.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Host } from '../hosts/host.ts'
import type { Fault, Target } from './fault.ts'
import { ARP_WITHIN_MS, verify } from './proof.ts'

/** The last number of the new address; a pair has 1 and 2. */
const ELSEWHERE_LAST = 3

export function addressElsewhere(address: string): string {
  return address.replace(/\d+$/, String(ELSEWHERE_LAST))
}

/** The addresses of both families, changed, as `ip addr` takes them. That nobody else has one is known (`nodad`). */
function addresses({ address, address6 }: Host, change: (address: string) => string): string[][] {
  return [
    [`${change(address)}/24`, 'dev', 'eth0'],
    ...(address6 === null ? [] : [[`${change(address6)}/64`, 'dev', 'eth0', 'nodad']]),
  ]
}

async function setAddresses(run: Target['run'], host: Host, what: 'add' | 'del', all: string[][]) {
  for (const one of all) await run(host, ['ip', 'addr', what, ...one])
}

/** @param offlineMs between the old address and the new it has none; 0: no longer than the kernel takes */
export function move(offlineMs = 0): Fault {
  return {
    id: 'move',
    promise: 'the struck host gets another address; the sockets that have the old one are not told',
    needs: ['network'],
    async strike({ struck, other, network, run, truth, answers }) {
      verify(network !== null, 'there is no network to move in')
      const { address } = struck
      const elsewhere = addressElsewhere(address)
      truth(other, 'unreachable')
      truth(struck, 'unreachable')
      const [old, fresh] = [addresses(struck, (own) => own), addresses(struck, addressElsewhere)]
      await setAddresses(run, struck, 'del', old)
      await delay(offlineMs)
      await setAddresses(run, struck, 'add', fresh)
      truth(other, 'answering')
      truth(struck, 'answering')
      verify(!(await answers(other)), `${address} still answers`)
      verify(await answers(struck, ARP_WITHIN_MS), `${other.name} does not answer ${elsewhere}`)
      return {
        verifiedBy: `${elsewhere} is answered, and ${address} answers no more`,
        async undo() {
          truth(other, 'unreachable')
          truth(struck, 'unreachable')
          await setAddresses(run, struck, 'del', fresh)
          await setAddresses(run, struck, 'add', old)
          truth(other, 'answering')
          truth(struck, 'answering')
          verify(await answers(other, ARP_WITHIN_MS), `${address} does not answer although it is back`)
          return { verifiedBy: `a probe to ${address} is answered again` }
        },
      }
    },
  }
}
