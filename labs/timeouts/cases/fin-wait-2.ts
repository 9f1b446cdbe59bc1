/** The client closes, the server acknowledges it and never closes itself. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { AT_ONCE, took } from '../../../src/lab/claims.ts'
import { received, sent } from '../../../src/lab/packets.ts'
import type { TimeoutsSettings } from '../conditions.ts'
import { finWait2 as finWait2Patience } from '../expectations.ts'
import { open } from '../sockets.ts'
import { firstOf, forgotten, lasts, staysQuiet } from '../waits.ts'

const KEEPS_OPEN = { allowHalfOpen: true }

export const finWait2: CaseOf<TimeoutsSettings> = {
  id: 'fin-wait-2',
  promise: 'the client closes, the server never does',
  needs: ['cable'],

  async act(rig, pair, { neverMs, withinMs }) {
    const { a } = pair
    const closed = await open(rig, pair, 'plain', {}, KEEPS_OPEN)
    const half = await open(rig, pair, 'half-closed', KEEPS_OPEN, KEEPS_OPEN)
    await closed.client.destroy()
    await half.client.end()
    for (const { client } of [closed, half]) await rig.untilKernel(a, client.groupId, 'FIN-WAIT-2')
    rig.mark(pair, 'half-closed')
    await Promise.all([
      rig.sleep(neverMs),
      rig.came(rig.untilKernel(a, closed.client.groupId, 'CLOSED', { withinMs })),
    ])
    rig.mark(pair, 'speaking')
    await half.server.write('still here')
    await rig.came(rig.untilEvent(a, 'tcp:received', { groupId: half.client.groupId }))
  },

  rows: {
    plain(cell) {
      const { a } = cell
      const fin = firstOf(sent(a.packets()), 'fin')
      const acknowledged = fin ? firstOf(received(a.packets({ from: fin.time })), 'ack') : fin
      const expected = finWait2Patience(a.sysctl('tcp_fin_timeout'), cell.jiffyMs)
      return [
        lasts(cell, 'gives-up', expected, acknowledged, forgotten(a, 'FIN-WAIT-2'), {
          claim:
            'when no program has the socket any more, the kernel waits only this long for the FIN of the other end',
          because: 'close() gave the socket away, and nobody could read what came',
        }),
      ]
    },

    'half-closed'(cell) {
      const waiting = cell.between('half-closed', 'speaking')
      if (waiting === null) return []
      const { a, b } = cell
      const began = a.last('kernel:socket_updated', { to: waiting.from })
      const changed = began && [began, ...a.all('kernel:socket_updated', waiting)]
      const said = firstOf(sent(b.packets({ from: waiting.to })), 'data')
      const others = changed?.filter(({ data }) => data.new?.state !== 'FIN-WAIT-2') ?? null
      return [
        staysQuiet(cell, 'quiet', others, waiting, {
          claim: 'when the program only half closed, the kernel waits in FIN-WAIT-2 without a limit',
          formula: 'nothing, for the whole watch: tcp_fin_timeout is for sockets that nobody has',
          because: 'the program still has the socket, and may read for as long as it likes',
          source: 'RFC 9293 section 3.6, tcp(7)',
          evidence: [began],
        }),
        took(cell, 'still-open', AT_ONCE, said, a.first('tcp:received', { from: waiting.to }), {
          claim: 'what the other end says still arrives',
          formula: '0 .. slack after it was sent',
          because: 'a FIN closes one direction',
          source: 'RFC 9293 section 3.6',
        }),
      ]
    },
  },
}
