/** Keepalive more often than the router forgets. Nobody says anything, and then the server speaks first. */
import { AT_ONCE, took } from '../../../src/lab/claims.ts'
import { longestMs } from '../connections.ts'
import { kept, probesAnswered } from '../keepalive-kept.ts'
import { ALL_THREE, CONNTRACK, lookBefore, seconds } from '../router-table.ts'
import type { ForgottenRow } from './row.ts'

const ID = 'keepalive-below'

export const inTime: ForgottenRow = {
  id: ID,
  keepalive: 'below',

  async afterwards(rig, pair, { server, begunMs }) {
    const router = rig.router(pair)
    // Twice as long as the router remembers.
    const limitMs = longestMs(await router.mappings())
    await rig.sleep(begunMs + 2 * limitMs - performance.now())
    await router.mappings()
    rig.mark(pair, `${ID} speaks`)
    // Nobody outside could begin a connection with the client; on this one the server can speak first.
    await server.write('still here')
    await rig.came(rig.untilEvent(pair.a, 'tcp:received', { mechanism: ID, occurrence: 2 }))
  },

  claims(cell, router) {
    const speaks = cell.moment(`${ID} speaks`)
    const last = speaks === undefined ? undefined : lookBefore(cell, speaks)
    if (speaks === undefined || last === undefined) return []
    const arrived = cell.a.first('tcp:received', { from: speaks })
    return [
      kept(cell, router, last, ALL_THREE),
      probesAnswered(cell, { from: cell.watch.from, to: speaks }),
      took(cell, 'server-speaks', AT_ONCE, speaks, arrived, {
        claim: 'from outside, too, the first segment arrives',
        formula: '0 .. slack after the write',
        because: `the router remembers for ${seconds(router.tcpMs)} only`,
        source: CONNTRACK,
        short: arrived === undefined ? 'GONE' : 'KEPT',
      }),
    ]
  },
}
