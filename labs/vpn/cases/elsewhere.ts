/** The client has another address, with a TCP connection inside the tunnel and one beside it. */
import { addressElsewhere, move } from '../../../src/faults/move.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { AT_ONCE, counts, nothing, says, took } from '../../../src/lab/claims.ts'
import type { VpnSettings } from '../conditions.ts'
import { PAPER } from '../ends.ts'
import { connectBeside, connectInside, echoed, HELLO, openTunnel } from '../tunnel.ts'

/** So long the one beside is listened for. */
const LISTENS_MS = 5 * SLACK_MS

export const elsewhere: CaseOf<VpnSettings> = {
  id: 'elsewhere',
  promise:
    'a gets another address, in the middle of two TCP connections: one inside the tunnel, one beside it',
  needs: ['network', 'tun'],

  async act(rig, pair) {
    await openTunnel(rig, pair, 1)
    const [inner, plain] = [await connectInside(rig, pair), await connectBeside(rig, pair)]
    rig.alive(pair)
    await rig.strike(move(), pair, pair.a)
    rig.mark(pair, 'speaks')
    await Promise.all([inner.write(HELLO), plain.write(HELLO)])
    await echoed(rig, pair, 'inner-tcp', 2, LISTENS_MS)
    await rig.sleep(LISTENS_MS)
    rig.mark(pair, 'over')
    rig.endWatch('move', pair, pair.a)
  },

  rows: {
    vpn(cell) {
      const spoke = cell.moment('speaks')
      if (spoke === undefined) return []
      const roamed = cell.b.first('vpn:roamed', { from: spoke })
      const [from, to] = [addressOf(roamed?.data.from), addressOf(roamed?.data.to)]
      return [
        says(cell, 'roamed', addressElsewhere(from), to, {
          claim: 'the first segment from inside tells b where a is now',
          formula: 'the new address',
          because: `before it was ${from}`,
          source: `${PAPER}, section 2.1`,
          evidence: [roamed],
        }),
        counts(cell, 'same-session', 1, cell.a.all('vpn:session_made'), 'sessions', {
          claim: 'in the keys from before',
          formula: 'one session, from before',
          because: 'addresses have no part in it',
          source: `${PAPER}, section 2.1`,
        }),
      ]
    },

    'inner-tcp'(cell) {
      const spoke = cell.moment('speaks')
      const over = cell.moment('over')
      if (spoke === undefined || over === undefined) return []
      const heard = cell.a.first('tcp:received', { from: spoke })
      return [
        took(cell, 'survives', AT_ONCE, spoke, heard, {
          claim: 'the connection inside goes on as if nothing had happened',
          because: 'its addresses are those inside, and they have not changed',
          source: 'RFC 9293 section 3.3.10',
          short: 'LIVES',
        }),
        says(cell, 'kernels', 'ESTABLISHED | ESTABLISHED', cell.states(over), {
          claim: 'and both kernels hold it',
          formula: 'a | b',
          because: 'to them nothing has happened',
          source: 'proc(5), /proc/net/tcp',
          evidence: [cell.a.last('kernel:socket_updated'), cell.b.last('kernel:socket_updated')],
        }),
      ]
    },

    'plain-tcp'(cell) {
      const said = cell.between('speaks', 'over')
      if (said === null) return []
      return [
        nothing(cell, 'lost', cell.a.all('tcp:received', said), said, {
          claim: 'the connection beside it never gets an answer again',
          because: 'it is named by an address that a does not have any more',
          source: 'RFC 9293 section 3.3.10',
          evidence: [cell.a.first('tcp:written', said)],
          short: 'LOST',
        }),
        says(cell, 'believed', 'up', cell.a.belief(said.to), {
          claim: 'and a goes on believing in it',
          formula: 'until tcp_retries2 is over, which takes minutes',
          because: 'nobody tells it',
          source: 'tcp(7), tcp_retries2',
          evidence: [cell.a.last('belief:updated')],
        }),
      ]
    },
  },
}

function addressOf(place: string | undefined): string {
  return place?.replace(/:\d+$/, '') ?? ''
}
