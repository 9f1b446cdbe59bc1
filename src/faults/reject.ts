import type { Fault } from './fault.ts'
import { ARP_WITHIN_MS, verify } from './proof.ts'

/** A table of its own, so that the undo takes back this rule and no other. */
const TABLE = 'stillhere-reject'
/** What IPv6 has for ARP: a host that refused it would be no host of this network. */
const NEIGHBOURS = 'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }'
const SERIES = { count: 10, everyMs: 20, bytes: 20, withinMs: 200 }

export const reject: Fault = {
  id: 'reject',
  promise:
    'the firewall of the struck host refuses whatever arrives with an ICMP message (port unreachable); what it sends still leaves',
  needs: ['firewall'],
  async strike({ struck, other, truth, run, measure, answers }) {
    const input = `chain input { type filter hook input priority filter; ${NEIGHBOURS} accept; iifname "eth0" reject; }`
    await run(struck, ['nft', `table inet ${TABLE} { ${input}; }`])
    truth(other, 'unreachable')
    truth(struck, 'unreachable')
    const { echoes, errors } = await measure(other, SERIES)
    verify(
      echoes.length === 0 && errors.includes('ECONNREFUSED'),
      `${echoes.length} datagrams came back, with ${errors.join(', ') || 'no error'}`,
    )
    return {
      verifiedBy:
        'no datagram comes back; the sender gets ECONNREFUSED, which is what its kernel makes of the ICMP message',
      async undo() {
        truth(other, 'answering')
        truth(struck, 'answering')
        await run(struck, ['nft', 'delete', 'table', 'inet', TABLE])
        verify(
          await answers(other, ARP_WITHIN_MS),
          `${struck.name} does not answer although the rule is gone`,
        )
        return { verifiedBy: 'a probe is answered again' }
      },
    }
  },
}
