/** One session: over a connection for each request, over one that is kept, and over several at the same time. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { answered, visitsOf } from '../asks.ts'
import type { HttpSettings } from '../conditions.ts'
import { connections, sessions } from '../counted.ts'
import { openBank } from '../customer.ts'

/** The front door, and its form. */
const SIGN_IN_REQUESTS = 2

export const manyConns: CaseOf<HttpSettings> = {
  id: 'many-conns',
  promise: 'one customer signs in, and looks at the account over many connections',

  async act(rig, pair, { requests, sockets }) {
    const alice = (await openBank(rig, pair, 'per-request')).someone('alice')
    await alice.signIn()
    for (let request = 0; request < requests; request++) await alice.visit()

    const keeper = (await openBank(rig, pair, 'kept')).someone('alice', { connection: 'one' })
    await keeper.signIn()
    for (let request = 0; request < requests; request++) await keeper.visit()

    const busy = (await openBank(rig, pair, 'parallel')).someone('alice', { connection: '0' })
    await busy.signIn()
    const all = Array.from({ length: sockets }, (_, index) => ({ connection: String(index) }))
    await Promise.all(all.map((how) => busy.visit(how)))
    await Promise.all(all.map((how) => busy.visit(how)))
  },

  rows: {
    'per-request'(cell) {
      const { requests } = cell.settings
      const count = SIGN_IN_REQUESTS + requests
      return [
        ...connections(cell, count, {
          claim: 'each request has a TCP connection of its own',
          formula: `one for each of ${count} requests`,
        }),
        ...oneSession(cell, requests),
      ]
    },

    kept(cell) {
      const { requests } = cell.settings
      return [
        ...connections(cell, 1, {
          claim: 'one TCP connection carries all requests',
          formula: `one for all of ${SIGN_IN_REQUESTS + requests} requests`,
        }),
        ...oneSession(cell, requests),
      ]
    },

    parallel(cell) {
      const { sockets } = cell.settings
      return [
        ...connections(cell, sockets, {
          claim: `${sockets} TCP connections carry the requests, at the same time`,
          formula: `${sockets} at the same time, then kept`,
        }),
        ...oneSession(cell, 2 * sockets),
      ]
    },
  },
}

function oneSession(cell: Cell<HttpSettings>, visits: number) {
  return [
    sessions(cell, 1, { claim: 'and they are one session', formula: 'one: she signed in once' }),
    answered(cell, 'answers', `200 x ${visits}`, visitsOf(cell), {
      claim: 'every request is answered as hers',
      formula: 'one 200 for each',
      because: 'each brings the cookie along',
      source: 'OWASP ASVS 5.0 chapter 7; RFC 6265 section 1',
    }),
  ]
}
