/** The last packet of the handshake never arrives: one end is connected, the other one is not. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { AT_ONCE, says, took } from '../../../src/lab/claims.ts'
import { sent } from '../../../src/lab/packets.ts'
import type { TimeoutsSettings } from '../conditions.ts'
import { halfHandshake } from '../half-handshake.ts'
import { lose } from '../sockets.ts'
import { firstOf } from '../waits.ts'

export const ackLost: CaseOf<TimeoutsSettings> = {
  id: 'ack-lost',
  promise: 'the acknowledgement that ends the handshake never arrives',
  needs: ['cable'],

  async act(rig, pair, { withinMs }) {
    const { a, b } = pair
    await lose(rig, pair, 'aToB', ['ack'])
    const listener = await rig.sockets(b).tcp.listen('plain')
    const client = await rig.sockets(a).tcp.connect('plain', listener.at)
    await client.connected()
    await rig.untilKernel(b, client.groupId, 'SYN-RECEIVED')
    await rig.came(rig.untilKernel(b, client.groupId, 'CLOSED', { withinMs }))
    // The client has heard nothing of it. It speaks for the first time.
    rig.mark(pair, 'speaking')
    await client.write('hello')
    await rig.came(rig.untilEvent(a, 'tcp:error_received', { groupId: client.groupId }))
  },

  rows: {
    plain(cell) {
      const { a, b } = cell
      const speaking = cell.moment('speaking')
      if (speaking === undefined) return []
      const spoke = firstOf(sent(a.packets({ from: speaking })), 'data')
      return [
        ...halfHandshake(cell, 'server', 'tcp_synack_retries decides: to the server nothing has arrived'),
        says(cell, 'client', 'ESTABLISHED, up', `${a.state(speaking)}, ${a.belief(speaking)}`, {
          claim: 'when the server has forgotten it, the client is connected and believes so',
          formula: 'its state and its belief before its first write',
          because: `the server's kernel said meanwhile: ${b.state(speaking)}`,
          source: 'RFC 9293 section 3.10.7.3: SYN-SENT becomes ESTABLISHED by the SYN-ACK',
          evidence: [a.last('kernel:socket_updated', { to: speaking })],
        }),
        took(cell, 'first-write', AT_ONCE, spoke, a.first('tcp:error_received', { from: speaking }), {
          claim: 'its first words are answered with RST',
          formula: '0 .. slack after they were sent',
          because: 'the server has no such connection any more',
          source: 'RFC 9293 section 3.10.7.1',
          code: 'ECONNRESET',
        }),
      ]
    },
  },
}
