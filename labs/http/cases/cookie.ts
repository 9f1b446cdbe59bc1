/** "Session cookies", ports, and what a cookie opens. */
import type { LabEvent } from '../../../src/events/vocabulary.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { counts, nothing, says } from '../../../src/lab/claims.ts'
import { firstOfEach } from '../../../src/lab/packets.ts'
import { type Ask, answered, asksOf, digestOf, sessionIn, shownIn, transfersOf, visitsOf } from '../asks.ts'
import type { HttpSettings } from '../conditions.ts'
import { madeUpId, openBank } from '../customer.ts'

const COOKIES = 'RFC 6265'
const ASVS = 'OWASP ASVS 5.0'
/** A browser that tells when it is closed has told by then. */
const TELLS_WITHIN_MS = 300

export const cookie: CaseOf<HttpSettings> = {
  id: 'cookie',
  promise: 'browsers are closed, other ports asked, and cookies confused',

  async act(rig, pair) {
    const first = await openBank(rig, pair, 'session-cookie')
    const alice = first.someone('alice')
    await alice.signIn({ connection: 'one' })
    const copy = await alice.cookie()
    await alice.visit({ connection: 'one' })
    rig.mark(pair, 'browser to be closed')
    await alice.closeBrowser()
    await rig.sleep(TELLS_WITHIN_MS)
    rig.mark(pair, 'browser opened again')
    await alice.visit()
    await first.someone('alice', {}, 'copy').visit({ cookie: copy })

    const one = await openBank(rig, pair, 'ports')
    const other = await openBank(rig, pair, 'ports')
    await one.someone('alice').signIn()
    await other.someone('alice').visit()
    // The other bank took away what it did not know.
    await one.someone('alice').visit()

    const bank = await openBank(rig, pair, 'resources')
    const [bob, carol] = [bank.someone('bob'), bank.someone('carol')]
    await bob.signIn()
    await carol.signIn()
    await bob.visit()
    await carol.visit()
    await bank.someone('nobody').visit()
    // Bob's form, and Carol's cookie.
    await bob.transfer('alice', 100, madeUpId(), { cookie: await carol.cookie() })
  },

  rows: {
    'session-cookie'(cell) {
      const { a, b } = cell
      const closed = cell.between('browser to be closed', 'browser opened again')
      if (closed === null) return []
      const given = a.all('http:cookie_received').find(({ data }) => digestOf(data.cookie) !== undefined)
      const browser = a.ofHost('http:browser_closed', closed)[0]
      const after = visitsOf(cell, 'alice').find(({ sent }) => sent.time >= closed.to)
      const [copy] = visitsOf(cell, 'copy')
      const heard: LabEvent[] = [
        ...b.all('http:request_received', closed),
        ...b.all('http-session:ended', closed),
      ]
      // The same bank hears what is said before and after.
      const before = b.all('http:request_received', { to: closed.from })
      const later = b.all('http:request_received', { from: closed.to })
      const isHeard = before.length > 0 && later.length > 0
      return [
        says(cell, 'no-date', 'no date', given ? dateOf(given.data.isPersistent) : '', {
          claim: 'the cookie has neither Max-Age nor Expires: it is what is called a session cookie',
          formula: given?.data.attributes.join('; ') ?? '',
          because: 'as Set-Cookie has it',
          source: `${COOKIES} section 5.3 step 3`,
          evidence: [given],
        }),
        says(cell, 'forgotten', '401, no cookie', outcomeAndCookie(after), {
          claim: 'when the browser is closed, the cookie is gone',
          formula: 'the next visit from that browser',
          because: 'a cookie without a date lives as long as the browser',
          source: `${COOKIES} section 5.3: "the session" is here that of the browser`,
          evidence: [browser, after?.event],
        }),
        nothing(cell, 'not-told', isHeard ? heard : null, closed, {
          claim: 'and the bank is not told',
          formula: 'no request, no end of a session, until the next visit',
          because: `of this customer it heard ${before.length} requests before, and ${later.length} after`,
          source: `${COOKIES} section 7.3`,
          unseen: 'there is no sign that this bank hears anything: no request before and after',
        }),
        answered(cell, 'lives-on', '200', copy, {
          claim: 'the session goes on: it is the bank that keeps it',
          formula: 'a visit with a copy of the cookie, afterwards',
          because: 'nobody has ended it there',
          source: `${ASVS} 7.4: a session ends when the server ends it`,
          short: copy?.outcome === '200' ? 'lives' : 'ended',
        }),
      ]
    },

    ports(cell) {
      const { b } = cell
      const [first, second] = firstOfEach(
        b.all('tcp:accepted').map(({ data }) => data.local.split(':')[1] ?? ''),
      )
      const given = b.first('http-session:created')?.data.session ?? 'the id that was given'
      const refused = b.first('http-session:refused')
      const [atOther, atFirst] = visitsOf(cell)
      return [
        says(cell, 'sent', given, sessionIn(atOther), {
          claim: "the first bank's cookie is sent to the other bank, which listens at another port",
          formula: `given at port ${first}, sent to port ${second}: the digest is the same`,
          because: 'a cookie is kept for a host name, and a host name has no port',
          source: `${COOKIES} section 8.5: cookies do not provide isolation by port`,
          short: 'sent',
          evidence: [atOther?.sent],
        }),
        says(cell, 'shown', given, refused?.data.session ?? '', {
          claim: 'so that bank has seen an id that is none of its business',
          formula: 'the id that it refuses',
          because: 'whoever listens at any port of the host is shown it',
          source: `${COOKIES} section 8.5`,
          evidence: [refused],
        }),
        says(cell, 'taken-away', '401, no cookie', outcomeAndCookie(atFirst), {
          claim: 'and it has taken the cookie away: the customer is signed out of the first bank',
          formula: 'the next visit there',
          because: 'the other bank answered with a cookie of the same name that had expired',
          source: `${COOKIES} section 8.6: weak integrity`,
          evidence: [atFirst?.event],
        }),
      ]
    },

    resources(cell) {
      const { b } = cell
      const [mine, hers, nobodys] = ['bob', 'carol', 'nobody'].map((name) => visitsOf(cell, name)[0])
      const front = asksOf(cell).find(({ what, session }) => what === 'GET /' && session === undefined)
      const [mixed] = transfersOf(cell)
      // That nothing has moved is seen where the bank says what it did about the request.
      const refused = b.first('bank:forgery_refused')
      return [
        says(cell, 'own', 'bob, carol', [mine, hers].map((visit) => shownIn(visit) ?? '-').join(', '), {
          claim: 'the same address shows each customer their own account',
          formula: 'whose account GET /account shows, by whose cookie went with it',
          because: 'the address says what, the cookie says whose',
          source: `${COOKIES} section 1`,
          evidence: [mine?.event, hers?.event],
        }),
        answered(cell, 'front-door', '200', front, {
          claim: 'the front door is open to everybody',
          formula: 'GET / without a cookie',
          because: 'it shows nothing that belongs to anybody',
          source: 'RFC 9110 section 15.3.1',
        }),
        answered(cell, 'without', '401', nobodys, {
          claim: 'the account is not',
          formula: `one of ${visitsOf(cell).length} visits, without a cookie`,
          because: 'nothing in the request says whose account to show',
          source: 'RFC 9110 section 15.5.2',
        }),
        answered(cell, 'mixed', '403', mixed, {
          claim: "with one customer's form and another's cookie the bank does nothing",
          formula: "Bob's token, Carol's cookie",
          because: 'the token in a form is good for one session only',
          source: `${ASVS} 3.5.1`,
        }),
        counts(cell, 'moved', 0, refused === undefined ? null : b.all('bank:transfer_done'), 'transfers', {
          claim: 'and no money has moved',
          formula: 'transfers that the bank did',
          because: `the bank refused it because of its ${refused?.data.because}`,
          source: `${ASVS} 2.3.1`,
          evidence: [refused, ...b.all('bank:transfer_done')],
          unseen: 'the bank does not say that it had the request',
        }),
      ]
    },
  },
}

function dateOf(isPersistent: boolean): string {
  return isPersistent ? 'a date' : 'no date'
}

/** `401, no cookie` */
function outcomeAndCookie(visit: Ask | undefined): string {
  return visit === undefined ? '' : `${visit.outcome}, ${sessionIn(visit)}`
}
