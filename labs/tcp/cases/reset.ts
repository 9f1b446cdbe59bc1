/** Ends that are no goodbye. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell, End } from '../../../src/lab/cell.ts'
import { AT_ONCE, type Moment, says, took } from '../../../src/lab/claims.ts'
import { inWords, sentWords } from '../../../src/lab/packets.ts'
import type { TcpSettings } from '../conditions.ts'
import { goodbye, isLast } from '../goodbye.ts'
import { statesOfBoth } from '../steps.ts'

/** Nobody listens there: the discard service of RFC 863. */
const NOBODYS_PORT = 9

export const reset: CaseOf<TcpSettings> = {
  id: 'reset',
  promise: 'one end does not say goodbye: four ends with RST',
  needs: ['socket-table'],

  async act(rig, pair, { text }) {
    const { a, b } = pair
    const abort = await rig.connectTcp(pair, 'abort')
    await abort.client.resetAndDestroy()
    await rig.untilEvent(b, 'tcp:error_received', { groupId: abort.client.groupId })

    // The server closes properly, but there is something that it has not read.
    const unread = await rig.connectTcp(pair, 'unread', { ofServer: { does: 'nothing' } })
    await unread.client.write(text)
    await rig.untilKernel(b, 'unread', { receiveQueueBytes: text.length })
    await unread.server.destroy()
    await rig.untilEvent(a, 'tcp:error_received', { groupId: unread.client.groupId })

    // The server has closed both ways. Its FIN does not say so; the next write is taken, and the one after it fails.
    const late = await rig.connectTcp(pair, 'late-data', { ofClient: { allowHalfOpen: true } })
    await late.server.destroy()
    await rig.untilKernel(a, 'late-data', 'CLOSE-WAIT')
    await late.client.write(text)
    await rig.untilKernel(a, 'late-data', 'CLOSED')
    await late.client.write(text)
    await rig.untilEvent(a, 'tcp:error_received', { groupId: late.client.groupId })

    const nobody = await rig.sockets(a).tcp.connect('nobody', { address: b.address, port: NOBODYS_PORT })
    await nobody.connected()
  },

  rows: {
    abort: (cell) => [
      told(cell, cell.a.last('tcp:destroyed'), cell.b, {
        claim: 'the end that is reset is told at once, by an error',
        formula: 'ECONNRESET, 0 .. slack after the act of a',
        code: 'ECONNRESET',
      }),
      lastPackets(cell, 'RST ACK from a', 'one RST ends it, and nobody answers that'),
      gone(cell),
    ],

    unread: (cell) => [
      told(cell, cell.b.last('tcp:destroyed'), cell.a, {
        claim: 'the server closes properly, and the client gets an error',
        formula: 'ECONNRESET, 0 .. slack after the act of b',
        code: 'ECONNRESET',
      }),
      lastPackets(cell, 'RST ACK from b', 'a close with unread data sends RST instead of FIN'),
      gone(cell),
    ],

    'late-data': (cell) => [
      taken(cell),
      told(cell, cell.a.asked('tcpWrite').at(-1), cell.a, {
        claim: 'the program hears of it at its next write',
        formula: 'EPIPE, 0 .. slack after it',
        code: 'EPIPE',
      }),
      lastPackets(cell, 'FIN ACK from b, RST from b', 'first FIN, and RST for the data that came after it'),
    ],

    nobody(cell) {
      const error = cell.a.first('tcp:error_received')
      const packets = cell.a.packets()
      return [
        says(cell, 'refused', 'ECONNREFUSED', error?.data.code ?? '', {
          claim: 'where nobody listens, connect() fails at once',
          because: 'a kernel says so, not a program',
          source: 'RFC 9293 section 3.10.7.1, connect(2)',
          evidence: [cell.a.first('belief:updated'), error],
          short: error?.data.code === 'ECONNREFUSED' ? 'REFUSED' : 'nothing',
        }),
        says(cell, 'packets', 'SYN sent, RST ACK received', inWords(packets), {
          claim: 'the answer to the SYN is RST',
          formula: 'SYN, RST ACK',
          because: 'CLOSED is not a state of a socket: there is none',
          source: 'RFC 9293 section 3.10.7.1',
          evidence: packets ?? [],
        }),
      ]
    },
  },
}

/** From what ended the connection to the error that the program of an end gets. */
function told(cell: Cell, by: Moment, end: End, words: { claim: string; formula: string; code: string }) {
  const error = end.first('tcp:error_received')
  return took(cell, 'told', AT_ONCE, by, error, {
    ...words,
    because: `the program got ${error?.data.code ?? 'nothing'}`,
    source: 'RFC 9293 section 3.10.7.4, tcp(7)',
    short: error?.data.code.replace('ECONNRESET', 'RST').slice(0, 7) ?? 'nothing',
  })
}

function lastPackets(cell: Cell, expected: string, claim: string) {
  const packets = goodbye(cell)
  return says(cell, 'packets', expected, packets && inWords(packets.filter(isLast), sentWords), {
    claim,
    because: `from there on: ${packets?.map(sentWords).join(', ') || 'nothing'}`,
    source: 'RFC 9293 section 3.6.1, RFC 2525 section 2.17',
    evidence: packets ?? [],
  })
}

function gone(cell: Cell) {
  return says(cell, 'gone', 'no entry | no entry', cell.states(cell.watch.to), {
    claim: 'neither kernel remembers anything: no TIME-WAIT after RST',
    formula: 'a | b',
    because: statesOfBoth(cell),
    source: 'RFC 9293 section 3.10.7.4',
    evidence: [cell.a.last('kernel:socket_updated')],
  })
}

/** FIN does not say whether anybody still listens. */
function taken(cell: Cell) {
  const { a } = cell
  const written = a.first('tcp:written')
  const found = `${a.state(written?.time ?? cell.watch.to)}, ${written === undefined ? 'not written' : 'written'}`
  return says(cell, 'taken', 'CLOSE-WAIT, written', found, {
    claim: "the client's kernel takes data all the same: it knows only that the server says no more",
    formula: 'CLOSE-WAIT, and write() succeeds',
    because: 'the FIN of a program that has gone looks like the FIN of one that goes on listening',
    source: 'RFC 9293 section 3.6',
    evidence: [a.first('tcp:end_received'), written],
  })
}
