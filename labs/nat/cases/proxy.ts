/** A proxy that keeps its clients' connections open, whatever becomes of the servers behind it. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { AT_ONCE, nothing, says, took } from '../../../src/lab/claims.ts'
import type { NatSettings } from '../conditions.ts'
import { OUTCOME, SILENCE_MS } from '../connections.ts'
import { areKernelsRead, askLater, proxyClosed, throughProxy, whileItWaits } from '../through-proxy.ts'

export const proxy: CaseOf<NatSettings> = {
  id: 'proxy',
  promise: 'the server behind a proxy is killed; the proxy keeps that to itself',

  async act(rig, pair, settings) {
    const { client, proxy } = await throughProxy(rig, pair, settings)
    await proxy.set({ mode: 'hold' }, 'to-client')
    await rig.strike('kill', pair)
    await askLater(rig, pair, settings, client)
    await rig.sleep(SILENCE_MS)
    rig.mark(pair, 'asks again')
    await client.write('hello?')
    await rig.came(rig.untilEvent(pair.a, 'tcp:error_received', { groupId: client.groupId, ...OUTCOME }))
    rig.endWatch('kill', pair)
  },

  rows: {
    front(cell) {
      const asking = cell.between('asks', 'asks again')
      if (asking === null) return []
      const { a } = cell
      const asked = a.first('tcp:written', asking)
      if (asked === undefined) return []
      const forwarded = a.first('relay:forwarded', asking)
      const heard = [...a.all('belief:updated', asking), ...a.all('tcp:received', asking)]
      const error = a.first('tcp:error_received', { from: asking.to })
      return [
        ...whileItWaits(cell, {
          state: 'CLOSE-WAIT',
          because: 'FIN came on one of them, and nothing on the other',
        }),
        nothing(cell, 'first-request', heard, asking, {
          claim: 'the first request is taken, and lost without a word',
          formula: 'nothing, until the client speaks again',
          because:
            forwarded === undefined
              ? 'the proxy passed nothing on'
              : 'the proxy passed it on; only when it writes again does it learn that the answer was RST',
          source: 'write(2): what a kernel takes is not what a program got',
          evidence: [asked, forwarded, ...heard],
        }),
        took(cell, 'told', AT_ONCE, asking.to, error, {
          code: 'ECONNRESET',
          claim: 'with the second request the proxy notices, and resets the client',
          formula: '0 .. slack after the write',
          because: `the proxy: ${proxyClosed(cell, asking.from).because}`,
          source: 'write(2) EPIPE, RFC 9293 3.10.7.1',
        }),
      ]
    },

    back(cell) {
      const asks = cell.moment('asks')
      if (asks === undefined || !areKernelsRead(cell)) return []
      const state = cell.a.state(asks)
      return [
        says(cell, 'state', 'CLOSE-WAIT', state, {
          claim: 'the kernel of the proxy was told at once that its server is gone',
          formula: 'FIN arrived, the proxy has not closed',
          because: 'SIGKILL: the kernel of the dead says goodbye',
          source: 'RFC 9293 3.3.2',
          evidence: [cell.a.last('kernel:socket_updated', { to: asks })],
          short: state === 'CLOSE-WAIT' ? 'FIN' : '-',
        }),
      ]
    },
  },
}
