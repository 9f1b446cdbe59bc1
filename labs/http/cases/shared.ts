/** Two servers that keep sessions and money in one store. */
import { isInPath } from '../../../src/hosts/capabilities.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { counts } from '../../../src/lab/claims.ts'
import { answered, transfersOf } from '../asks.ts'
import type { HttpSettings } from '../conditions.ts'
import { BANK_ANSWERS, madeUpId } from '../customer.ts'
import { startRedis } from '../servers.ts'
import {
  afterwards,
  bankAtTwoServers,
  before,
  forwardsOf,
  serversAsked,
  takenOut,
  twoServers,
  withSharedStore,
} from '../two-servers.ts'

/** Before it, at the balancer: the front door, its form, and the visits. */
const SIGN_IN_REQUESTS = 2

export const shared: CaseOf<HttpSettings> = {
  id: 'shared',
  promise: 'two servers with one store, and one of them is killed in mid-session',
  needs: ['signals'],
  inTurn: true,
  notHere: () =>
    isInPath('redis-server')
      ? null
      : 'there is no redis-server here: Debian has it in the package redis-server',

  async act(rig, pair, settings) {
    const { requests, amountCents } = settings
    const redis = await startRedis(rig, pair.b)
    // A database of its own for each row: two banks that have nothing to do with each other.
    const sticky = { row: 'sticky-redis', policy: 'sticky', store: `${redis}/0` } as const
    await bankAtTwoServers(rig, pair, settings, sticky, async ({ alice, home, kill }) => {
      // The request is at the server, which does not come to it any more; then it is asked for again.
      home.freeze()
      const key = madeUpId()
      const cutOff = alice.transfer('bob', amountCents, key)
      const occurrence = SIGN_IN_REQUESTS + requests + 1
      const about = { mechanism: 'sticky-redis', occurrence, ...BANK_ANSWERS }
      await rig.untilEvent(pair.a, 'balancer:forwarded', about)
      await kill()
      await cutOff
      await alice.transfer('bob', amountCents, key)
    })
    const spread = { row: 'spread-redis', policy: 'round-robin', store: `${redis}/1` } as const
    await bankAtTwoServers(rig, pair, settings, spread)
  },

  rows: {
    'sticky-redis'(cell) {
      const seen = twoServers(cell)
      if (seen === null) return []
      const [cutOff, again] = transfersOf(cell)
      const tries = cutOff === undefined ? [] : forwardsOf(cell, cutOff)
      const done = cell.b.all('bank:transfer_done')
      return [
        serversAsked(cell, seen, 1, 'by its own cookie the balancer always sends her to the same server'),
        before(cell, seen, withSharedStore(cell), WHICHEVER),
        answered(cell, 'cut-off', '502', cutOff, {
          claim: 'the transfer that was with it when it died is answered with 502: it may have been done',
          formula: 'the server frozen with the request, then killed',
          because: 'the balancer has a request that was sent, and no answer to it',
          source: 'RFC 9110 sections 9.2.2 and 15.6.3',
          short: cutOff?.outcome ?? '-',
        }),
        counts(cell, 'not-again', 1, tries, 'servers', {
          claim: 'the balancer does not try it at the other: nobody but the customer may decide that',
          formula: 'servers that were asked for it',
          because: 'a transfer is a POST',
          source: 'RFC 9110 section 9.2.2: a proxy must not retry what is not idempotent',
        }),
        takenOut(cell, seen),
        answered(cell, 'again', '200', again, {
          claim: 'she asks again, with the same key, and the other server does it',
          formula: 'the second request',
          because: 'by the key either server knows whether it was done before',
          source: 'draft-ietf-httpapi-idempotency-key-header',
        }),
        counts(cell, 'once', 1, done, 'transfers', {
          claim: 'and the money has moved once',
          formula: 'transfers that both servers did',
          because: 'transfers and keys are in the store that both share',
          source: 'draft-ietf-httpapi-idempotency-key-header',
        }),
        afterwards(cell, seen, '200', GOES_ON),
      ]
    },

    'spread-redis'(cell) {
      const seen = twoServers(cell)
      if (seen === null) return []
      return [
        serversAsked(cell, seen, 2, 'each request goes to another server'),
        before(cell, seen, withSharedStore(cell), WHICHEVER),
        takenOut(cell, seen),
        afterwards(cell, seen, '200', GOES_ON),
      ]
    },
  },
}

const WHICHEVER = { claim: 'whichever server is asked knows her', formula: '200, whatever the server' }
const GOES_ON = 'when one is killed, the other goes on with the same session'
