/** The router is refreshed, the kernel answers, and the program behind it hangs. */
import { routerKinds } from '../../../src/hosts/router.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { type Claims, counts, nothing } from '../../../src/lab/claims.ts'
import { FIVE_DAYS, type NatSettings, quickOnly } from '../conditions.ts'
import { greet, longestMs } from '../connections.ts'
import { kept, probesAnswered } from '../keepalive-kept.ts'
import { ALL_THREE, knowingRouter, lookBefore } from '../router-table.ts'

const ROW = 'keepalive-below'
const QUESTION = 'anybody there?'

export const frozen: CaseOf<NatSettings> = {
  id: 'frozen',
  promise: 'the same router, and the program of the server hangs (SIGSTOP)',
  needs: ['router', 'signals'],
  router: ({ memory }) => ({ ...memory, ...routerKinds.silent }),
  notHere: (_rig, plan) => quickOnly(plan, FIVE_DAYS),

  async act(rig, pair, { keepalive }) {
    const router = rig.router(pair)
    const { client, server } = await greet(rig, pair, ROW, { keepalive: keepalive.below })
    const limitMs = longestMs(await router.mappings())
    const { undo } = await rig.strike('freeze', pair)
    await client.write(QUESTION)
    await rig.untilKernel(pair.b, server.groupId, { receiveQueueBytes: QUESTION.length })
    await rig.sleep(2 * limitMs)
    await router.mappings()
    await client.observe()
    rig.endWatch('freeze', pair)
    await undo()
  },

  rows: {
    [ROW]: knowingRouter((cell, router): Claims => {
      const { strike } = cell
      const last = strike && lookBefore(cell, strike.until)
      if (strike === undefined || last === undefined) return []
      const { a, b } = cell
      const watch = { from: strike.at, to: strike.until }
      const doubts = a.all('belief:updated', watch)
      const asked = a.first('tcp:written', watch)
      if (asked === undefined) return []
      const unread = b.last('kernel:socket_updated', { to: watch.to })
      return [
        nothing(cell, 'unnoticed', doubts, watch, {
          claim: 'the client notices nothing of a server that hangs',
          formula: 'nothing, for the whole watch',
          because: `what was true: its peer is ${cell.log.truthAt(a.host, watch.to)}`,
          source: 'RFC 9293 3.8.4: keepalive asks the other kernel',
          evidence: [asked, ...doubts],
          short: doubts.length === 0 ? 'GHOST' : 'NOTICED',
        }),
        kept(cell, router, last, ALL_THREE),
        probesAnswered(cell, watch),
        counts(cell, 'unread', asked.data.bytes, unread?.data.new?.receiveQueueBytes ?? 0, 'bytes', {
          claim: 'what the client asks is acknowledged, and nobody reads it',
          formula: 'as many bytes as were written lie in the kernel of the server',
          because: 'its kernel goes on without the program',
          source: 'proc(5), /proc/net/tcp',
          evidence: [asked, unread],
        }),
      ]
    }),
  },
}
