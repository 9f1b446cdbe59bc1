/** Two servers, each with a memory of its own. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { HttpSettings } from '../conditions.ts'
import {
  afterwards,
  bankAtTwoServers,
  before,
  serversAsked,
  takenOut,
  twoServers,
  withOwnMemories,
} from '../two-servers.ts'

export const balancer: CaseOf<HttpSettings> = {
  id: 'balancer',
  promise: 'two servers, each with its own memory, and one of them is killed in mid-session',
  inTurn: true,

  async act(rig, pair, settings) {
    const sticky = { row: 'sticky-memory', policy: 'sticky', store: 'memory' } as const
    await bankAtTwoServers(rig, pair, settings, sticky)
    const spread = { row: 'spread-memory', policy: 'round-robin', store: 'memory' } as const
    await bankAtTwoServers(rig, pair, settings, spread)
  },

  rows: {
    'sticky-memory'(cell) {
      const seen = twoServers(cell)
      if (seen === null) return []
      return [
        serversAsked(cell, seen, 1, 'by its own cookie the balancer always sends her to the same server'),
        before(cell, seen, withOwnMemories(cell, seen), {
          claim: 'and that one knows her',
          formula: '200, as long as it is the server at which she signed in',
        }),
        takenOut(cell, seen),
        afterwards(cell, seen, '401', 'when it is killed, the other one has never heard of her'),
      ]
    },

    'spread-memory'(cell) {
      const seen = twoServers(cell)
      if (seen === null) return []
      return [
        serversAsked(cell, seen, 2, 'without that, each request goes to another server'),
        before(cell, seen, withOwnMemories(cell, seen), {
          claim: 'and the first that does not know her takes her cookie away: she is signed out',
          formula: '200 as long as it is the server at which she signed in, 401 from the first other one on',
        }),
        afterwards(cell, seen, '401', 'and the death of one server changes nothing about that'),
      ]
    },
  },
}
