/** The end that closes first keeps the port, and cannot use it. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { nothing, says } from '../../../src/lab/claims.ts'
import { firstOfEach, isNew, packetWords } from '../../../src/lab/packets.ts'
import { callsOf } from '../calls.ts'
import type { TcpSettings } from '../conditions.ts'

export const port: CaseOf<TcpSettings> = {
  id: 'port',
  promise: 'a client that has closed calls again at once from the same port',
  needs: ['socket-table', 'network'],

  async act(rig, pair) {
    const { a, b } = pair
    const clients = rig.sockets(a).tcp

    const { client, at } = await rig.connectTcp(pair, 'client-first')
    await client.end()
    await rig.untilKernel(a, 'client-first', 'TIME-WAIT')
    await (await clients.connect('client-first', at, { localPort: client.port })).connected()
    await (await clients.connect('client-first', at)).connected()

    const other = await rig.connectTcp(pair, 'server-first')
    await other.server.end()
    await rig.untilKernel(b, 'server-first', 'TIME-WAIT')
    await rig.untilKernel(a, 'server-first', 'CLOSED')
    const again = await clients.connect('server-first', other.at, { localPort: other.client.port })
    await again.connected()
    // Opened with a fixed port, and closed by the client now.
    await again.end()
    await rig.untilKernel(a, 'server-first', 'TIME-WAIT')
    await (await clients.connect('server-first', other.at, { localPort: other.client.port })).connected()
  },

  rows: {
    /** The port was the kernel's choice: bind(2) to it is an attempt of another socket, and refused. */
    'client-first'(cell) {
      const [, again, other] = callsOf(cell)
      if (again === undefined || other === undefined) return []
      return [
        says(cell, 'refused', 'EADDRINUSE', again.outcome, {
          claim: 'the client closed first, and is refused its own port',
          formula: 'EADDRINUSE while TIME-WAIT lasts',
          because: `by ${again.syscall ?? 'nobody'}(); the states of the client: ${cell.a.statesSeen().join(', ')}`,
          source: 'RFC 9293 section 3.4.2, bind(2), SO_REUSEADDR in socket(7)',
          evidence: [again.asked, again.ended],
          short: again.outcome === 'EADDRINUSE' ? 'IN USE' : 'OK',
        }),
        nothing(
          cell,
          'no-packet',
          again.packets,
          { from: again.asked.time, to: again.ended?.time ?? other.asked.time },
          {
            claim: "it is the client's own kernel that refuses: not one packet asks the server",
            formula: 'no packet',
            because: 'bind() looks into the table of sockets of its own host',
            source: 'bind(2)',
          },
        ),
        says(cell, 'other-port', 'connected', other.outcome, {
          claim: 'from any other port it is connected at once',
          formula: 'another port is another connection',
          because: 'a connection is two addresses and two ports; TIME-WAIT keeps one such set',
          source: 'RFC 9293 section 3.4.2',
          evidence: [other.asked, other.ended],
        }),
      ]
    },

    /** The port is free at the client; only the server remembers. Then the client closes first, too. */
    'server-first'(cell) {
      const [, again, third] = callsOf(cell)
      if (again === undefined || third === undefined) return []
      const isStamped = cell.a.sysctl('tcp_timestamps') !== 0
      const handshake = again.packets && firstOfEach(again.packets.filter(isNew).map(packetWords)).join(', ')
      return [
        says(cell, 'again', 'connected', again.outcome, {
          claim: 'the server closed first, and the client is connected again from the same port',
          formula: 'TIME-WAIT is at the server, and a new SYN ends it',
          because: `the states of the server: ${cell.b.statesSeen().join(', ')}`,
          source: 'RFC 9293 section 3.10.7.4, RFC 6191',
          evidence: [again.asked, again.ended],
          short: again.outcome === 'connected' ? 'OK' : 'REFUSED',
        }),
        says(cell, 'handshake', 'SYN sent, SYN ACK received, ACK sent', handshake, {
          claim: 'by a handshake like any other',
          formula: 'SYN / SYN,ACK / ACK',
          because: 'nothing of the old connection is used',
          source: 'RFC 9293 section 3.5',
          evidence: again.packets ?? [],
        }),
        says(cell, 'insists', isStamped ? 'connected' : 'EADDRNOTAVAIL', third.outcome, {
          claim:
            'a client that names its port each time may call out of its own TIME-WAIT, if segments carry timestamps',
          formula: `tcp_timestamps ${cell.a.sysctl('tcp_timestamps')}: ${isStamped ? 'connected' : 'EADDRNOTAVAIL'}`,
          because:
            'both sockets had SO_REUSEADDR, which Node sets with a fixed port; a late segment would be known by its old timestamp',
          source: 'tcp_twsk_unique(), RFC 7323 section 5, RFC 6191',
          evidence: [third.asked, third.ended],
        }),
      ]
    },
  },
}
