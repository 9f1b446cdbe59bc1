/** The program writes and closes while the path is dead; the kernel has to go on without it. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { AT_ONCE, type Claims, took } from '../../../src/lab/claims.ts'
import { sent } from '../../../src/lab/packets.ts'
import type { TimeoutsSettings } from '../conditions.ts'
import { orphan } from '../expectations.ts'
import { silence } from '../silence.ts'
import { open } from '../sockets.ts'
import { firstOf, forgotten, lasts } from '../waits.ts'

export const finWait1: CaseOf<TimeoutsSettings> = {
  id: 'fin-wait-1',
  promise: 'the path dies, and the client sends and closes',
  needs: ['cable'],

  async act(rig, pair, { userTimeoutMs, withinMs }) {
    const plain = await open(rig, pair, 'plain')
    const limited = await open(rig, pair, 'user-timeout', { userTimeoutMs: userTimeoutMs.orphan })
    await rig.strike(silence, pair)
    const gone = [plain, limited].map(async ({ client }) => {
      await client.write('the last words')
      await client.destroy()
      await rig.untilKernel(pair.a, client.groupId, 'FIN-WAIT-1')
      await rig.came(rig.untilKernel(pair.a, client.groupId, 'CLOSED', { withinMs }))
    })
    await Promise.all(gone)
  },

  rows: { plain: abandoned, 'user-timeout': abandoned },
}

function abandoned(cell: Cell): Claims {
  const { strike } = cell
  if (strike === undefined) return []
  const { a } = cell
  const lost = firstOf(sent(a.packets({ from: strike.began })), 'data')
  const connection = lost ? a.busy(lost.time) : null
  const expected = connection && orphan(connection, a.sysctl('tcp_orphan_retries'))
  const closed = a.first('tcp:closed')
  const errors = a.all('tcp:error_received')
  return [
    lasts(cell, 'gives-up', expected, lost, forgotten(a, 'FIN-WAIT-1'), {
      claim: 'the kernel goes on for a program that has closed, and then forgets the connection',
      because: 'what was written is still to be delivered, and the FIN behind it',
    }),
    took(cell, 'untold', AT_ONCE, a.first('tcp:destroyed'), errors.at(-1) ?? closed, {
      claim: 'the program is told at once that all is closed, and is told nothing afterwards',
      formula: '0 .. slack from destroy() to the last that it was told',
      because: `hadError ${closed?.data.hadError ?? 'unknown'}; ${errors.length} errors`,
      source: 'close(2): it does not wait, and reports nothing of what follows',
    }),
  ]
}
