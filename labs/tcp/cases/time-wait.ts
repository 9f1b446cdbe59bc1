/** The minute that no setting shortens. */
import { timeWaitEnd } from '../../../src/kernel/give-up-by-state.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { says, took } from '../../../src/lab/claims.ts'
import { callsOf } from '../calls.ts'
import type { TcpSettings } from '../conditions.ts'

/** The beginning of a state is seen up to one look at the table late. */
const LOOK_MS = 50

export const timeWait: CaseOf<TcpSettings> = {
  id: 'time-wait',
  promise: 'the same, but it waits until TIME-WAIT is over',
  needs: ['socket-table', 'network'],
  notHere: (_rig, { pace }) =>
    pace === 'quick' ? 'TIME-WAIT takes a minute, which no setting shortens: --pace real waits for it' : null,

  async act(rig, pair, { timeWaitMs }) {
    const { client, at } = await rig.connectTcp(pair, 'client-first')
    await client.end()
    await rig.untilKernel(pair.a, 'client-first', 'TIME-WAIT')
    await rig.untilKernel(pair.a, 'client-first', 'CLOSED', { withinMs: timeWaitMs })
    const again = await rig.sockets(pair.a).tcp.connect('client-first', at, { localPort: client.port })
    await again.connected()
  },

  rows: {
    'client-first'(cell) {
      const entries = cell.a.all('kernel:socket_updated')
      const begun = entries.find(({ data }) => data.new?.state === 'TIME-WAIT')
      const over = entries.find(({ data }) => data.new === null)
      const { minMs, maxMs } = timeWaitEnd(cell.jiffyMs)
      const [, again] = callsOf(cell)
      return [
        took(cell, 'lasts', { minMs: minMs - LOOK_MS, maxMs }, begun, over, {
          claim: 'TIME-WAIT lasts a minute',
          formula: 'TCP_TIMEWAIT_LEN, 60 s in Linux',
          because: 'RFC 9293 asks for two maximum segment lifetimes, four minutes',
          source: 'RFC 9293 section 3.4.2, include/net/tcp.h',
        }),
        says(cell, 'again', 'connected', again?.outcome ?? '', {
          claim: 'and then the port is free',
          formula: 'connected',
          because: 'nothing of the old connection is left anywhere',
          source: 'RFC 9293 section 3.4.2',
          evidence: [again?.asked, again?.ended],
        }),
      ]
    },
  },
}
