/** Three connections, closed by their programs, with nothing in the way. */
import type { HostSide } from '../../../src/events/host-names.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { AT_ONCE, type Claims, counts, says, took } from '../../../src/lab/claims.ts'
import { firstOfEach, inWords, sentWords } from '../../../src/lab/packets.ts'
import type { TcpSettings } from '../conditions.ts'
import { goodbye, isLast } from '../goodbye.ts'
import { statesOfBoth } from '../steps.ts'

export const orderly: CaseOf<TcpSettings> = {
  id: 'orderly',
  promise: 'one end closes, then the other: the client first, the server first, and with data between',
  needs: ['socket-table'],

  async act(rig, pair, { text }) {
    const { a, b } = pair
    const one = await rig.connectTcp(pair, 'client-first')
    await one.client.end()
    await rig.untilKernel(a, 'client-first', 'TIME-WAIT')
    await rig.untilKernel(b, 'client-first', 'CLOSED')

    const other = await rig.connectTcp(pair, 'server-first')
    await other.server.end()
    await rig.untilKernel(b, 'server-first', 'TIME-WAIT')
    await rig.untilKernel(a, 'server-first', 'CLOSED')

    // The client has said all it wants to say, and goes on listening.
    const half = await rig.connectTcp(pair, 'half-close', { ofServer: { allowHalfOpen: true } })
    await half.client.end()
    await rig.untilKernel(a, 'half-close', 'FIN-WAIT-2')
    await rig.untilKernel(b, 'half-close', 'CLOSE-WAIT')
    rig.mark(pair, 'half-closed')
    await half.server.write(text)
    await rig.untilEvent(a, 'tcp:received', { groupId: half.client.groupId })
    await half.server.end()
    await rig.untilKernel(a, 'half-close', 'TIME-WAIT')
    await rig.untilKernel(b, 'half-close', 'CLOSED')
  },

  rows: {
    'client-first': (cell) => oneAfterTheOther(cell, 'a', 'b', 'TIME-WAIT | no entry'),
    'server-first': (cell) => oneAfterTheOther(cell, 'b', 'a', 'no entry | TIME-WAIT'),

    'half-close'(cell) {
      const { a } = cell
      const halfClosed = cell.moment('half-closed')
      if (halfClosed === undefined) return []
      const closed = a.first('tcp:end_sent')
      const received = a.first('tcp:received', { from: halfClosed })
      const packets = goodbye(cell)
      const order = packets && firstOfEach(packets.map(sentWords).filter((words) => !words.startsWith('ACK')))
      return [
        says(cell, 'states', 'FIN-WAIT-2 | CLOSE-WAIT', cell.states(halfClosed), {
          claim: 'half closed, the two ends wait for different things',
          formula: 'a | b',
          because: statesOfBoth(cell),
          source: 'RFC 9293 section 3.6, figure 12',
          evidence: [closed],
        }),
        counts(cell, 'data', cell.settings.text.length, received?.data.bytes, 'bytes', {
          claim: 'the server still sends, and the client that has closed still receives',
          formula: 'as many bytes as were written after the FIN',
          because: 'FIN says "I will send no more", not "I will not listen"',
          source: 'RFC 9293 section 3.6, shutdown(2)',
          evidence: [closed, received],
          short: received === undefined ? 'nothing' : 'DATA',
        }),
        says(
          cell,
          'order',
          'FIN ACK from a, data from b, FIN ACK from b',
          order === null ? null : order.join(', '),
          {
            claim: 'on the wire the data passes between the two FINs',
            formula: 'FIN from a, data from b, FIN from b',
            because: `the whole goodbye: ${packets?.map(sentWords).join(', ')}`,
            source: 'RFC 9293 section 3.6',
            evidence: packets ?? [],
          },
        ),
      ]
    },
  },
}

function oneAfterTheOther(cell: Cell, first: HostSide, second: HostSide, left: string): Claims {
  const packets = goodbye(cell)
  const all = packets?.map(sentWords).join(', ') || 'nothing'
  const lasts = packets && inWords(packets.filter(isLast), sentWords)
  return [
    says(cell, 'fins', `FIN ACK from ${first}, FIN ACK from ${second}`, lasts, {
      claim: 'each end says FIN once, and neither says RST',
      formula: `FIN from ${first}, FIN from ${second}`,
      because: `the whole goodbye: ${all}`,
      source: 'RFC 9293 section 3.6, figure 12',
      evidence: packets ?? [],
    }),
    counts(cell, 'packets', { min: 3, max: 4 }, packets, 'packets', {
      claim: 'that takes three or four packets',
      formula: 'FIN, ACK, FIN, ACK; the middle two may be one',
      because: all,
      source: 'RFC 9293 section 3.6, figure 12',
    }),
    // Since the belief, which is logged before end(): that FIN was sent is logged when it has been, and perhaps read.
    took(cell, 'told', AT_ONCE, cell.at(first).became('down'), cell.at(second).first('tcp:end_received'), {
      claim: 'the program at the other end is told at once',
      formula: '0 .. slack after end()',
      because: 'FIN is the end of the stream: read() returns 0',
      source: 'RFC 9293 section 3.6, read(2)',
    }),
    says(cell, 'time-wait', left, cell.states(cell.watch.to), {
      claim: 'the end that closed first keeps a memory of the connection, the other end nothing',
      formula: 'a | b',
      because: statesOfBoth(cell),
      source: 'RFC 9293 section 3.6, case 1, and section 3.4.2',
      evidence: [cell.a.last('kernel:socket_updated'), cell.b.last('kernel:socket_updated')],
      short: `TW ${first}`,
    }),
  ]
}
