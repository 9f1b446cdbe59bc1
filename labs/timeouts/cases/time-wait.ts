/** Both ends have closed, and the one that closed first remembers. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { received } from '../../../src/lab/packets.ts'
import { runCommand } from '../../../src/lab/run-command.ts'
import type { TimeoutsSettings } from '../conditions.ts'
import { timeWait as timeWaitPatience } from '../expectations.ts'
import { open } from '../sockets.ts'
import { firstOf, forgotten, lasts } from '../waits.ts'

const COMMAND = runCommand('timeouts', '--pace real --only time-wait')

export const timeWait: CaseOf<TimeoutsSettings> = {
  id: 'time-wait',
  promise: 'both have closed',
  needs: ['cable'],
  notHere: (_rig, { pace }) => (pace === 'quick' ? `no setting shortens this minute: ${COMMAND}` : null),

  async act(rig, pair, { withinMs }) {
    const { client } = await open(rig, pair, 'plain')
    await client.end()
    await rig.untilKernel(pair.a, client.groupId, 'TIME-WAIT')
    await rig.came(rig.untilKernel(pair.a, client.groupId, 'CLOSED', { withinMs }))
  },

  rows: {
    plain(cell) {
      const { a } = cell
      const fin = firstOf(received(a.packets()), 'fin')
      return [
        lasts(cell, 'gives-up', timeWaitPatience(cell.jiffyMs), fin, forgotten(a, 'TIME-WAIT'), {
          claim: 'the end that closed first keeps the pair of addresses for a minute',
          because: 'a segment of the old connection may still be on its way',
        }),
      ]
    },
  },
}
