/** This proxy would pass on whatever it hears; but it hears nothing. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { AT_ONCE, took } from '../../../src/lab/claims.ts'
import { type NatSettings, quickOnly } from '../conditions.ts'
import { OUTCOME } from '../connections.ts'
import { askLater, backEnds, proxyClosed, throughProxy, whileItWaits } from '../through-proxy.ts'

const QUARTER_OF_AN_HOUR = 'the kernel of the proxy has patience for a quarter of an hour (tcp_retries2)'

export const proxyOff: CaseOf<NatSettings> = {
  id: 'proxy-off',
  promise: 'the host of the server behind a proxy loses power',
  needs: ['network'],
  notHere: (_rig, plan) => quickOnly(plan, QUARTER_OF_AN_HOUR),

  async act(rig, pair, settings) {
    const { client } = await throughProxy(rig, pair, settings)
    await rig.strike('power-off', pair)
    await askLater(rig, pair, settings, client)
    await rig.came(rig.untilEvent(pair.a, 'tcp:error_received', { groupId: client.groupId, ...OUTCOME }))
    rig.endWatch('power-off', pair)
  },

  rows: {
    front(cell) {
      const asks = cell.moment('asks')
      if (asks === undefined) return []
      const ends = backEnds(cell, asks)
      const error = cell.a.first('tcp:error_received', { from: asks })
      return [
        ...whileItWaits(cell, {
          state: 'ESTABLISHED',
          because: 'nothing came on either: a host that loses its power sends no packet',
        }),
        took(cell, 'told', ends?.span ?? AT_ONCE, asks, ends && error, {
          code: 'ECONNRESET',
          claim: 'the client is told when the proxy gives up on its other connection, by RST',
          ...(ends === null ? {} : { formula: ends.formula }),
          because: `the proxy: ${proxyClosed(cell, asks).because}`,
          source: 'tcp_write_timeout(), RFC 9293 3.10.7.1',
        }),
      ]
    },

    back(cell) {
      const asks = cell.moment('asks')
      if (asks === undefined) return []
      const ends = backEnds(cell, asks)
      const { closed, because } = proxyClosed(cell, asks)
      const gaveUp = because.startsWith('ETIMEDOUT') ? closed : undefined
      return [
        took(cell, 'gave-up', ends?.span ?? AT_ONCE, asks, ends && gaveUp, {
          claim: 'the proxy learns nothing until it passes a request on; then its kernel gives up',
          ...(ends === null ? {} : { formula: ends.formula }),
          because,
          source: 'tcp_write_timeout(), net.ipv4.tcp_retries2',
          short: gaveUp === undefined ? '-' : 'TIMEOUT',
        }),
      ]
    },
  },
}
