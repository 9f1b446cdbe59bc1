/** What people want a tunnel for: a web site inside, with its cookie, and nobody on the way who sees it. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { counts, nothing, says } from '../../../src/lab/claims.ts'
import { USERS } from '../../../src/programs/bank/users.ts'
import type { UserAnswer } from '../../../src/programs/scripts/user/requests.ts'
import type { VpnSettings } from '../conditions.ts'
import { INSIDE, PAPER } from '../ends.ts'
import { openTunnel } from '../tunnel.ts'

const ROW = 'inner-http'
const JSON_PLEASE = { Accept: 'application/json', 'Content-Type': 'application/json' }

export const inside: CaseOf<VpnSettings> = {
  id: 'inside',
  promise: 'a signs in at a web bank of b, inside, and looks at the account over another connection',
  needs: ['network', 'tun'],

  async act(rig, pair) {
    await openTunnel(rig, pair, 1)
    const bank = await rig.sockets(pair.b, INSIDE.b).site.bank(ROW)
    const [customer] = USERS
    if (customer === undefined) return
    const { name, password } = customer
    const browser = rig.sockets(pair.a).user(name)
    rig.mark(pair, 'asks')
    const front = await browser.ask(ROW, bank, { path: '/', headers: JSON_PLEASE })
    const body = JSON.stringify({ user: name, password, csrf: csrfOf(front) })
    await browser.ask(ROW, bank, { method: 'POST', path: '/sign-in', headers: JSON_PLEASE, body })
    await browser.ask(ROW, bank, { path: '/account', headers: JSON_PLEASE })
    rig.mark(pair, 'over')
  },

  rows: {
    vpn(cell) {
      const asked = cell.between('asks', 'over')
      if (asked === null) return []
      const passed = cell.a.everyPacket(asked)
      const kinds = passed?.filter(({ data }) => data.protocol !== 'arp').map(({ data }) => data.protocol)
      return [
        says(cell, 'on-wire', 'udp', kinds === undefined ? null : [...new Set(kinds)].join(', '), {
          claim: 'whoever listens on the way sees datagrams of one conversation, whatever is said inside',
          formula: 'no protocol but UDP passes the cards',
          because: `${passed?.length ?? '?'} packets, from ${cell.a.first('vpn:opened')?.data.local ?? '?'}`,
          source: `${PAPER}, section 5.4.6`,
          evidence: passed ?? [],
        }),
        counts(cell, 'sessions', 1, cell.a.all('vpn:session_made'), 'sessions', {
          claim: 'one session of the tunnel carries all of it',
          formula: 'one, for each three minutes',
          because: `TCP connections inside: ${cell.beside(ROW).a.all('tcp:connected').length}`,
          source: `${PAPER}, section 6.2`,
        }),
      ]
    },

    [ROW](cell) {
      const asked = cell.between('asks', 'over')
      if (asked === null) return []
      const answers = cell.a.all('http:response_received')
      return [
        says(cell, 'signed-in', '200', statusOfLast(cell), {
          claim: 'the bank knows her again by her cookie, over a connection that it has never seen',
          formula: '200, and not 401',
          because: `cookies sent with it: ${lastAsked(cell)?.data.cookies?.length ?? 0}`,
          source: 'RFC 6265',
          evidence: answers,
          short: '200',
        }),
        counts(cell, 'connections', answers.length, portsOf(cell), 'connections', {
          claim: 'each request had a connection of its own, so none of them is the session',
          formula: 'one each request',
          because: 'the browser was told to keep none',
          source: 'RFC 9112 section 9.3',
          evidence: answers,
        }),
        nothing(cell, 'hidden', cell.a.packets(asked), asked, {
          claim: 'not one of their segments is on the wire',
          formula: 'no TCP to an address inside',
          because: 'they are what the datagrams carry, encrypted',
          source: `${PAPER}, section 5.4.6`,
          evidence: answers,
        }),
      ]
    },
  },
}

function csrfOf(answer: UserAnswer): string {
  return 'body' in answer ? String((JSON.parse(answer.body) as { csrf?: string }).csrf ?? '') : ''
}

function statusOfLast(cell: Cell): string {
  return String(cell.a.last('http:response_received')?.data.status ?? '')
}

function lastAsked(cell: Cell) {
  return cell.a.last('http:request_sent')
}

function portsOf(cell: Cell): number {
  return new Set(cell.a.all('http:response_received').map(({ group_id }) => group_id)).size
}
