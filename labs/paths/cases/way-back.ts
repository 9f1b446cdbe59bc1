/** A box that remembers connections sees half of one. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { type Claims, nothing, says } from '../../../src/lab/claims.ts'
import { ofKind, sent } from '../../../src/lab/packets.ts'
import type { PathsSettings } from '../conditions.ts'
import { PORTS, sendBy } from '../kernels.ts'
import { IN_VAIN_MS, remember } from '../table.ts'
import { fateOf, type PathsCell, waysOf } from '../ways.ts'

export const wayBack: CaseOf<PathsSettings> = {
  id: 'way-back',
  promise: 'the same p is on the way from a to b, and b answers by q',
  needs: ['router', 'socket-table'],
  middle: 'two-paths',

  async act(rig, pair) {
    const { a, b } = pair
    await sendBy(rig, pair, a, 'p')
    await sendBy(rig, pair, b, 'q')
    await remember(rig, pair, 0)
    rig.mark(pair, 'calling')
    const listener = await rig.sockets(b).tcp.listen('tcp', { port: PORTS.tcp })
    const client = await rig.sockets(a).tcp.connect('tcp', listener.at)
    await client.connected()
    await client.write('hello\n')
    await rig.sleep(IN_VAIN_MS)
    rig.mark(pair, 'over')
  },

  rows: { tcp: halfSeen },
}

function halfSeen(cell: PathsCell): Claims {
  const { a, b } = cell
  const calling = cell.between('calling', 'over')
  if (calling === null) return []
  const [there, back] = [sent(a.packets()), sent(b.packets())]
  const said = there?.filter(({ data }) => data.bytes > 0) ?? null
  const handshake = ofKind(back, 'syn-ack')
  return [
    says(cell, 'ways', 'p there, q back', there && back && `${waysOf(there)} there, ${waysOf(back)} back`, {
      claim: 'the SYN goes by p, the answer comes by q: p sees half of the handshake',
      formula: 'as the routes of a and of b are',
      because: `${handshake?.length ?? 0} SYN ACKs were sent, and again, since none was acknowledged`,
      source: 'RFC 1812 section 5.2.4',
      evidence: [there?.[0], back?.[0]],
    }),
    says(cell, 'states', 'ESTABLISHED | SYN-RECEIVED', cell.states(calling.to), {
      claim: 'a believes in a connection that b is still waiting for',
      formula: 'client | server',
      because: 'the SYN ACK came to a by q; the ACK of a, by p, fits nothing that p has seen, and is dropped',
      source: 'RFC 9293 section 3.5; nf_conntrack_proto_tcp.c',
      evidence: [
        a.last('kernel:socket_updated', { to: calling.to }),
        b.last('kernel:socket_updated', { to: calling.to }),
      ],
      short: 'HALF',
    }),
    nothing(cell, 'not-asked', there && there.length > 0 ? b.all('tcp:accepted', calling) : null, calling, {
      claim: 'the program at b is not asked',
      formula: 'no accept()',
      because: 'its kernel completes a connection before it hands it over',
      source: 'accept(2)',
    }),
    says(cell, 'lost', `p, 0 of ${said?.length ?? 0}`, said && said.length > 0 ? fateOf(cell, said) : '', {
      claim: 'and what a writes is dropped, each time',
      formula: 'no segment with data at b',
      because: 'a middle box wants to see both ways, and routes promise nobody that',
      source: 'RFC 2663 section 2.4; RFC 1812 section 5.2.4',
      evidence: said?.slice(0, 1) ?? [],
    }),
  ]
}
