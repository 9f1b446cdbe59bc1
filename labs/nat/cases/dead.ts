/** Now the kernel is gone too. The probes that nobody answers go on refreshing the router. */
import { routerKinds } from '../../../src/hosts/router.ts'
import { keepaliveGiveUpSinceHeard } from '../../../src/kernel/give-up.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { type Claims, took } from '../../../src/lab/claims.ts'
import { received } from '../../../src/lab/packets.ts'
import { FIVE_DAYS, type NatSettings, quickOnly } from '../conditions.ts'
import { greet, OUTCOME } from '../connections.ts'
import { shortOf } from '../first-segment.ts'
import { kept } from '../keepalive-kept.ts'
import { knowingRouter, lookBefore, memoryOf, remembersFor, seconds } from '../router-table.ts'

const ROW = 'keepalive-below'

export const dead: CaseOf<NatSettings> = {
  id: 'dead',
  promise: 'the same router, and the host of the server loses power',
  needs: ['router'],
  router: ({ memory }) => ({ ...memory, ...routerKinds.silent }),
  notHere: (_rig, plan) => quickOnly(plan, FIVE_DAYS),

  async act(rig, pair, { keepalive }) {
    const router = rig.router(pair)
    await greet(rig, pair, ROW, { keepalive: keepalive.below })
    await router.mappings()
    await rig.strike('power-off', pair)
    await rig.untilKernel(pair.a, ROW, { unansweredProbes: 2 }, OUTCOME)
    await router.mappings()
    rig.mark(pair, 'two unanswered')
    await rig.came(rig.untilEvent(pair.a, 'tcp:error_received', { mechanism: ROW, ...OUTCOME }))
    rig.endWatch('power-off', pair)
  },

  rows: {
    [ROW]: knowingRouter((cell, router): Claims => {
      const { a } = cell
      const keepalive = a.keepalive()
      const unanswered = cell.moment('two unanswered')
      const look = unanswered === undefined ? undefined : lookBefore(cell, unanswered)
      const { strike } = cell
      if (strike === undefined || keepalive === null || look === undefined) return []
      const error = a.first('tcp:error_received', { from: strike.began })
      const packets = received(a.packets(error === undefined ? {} : { to: error.time }))
      const { idleMs, intervalMs, probes } = keepalive
      return [
        kept(cell, router, look, 'client up, router ESTABLISHED, server gone'),
        remembersFor(cell, 'remaining', look, memoryOf(router).tcp, {
          claim: 'each unanswered probe restarts the clock of the router',
        }),
        took(
          cell,
          'noticed',
          keepaliveGiveUpSinceHeard(keepalive, 0, cell.jiffyMs),
          packets === null ? null : packets.at(-1),
          error,
          {
            code: 'ETIMEDOUT',
            claim: 'the client notices, by probes that nobody answers',
            formula: `idle ${seconds(idleMs)} + ${probes} x interval ${seconds(intervalMs)} + slack`,
            because:
              error === undefined
                ? 'it was told nothing'
                : `${seconds(error.time - strike.at)} after the power was off`,
            source: 'tcp_keepalive_timer(), RFC 9293 3.8.4',
            short: shortOf(error) ?? '-',
          },
        ),
      ]
    }),
  },
}
