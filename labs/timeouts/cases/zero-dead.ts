/** The receiver's window is closed, and then nothing answers any more. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import type { TcpSocket } from '../../../src/rig/sockets.ts'
import type { TimeoutsSettings } from '../conditions.ts'
import { zeroWindow } from '../expectations.ts'
import { silence } from '../silence.ts'
import { closeWindow, open } from '../sockets.ts'
import { KERNEL_TOLD, lasts, otherEnd } from '../waits.ts'

/** The first probe goes out after a fifth of a second, the one after the third after three seconds. */
const PROBED_LOOKS_MAX = 250
const PROBED_LOOK_MS = 20

export const zeroDead: CaseOf<TimeoutsSettings> = {
  id: 'zero-dead',
  promise: 'the window is closed, and then the path dies',
  needs: ['cable'],

  async act(rig, pair, { withinMs }) {
    const connection = await open(rig, pair, 'plain')
    const { client } = connection
    await closeWindow(rig, pair, connection)
    await untilProbed(rig, client)
    await rig.strike(silence, pair)
    const { groupId } = client
    await rig.came(rig.untilEvent(pair.a, 'tcp:error_received', { groupId, withinMs }))
  },

  rows: {
    plain(cell) {
      const { strike } = cell
      if (strike === undefined) return []
      const { a } = cell
      const info = a.last('kernel:tcp_info_read', { to: strike.began })?.data
      const expected = info && zeroWindow({ ...info, ...a.patience() })
      // The answers may have stopped any time while the cable was being told.
      const span = expected && {
        minMs: expected.span.minMs - (strike.at - strike.began),
        maxMs: expected.span.maxMs,
      }
      const error = a.first('tcp:error_received', { from: strike.began })
      return [
        lasts(cell, 'gives-up', expected && span ? { ...expected, span } : null, strike.at, error, {
          claim: 'the kernel gives up on a receiver whose answers stop',
          because: 'probes that nobody answers are counted; one that is answered restarts the count',
          code: KERNEL_TOLD,
        }),
        otherEnd(cell, cell.watch.to),
      ]
    },
  },
}

/**
 * Until a probe was answered, the window may be merely small; and an unanswered one counts already. Each further
 * one doubles the wait for the next, and with it all that is to come.
 */
async function untilProbed(rig: Rig, client: TcpSocket): Promise<void> {
  for (let looks = 0; looks < PROBED_LOOKS_MAX; looks++) {
    const info = await client.observe()
    if (info === null || (info.backoff >= 1 && info.unansweredProbes === 0)) return
    await rig.sleep(PROBED_LOOK_MS)
  }
}
