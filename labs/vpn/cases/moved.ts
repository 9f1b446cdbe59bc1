/** The client has another address, in the middle of it. Does the tunnel break? */
import { addressElsewhere, move } from '../../../src/faults/move.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { AT_ONCE, counts, nothing, says, took } from '../../../src/lab/claims.ts'
import type { VpnSettings } from '../conditions.ts'
import { INSIDE, openEnds, PAPER, pingAcross } from '../ends.ts'

const TALKERS = ['vpn', 'vpn-persistent'] as const

export const moved: CaseOf<VpnSettings> = {
  id: 'moved',
  promise: 'a gets another address; then b speaks first, and after it a',
  needs: ['network'],

  async act(rig, pair, { persistentMs }) {
    const ends = []
    for (const row of TALKERS) {
      const opened = await openEnds(rig, pair, row, persistentMs)
      await pingAcross(rig, pair, opened.client, row, 1)
      ends.push({ row, ...opened })
    }
    rig.alive(pair)
    await rig.strike(move(), pair, pair.a)
    rig.mark(pair, 'moved')
    await rig.sleep(persistentMs + SLACK_MS)
    rig.mark(pair, 'b-speaks')
    for (const { server } of ends) await server.ping(INSIDE.a)
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'a-speaks')
    for (const { client, row } of ends) await pingAcross(rig, pair, client, row, 2)
    rig.mark(pair, 'b-again')
    for (const { server } of ends) await server.ping(INSIDE.a)
    await rig.sleep(SLACK_MS)
    rig.endWatch('move', pair, pair.a)
  },

  rows: {
    vpn(cell) {
      const astray = cell.between('b-speaks', 'a-speaks')
      const spoke = cell.moment('a-speaks')
      const again = cell.moment('b-again')
      if (astray === null || spoke === undefined || again === undefined) return []
      const { a, b } = cell
      const roamed = b.first('vpn:roamed', { from: spoke })
      return [
        nothing(cell, 'astray', b.all('vpn:ping_answered', astray), astray, {
          claim: 'what b says goes to where a was, and nobody is told that it is not there',
          formula: 'no answer to the ping of b',
          because: 'b has one address of a: that of the last packet that was authentic',
          source: `${PAPER}, section 2.1`,
          short: 'ASTRAY',
        }),
        took(cell, 'answered', AT_ONCE, spoke, a.first('vpn:ping_answered', { from: spoke }), {
          claim: 'a speaks, from an address that b has never seen, and is answered at once',
          because: 'a session is two keys; addresses have no part in it',
          source: `${PAPER}, section 2.1`,
        }),
        says(cell, 'roamed', addressElsewhere(addressOf(roamed?.data.from)), addressOf(roamed?.data.to), {
          claim: 'with that packet b knows where a is now',
          formula: 'the new address',
          because: `before it was ${addressOf(roamed?.data.from)}`,
          source: `${PAPER}, section 2.1`,
          evidence: [roamed],
        }),
        took(cell, 'found', AT_ONCE, again, b.first('vpn:ping_answered', { from: again }), {
          claim: 'and now the ping of b arrives, too',
          because: 'it goes to where the last packet came from',
          source: `${PAPER}, section 2.1`,
        }),
        counts(cell, 'same-session', 1, a.all('vpn:session_made'), 'sessions', {
          claim: 'all that in one session: nothing was agreed on again',
          formula: 'one, from before',
          because: 'to TCP another address is another connection; to this it is a detail',
          source: `${PAPER}, section 2.1; RFC 9293 section 3.3.10`,
        }),
      ]
    },

    'vpn-persistent'(cell) {
      const [struck, hasMoved, asked] = [cell.strike?.at, cell.moment('moved'), cell.moment('b-speaks')]
      if (struck === undefined || hasMoved === undefined || asked === undefined) return []
      // It has no address for a moment, and then the new one: somewhere in the time that the move took.
      const maxMs = hasMoved - struck + cell.settings.persistentMs
      const roamed = cell.b.first('vpn:roamed', { from: struck })
      return [
        took(cell, 'told', { minMs: 0, maxMs }, struck, roamed, {
          claim: 'the next keepalive tells b where a is, without a word from anybody',
          formula: '0 .. the time that the move takes + PersistentKeepalive + slack',
          because: 'it is authentic, so its sender is a, wherever it comes from',
          source: `${PAPER}, sections 2.1, 6.5`,
        }),
        took(cell, 'found', AT_ONCE, asked, cell.b.first('vpn:ping_answered', { from: asked }), {
          claim: 'so what b says arrives, although a has said nothing since',
          because: 'for this, and for routers that forget, it is there',
          source: `${PAPER}, section 6.5`,
          short: 'FOUND',
        }),
      ]
    },
  },
}

function addressOf(place: string | undefined): string {
  return place?.replace(/:\d+$/, '') ?? ''
}
