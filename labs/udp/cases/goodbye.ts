/** The client leaves. Who tells the server? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { AT_ONCE, counts, says, took } from '../../../src/lab/claims.ts'
import { sent } from '../../../src/lab/packets.ts'
import type { UdpSettings } from '../conditions.ts'
import { portAt, SOON } from '../sockets.ts'

export const goodbye: CaseOf<UdpSettings> = {
  id: 'goodbye',
  promise: 'the client closes its socket and is gone; later the server writes to it once more',

  async act(rig, pair, { silenceMs }) {
    const { a, b } = pair
    const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
    const server = await atB.udp.open('udp', { port: portAt(b, 'udp'), echo: true })
    const listener = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp'), does: 'echo' })
    const client = await atA.udp.open('udp', { to: server.at })
    const caller = await atA.tcp.connect('tcp', listener.at)
    await caller.connected()
    await client.sendText('hello')
    await caller.write('hello')
    await Promise.all([
      rig.came(rig.untilEvent(a, 'udp:datagram_received', { mechanism: 'udp', ...SOON })),
      rig.came(rig.untilEvent(a, 'tcp:received', { groupId: caller.groupId, ...SOON })),
    ])

    rig.mark(pair, 'leaving')
    await Promise.all([client.close(), caller.end()])
    await rig.sleep(silenceMs)
    rig.mark(pair, 'asked')
    await server.sendText('still there?', client.at)
    await rig.sleep(SLACK_MS)
  },

  rows: {
    udp(cell) {
      const { a, b } = cell
      const away = cell.between('leaving', 'asked')
      if (away === null) return []
      const closed = a.all('belief:updated', away).find(({ data }) => data.trigger === 'user_closed')
      const told = b.first('udp:error_received')
      const toldWhat = told?.data.code ?? 'nothing'
      const refusals = sent(a.packets({ from: away.to }))?.filter(({ data }) => data.kind === 'icmp-error')
      const icmp = refusals?.map(({ data }) => data.text).join(', ') || 'no ICMP'
      const server = closed === undefined ? '' : `${b.belief(cell.watch.to)}, told ${toldWhat}`
      const answers = refusals === undefined ? null : `${icmp}; told ${toldWhat}`
      return [
        says(cell, 'server', 'up, told nothing', server, {
          claim: 'the server still believes in a client that is gone',
          formula: 'no FIN in UDP',
          because: 'close() on a UDP socket is between the program and its kernel',
          source: 'RFC 768: there is no message that ends anything',
          evidence: [closed, ...b.all('belief:updated')],
          short: 'UP',
        }),
        counts(cell, 'wire', 0, sent(a.packets(away)), 'packets', {
          claim: 'the client leaves without a packet',
          formula: 'until the server writes',
          because: 'there is nothing that it could send',
          source: 'RFC 768',
        }),
        says(cell, 'icmp', 'port unreachable; told nothing', answers, {
          claim: 'the server writes to nobody; an ICMP message says so, but its program does not hear it',
          formula: 'type 3, code 3',
          because: "a server's socket serves all clients and is connected to none",
          source: 'RFC 1122 section 4.1.3.3; udp(7)',
          evidence: [...(refusals ?? []), told],
        }),
      ]
    },

    tcp: (cell) => [
      // Since the belief, which is logged before end(): that FIN was sent is logged when it has been, and perhaps read.
      took(cell, 'server', AT_ONCE, cell.a.became('down'), cell.b.first('tcp:end_received'), {
        claim: "the server is told at once: the client's kernel sends FIN",
        formula: '0 .. slack after the close',
        because: 'the end of a connection is part of it',
        source: 'RFC 9293 section 3.6',
        short: 'FIN',
      }),
    ],
  },
}
