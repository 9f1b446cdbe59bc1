/** The receiver is healthy, and does not read: its window is closed, and it says so whenever it is asked. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { AT_ONCE, counts, took } from '../../../src/lab/claims.ts'
import { ofKind, received, sent } from '../../../src/lab/packets.ts'
import type { TimeoutsSettings } from '../conditions.ts'
import { zeroWindowLimited } from '../expectations.ts'
import { closeWindow, open } from '../sockets.ts'
import { firstOf, KERNEL_TOLD, lastOf, lasts, staysQuiet } from '../waits.ts'

export const zeroAlive: CaseOf<TimeoutsSettings> = {
  id: 'zero-alive',
  promise: 'the server lives and does not read: its window is closed',
  needs: ['cable'],

  async act(rig, pair, { userTimeoutMs, neverMs, withinMs }) {
    const { a } = pair
    const plain = await open(rig, pair, 'plain')
    const limited = await open(rig, pair, 'user-timeout', { userTimeoutMs: userTimeoutMs.zeroWindow })
    await closeWindow(rig, pair, plain)
    rig.mark(pair, 'full')
    await closeWindow(rig, pair, limited)
    const { groupId } = limited.client
    await Promise.all([
      rig.sleep(neverMs),
      rig.came(rig.untilEvent(a, 'tcp:error_received', { groupId, withinMs })),
    ])
    rig.mark(pair, 'reading')
    await plain.server.resumeReading()
    await rig.came(rig.untilKernel(a, plain.client.groupId, { sendQueueBytes: 0 }))
  },

  rows: {
    plain(cell) {
      const full = cell.between('full', 'reading')
      if (full === null) return []
      const { b } = cell
      const resumed = b.first('tcp:reading_resumed')
      const more = firstOf(received(b.packets({ from: resumed?.time ?? full.to })), 'data')
      const asked = probes(cell)?.length ?? 'an unknown number of'
      return [
        staysQuiet(cell, 'quiet', cell.a.all('tcp:error_received', full), full, {
          claim: 'a receiver that lives and does not read may take as long as it likes',
          formula: 'nothing, for the whole watch: each answered probe restarts the patience',
          because: `its kernel was asked ${asked} times for room`,
          source: 'RFC 9293 section 3.8.6.1',
        }),
        took(cell, 'resumes', AT_ONCE, resumed, more, {
          claim: 'when it reads again, more arrives',
          formula: '0 .. slack after it goes on reading',
          because: 'its kernel says by itself that there is room again',
          source: 'RFC 9293 section 3.8.6.2',
        }),
      ]
    },

    'user-timeout'(cell) {
      const { a } = cell
      const asked = probes(cell)
      const first = firstOf(asked)
      // The window is full when the last answer before the first probe says so.
      const before = first ? received(a.packets({ to: first.time })) : null
      const error = a.first('tcp:error_received')
      const info = a.busy(cell.watch.to)
      const expected =
        info && zeroWindowLimited(info.retransmissionTimeoutMs, info.userTimeoutMs, info.jiffyMs)
      const answers = first
        ? received(a.packets({ from: first.time, to: error?.time ?? cell.watch.to }))
        : first
      return [
        lasts(cell, 'gives-up', expected, lastOf(before), error, {
          claim: 'TCP_USER_TIMEOUT ends a connection to a healthy receiver',
          because: 'it limits how long data may wait, for whatever reason',
          code: KERNEL_TOLD,
        }),
        counts(cell, 'answered', { min: 1, max: Math.max(1, asked?.length ?? 0) }, answers, 'answers', {
          claim: "although the receiver's kernel answers the probes",
          formula: 'at least one, and no more than there were probes',
          because: `${asked?.length ?? 0} probes were sent`,
          source: 'RFC 9293 section 3.8.6.1',
        }),
      ]
    },
  },
}

/** What asks whether there is room: neither data that is new or sent again nor an acknowledgement. */
function probes(cell: Cell) {
  return ofKind(sent(cell.a.packets()), 'other')
}
