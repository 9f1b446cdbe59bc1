/** Four packets, and after each a look at both ends. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { TcpSettings } from '../conditions.ts'
import { goesThrough, reaches } from '../steps.ts'

export const close: CaseOf<TcpSettings> = {
  id: 'close',
  promise: 'one connection is closed, and each packet is kept back until both kernels have been asked',
  needs: ['socket-table', 'cable'],

  async act(rig, pair) {
    const { a, b } = pair
    const cable = rig.cable(pair)
    const { client, server } = await rig.connectTcp(pair, 'client-first', {
      ofServer: { allowHalfOpen: true },
    })

    await cable.hold('aToB', ['fin'])
    await client.end()
    await rig.untilKernel(a, 'client-first', 'FIN-WAIT-1')

    await cable.hold('bToA', ['ack'])
    await cable.release('aToB')
    await rig.untilKernel(b, 'client-first', 'CLOSE-WAIT')

    await cable.release('bToA', ['fin'])
    await rig.untilKernel(a, 'client-first', 'FIN-WAIT-2')

    await server.end()
    await rig.untilKernel(b, 'client-first', 'LAST-ACK')

    await cable.hold('aToB', ['ack'])
    await cable.release('bToA')
    await rig.untilKernel(a, 'client-first', 'TIME-WAIT')

    await cable.release('aToB')
    await rig.untilKernel(b, 'client-first', 'CLOSED')
  },

  rows: {
    'client-first': (cell) => [
      reaches(cell, 'a', 'close', 'fin-wait-1'),
      reaches(cell, 'b', 'FIN arrives', 'close-wait'),
      reaches(cell, 'a', 'ACK of FIN arrives', 'fin-wait-2'),
      reaches(cell, 'b', 'close after FIN', 'last-ack'),
      reaches(cell, 'a', 'FIN of the peer arrives', 'time-wait'),
      reaches(cell, 'b', 'ACK of the last FIN arrives', 'closed'),
      goesThrough(cell, 'a', 'ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT', 'client-states'),
      goesThrough(cell, 'b', 'ESTABLISHED, CLOSE-WAIT, LAST-ACK, CLOSED', 'server-states'),
    ],
  },
}
