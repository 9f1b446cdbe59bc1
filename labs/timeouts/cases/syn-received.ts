/** Half a handshake: the server has answered, and the client is gone. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import type { Claims } from '../../../src/lab/claims.ts'
import type { TcpConduct } from '../../../src/programs/scripts/tcp/requests.ts'
import type { TimeoutsSettings } from '../conditions.ts'
import { halfHandshake } from '../half-handshake.ts'
import { lose } from '../sockets.ts'
import { staysQuiet } from '../waits.ts'

export const synReceived: CaseOf<TimeoutsSettings> = {
  id: 'syn-received',
  promise: 'the server answers a SYN, and the client is gone',
  needs: ['cable'],

  async act(rig, pair, { eager, userTimeoutMs, withinMs }) {
    const { a, b } = pair
    await lose(rig, pair, 'bToA', ['syn-ack'])
    const attempt = async (row: string, conduct: Partial<TcpConduct>) => {
      const listener = await rig.sockets(b).tcp.listen(row, conduct)
      const client = await rig.sockets(a).tcp.connect(row, listener.at)
      await rig.untilKernel(b, client.groupId, 'SYN-RECEIVED')
      // A SYN sent again would make the server begin again: so the client goes, and nobody is told.
      await client.destroy()
      await rig.came(rig.untilKernel(b, client.groupId, 'CLOSED', { withinMs }))
    }
    await Promise.all([
      attempt('plain', {}),
      attempt('keepalive-ut', { keepalive: eager, userTimeoutMs: userTimeoutMs.listener }),
    ])
  },

  rows: {
    plain: (cell) => [
      ...halfHandshake(cell, 'gives-up', 'tcp_synack_retries decides, and no program is asked'),
      untold(cell),
    ],
    'keepalive-ut': (cell) => [
      ...halfHandshake(cell, 'gives-up', "the listener's keepalive and user timeout do not count here"),
      untold(cell),
    ],
  },
}

function untold(cell: Cell): Claims[number] {
  const { b } = cell
  const told = [...b.all('tcp:accepted'), ...b.all('tcp:error_received')]
  return staysQuiet(cell, 'untold', told, cell.watch, {
    claim: "the server's program hears nothing of it, neither of the attempt nor of its end",
    formula: 'no accept(), no error',
    because: 'half a connection is not in the queue that accept() takes from',
    source: 'accept(2): only of completed connections',
  })
}
