/** Many sessions over one connection: from one program that has several users, and through a balancer. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { counts } from '../../../src/lab/claims.ts'
import type { HttpSettings } from '../conditions.ts'
import { connections, ownAccount, sessions } from '../counted.ts'
import { customersOf, openBank } from '../customer.ts'

const USERS = ['alice', 'bob', 'carol'] as const
const VISITS_EACH = 2
/** The front door, its form, and the visits. */
const REQUESTS_EACH = 2 + VISITS_EACH

export const oneConn: CaseOf<HttpSettings> = {
  id: 'one-conn',
  promise: 'three customers bank over one connection to the server',

  async act(rig, pair) {
    const shared = await openBank(rig, pair, 'one-client')
    const neighbours = USERS.map((name) => shared.someone(name, { connection: 'one' }))
    for (const user of neighbours) await user.signIn()
    for (let visit = 0; visit < VISITS_EACH; visit++) {
      for (const user of neighbours) await user.visit()
    }

    const bank = await rig.sockets(pair.b).site.bank('proxied')
    const only = { policy: 'round-robin', connectionsMax: 1 } as const
    const balancer = await rig.sockets(pair.a).site.balancer('proxied', [bank], only)
    const someone = customersOf(rig, pair, 'proxied', balancer)
    const clients = USERS.map((name) => someone(name, { connection: name }))
    await Promise.all(clients.map((user) => user.signIn()))
    for (let visit = 0; visit < VISITS_EACH; visit++) {
      await Promise.all(clients.map((user) => user.visit()))
    }
  },

  rows: {
    'one-client': (cell) => [
      ...connections(cell, 1, {
        claim: 'three customers travel over one TCP connection',
        formula: 'one for all',
      }),
      sessions(cell, USERS.length, {
        claim: 'and they are three sessions',
        formula: `${USERS.length} signed in`,
      }),
      ownAccount(cell, USERS.length, VISITS_EACH),
    ],

    proxied(cell) {
      const front = cell.a.all('tcp:accepted')
      const reused = cell.a.all('balancer:forwarded').filter(({ data }) => data.reused)
      return [
        ...connections(cell, 1, {
          claim: 'behind the balancer there is one TCP connection',
          formula: 'as many as it may open: 1',
        }),
        counts(cell, 'front', USERS.length, front, 'connections', {
          claim: 'in front of it there is one for each customer',
          formula: `${USERS.length} browsers, each with one`,
          because: 'connections that the balancer accepted',
          source: 'RFC 9110 section 3.7: connections on both sides of a gateway are independent',
        }),
        counts(cell, 'reused', REQUESTS_EACH * USERS.length - 1, reused, 'requests', {
          claim: 'all requests but the first find that connection open',
          formula: 'requests - 1',
          because: 'as the balancer says of each request that it passes on',
          source: 'RFC 9112 section 9.3',
        }),
        sessions(cell, USERS.length, {
          claim: 'it carries three sessions',
          formula: `${USERS.length} signed in`,
        }),
        ownAccount(cell, USERS.length, VISITS_EACH),
      ]
    },
  },
}
