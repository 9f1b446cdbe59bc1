/** Cookies in other hands, and cookies that nobody was given. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { counts, says } from '../../../src/lab/claims.ts'
import {
  type Ask,
  answered,
  asksOf,
  digestOf,
  sessionIn,
  sessionsAt,
  shownIn,
  transfersOf,
  visitsOf,
} from '../asks.ts'
import type { HttpSettings } from '../conditions.ts'
import { madeUpId, openBank } from '../customer.ts'

const ASVS = 'OWASP ASVS 5.0'
const COOKIES = 'RFC 6265'
/** More than any browser keeps, and less than the bank's limit for all headers; the other is more than that, too. */
const LARGE_BYTES = 5000
const LARGER_BYTES = 20_000

export const theft: CaseOf<HttpSettings> = {
  id: 'theft',
  promise: 'somebody else has the cookie, or one that was made up',

  async act(rig, pair, { amountCents }) {
    const copied = await openBank(rig, pair, 'copied')
    const alice = copied.someone('alice', { connection: 'hers' })
    const thief = copied.someone('alice', {}, 'thief')
    await alice.signIn()
    const cookie = await alice.cookie()
    await thief.transfer('bob', amountCents, madeUpId(), { cookie })
    await thief.visit({ cookie })
    await thief.transfer('bob', amountCents, madeUpId(), { cookie })
    await alice.visit()
    await alice.signOut('everywhere')
    await thief.visit({ cookie })

    const fixed = await openBank(rig, pair, 'fixed-id')
    const planted = `session=${madeUpId()}`
    const victim = fixed.someone('alice')
    await victim.isGiven(planted)
    await victim.signIn()
    await fixed.someone('alice', {}, 'attacker').visit({ cookie: planted })
    await victim.visit()

    const forger = (await openBank(rig, pair, 'forged-id')).someone('alice', {}, 'forger')
    await forger.visit({ cookie: `session=${madeUpId()}` })
    await forger.visit({ cookie: 'session=alice' })

    const replayed = await openBank(rig, pair, 'replayed')
    const bob = replayed.someone('bob')
    await bob.signIn()
    const old = await bob.cookie()
    await bob.visit()
    await bob.signOut('here')
    await bob.signIn()
    await bob.visit()
    await replayed.someone('bob', {}, 'replayer').visit({ cookie: old })

    const oversized = await openBank(rig, pair, 'oversized')
    const carol = oversized.someone('carol')
    await carol.signIn()
    const tooLarge = oversized.someone('carol', {}, 'too-large')
    await tooLarge.visit({ cookie: `session=${'f'.repeat(LARGE_BYTES)}` })
    await tooLarge.visit({ cookie: `session=${'f'.repeat(LARGER_BYTES)}` })
    await carol.visit()
  },

  rows: {
    copied(cell) {
      const [blind, seen] = transfersOf(cell, 'thief')
      const [first, last] = visitsOf(cell, 'thief')
      const hers = visitsOf(cell, 'alice').at(-1)
      return [
        says(cell, 'works', '200, alice', first ? `${first.outcome}, ${shownIn(first)}` : '', {
          claim: 'whoever has a copy of the cookie is that customer',
          formula: 'a visit of the thief: whose account it shows',
          because: 'the bank asks for nothing else',
          source: `${COOKIES} section 8.4: whoever has the session identifier has the session`,
          short: first?.outcome ?? '-',
          evidence: [first?.event],
        }),
        says(cell, 'connection', 'another', connectionOf(first, asksOf(cell, 'alice')), {
          claim: 'over a connection of their own: nobody compares',
          formula: 'its group is none of hers',
          because: 'a session is tied to no connection',
          source: `${COOKIES} section 8.4`,
          evidence: [first?.event],
        }),
        answered(cell, 'blind', '403', blind, {
          claim: 'a form is refused until they have seen a page: the cookie alone moves no money',
          formula: 'a transfer without a token',
          because: 'the token is in the pages, and not in the cookie',
          source: `${ASVS} 3.5.1`,
        }),
        answered(cell, 'seen', '200', seen, {
          claim: 'but pages are shown to them as well, and then it moves',
          formula: 'a transfer with the token of a page that they asked for',
          because: 'whoever can read pages can read the token',
          source: `${ASVS} 3.5.1: the token is against other sites, and not against thieves`,
        }),
        answered(cell, 'unnoticed', '200', hers, {
          claim: 'the customer goes on, and notices nothing',
          formula: 'her next visit',
          because: 'a session can be used from two places at once',
          source: `${COOKIES} section 8.4`,
        }),
        answered(cell, 'limited', '401', last, {
          claim: 'it ends for the thief when it ends for her: by signing out, or by a limit',
          formula: 'the visit of the thief after she signed out everywhere',
          because: 'there is one session, and she has ended it',
          source: `${ASVS} 7.3.1, 7.3.2, 7.4.1`,
        }),
      ]
    },

    'fixed-id'(cell) {
      // Nobody sent it: it belongs to no connection, and so to no row.
      const planted = cell.a
        .ofHost('http:cookie_received')
        .find(({ data, group_id }) => group_id === undefined && data.user === `alice ${cell.row}`)
      const plantedId = planted && digestOf(planted.data.cookie)
      const brought = asksOf(cell, 'alice').filter(
        ({ what, session }) => what === 'POST /sign-in' && session !== undefined && session === plantedId,
      )
      const sessions = sessionsAt(cell)
      const isAnother = sessions.length === 1 && plantedId !== undefined && sessions[0] !== plantedId
      const [attacker] = visitsOf(cell, 'attacker')
      return [
        counts(cell, 'brought', 1, brought.length, 'requests', {
          claim: 'the customer signs in with a browser in which somebody has put an id of their own',
          formula: 'the sign-in that carried it',
          because: `planted ${plantedId}`,
          source: `${ASVS} 7.2.4: session fixation`,
          evidence: brought.map(({ sent }) => sent),
        }),
        says(cell, 'renewed', 'another id', isAnother ? 'another id' : sessions.join(', '), {
          claim: 'the bank does not take it: it gives out an id that was never seen before',
          formula: 'the digest of the session, against that of the id',
          because: `planted ${plantedId}, signed in as ${sessions.join(', ')}`,
          source: `${ASVS} 7.2.4`,
          short: isAnother ? 'renewed' : 'taken',
          evidence: cell.b.all('http-session:created'),
        }),
        answered(cell, 'attacker', '401', attacker, {
          claim: 'and somebody who knows the old one has nothing',
          formula: 'a visit with the planted id',
          because: `it is the id of no session; the visit showed ${sessionIn(attacker)}`,
          source: `${ASVS} 7.2.4`,
        }),
        answered(cell, 'victim', '200', visitsOf(cell, 'alice')[0], {
          claim: 'while the customer has a session',
          formula: 'her own visit',
          because: 'her browser keeps the id that the bank gave',
          source: `${ASVS} 7.2.4`,
        }),
      ]
    },

    'forged-id'(cell) {
      const visits = visitsOf(cell, 'forger')
      const refused = cell.b.all('http-session:refused')
      return [
        answered(cell, 'refused', '401 x 2', visits, {
          claim: 'an id that was made up is refused',
          formula: 'a random one of the right form, and a name',
          because: 'one of 128 bits cannot be guessed',
          source: `${ASVS} 7.2.3`,
          short: visits[0]?.outcome ?? '-',
        }),
        says(cell, 'reasons', 'unknown, malformed', refused.map(({ data }) => data.because).join(', '), {
          claim: 'the bank looks for the first and finds no session, and does not even look for the second',
          formula: 'as the bank says',
          because: 'what does not have the form of an id cannot be one',
          source: `${ASVS} 7.2.1, 2.2.1`,
          evidence: refused,
        }),
      ]
    },

    replayed(cell) {
      const visits = visitsOf(cell, 'bob')
      const [replay] = visitsOf(cell, 'replayer')
      const refused = cell.b.last('http-session:refused')
      return [
        answered(cell, 'refused', '401', replay, {
          claim: 'a cookie from before the last sign-out opens nothing',
          formula: 'a visit with the old cookie',
          because: 'the session that it names is over',
          source: `${ASVS} 7.4.1`,
          short: replay?.outcome ?? '-',
        }),
        says(cell, 'was-good', visits[0]?.session ?? 'the id from before', refused?.data.session ?? '', {
          claim: 'though it is the very one that opened the account before',
          formula: 'the digest that was refused, against that of the first visit',
          because: `the first visit was answered with ${visits[0]?.outcome ?? 'nothing'}`,
          source: `${ASVS} 7.4.1`,
          evidence: [visits[0]?.event, refused],
        }),
        answered(cell, 'meanwhile', '200 x 2', visits, {
          claim: 'and the customer, who has signed in again, is known by another one',
          formula: 'the visits before, and after signing in again',
          because: `their sessions: ${visits.map(sessionIn).join(', ')}`,
          source: `${ASVS} 7.2.4`,
        }),
      ]
    },

    oversized(cell) {
      const visits = visitsOf(cell, 'too-large')
      return [
        answered(cell, 'refused', '431 x 2', visits, {
          claim: 'a cookie that is too large is refused before anybody looks at it',
          formula: `${LARGE_BYTES} bytes: the bank's limit for cookies; ${LARGER_BYTES}: its limit for all headers`,
          because: 'each request would bring it along again',
          source: `RFC 6585 section 5; ${COOKIES} section 6.1`,
          short: visits[0]?.outcome ?? '-',
        }),
        answered(cell, 'others', '200', visitsOf(cell, 'carol')[0], {
          claim: 'and nobody else notices',
          formula: 'the next visit of another customer',
          because: 'the refusal ends no session, and no other connection',
          source: `${ASVS} 2.2.1`,
        }),
      ]
    },
  },
}

/** Whose connection a request came over: `hers`, or `another`. */
function connectionOf(ask: Ask | undefined, hers: readonly Ask[]): string {
  if (ask === undefined || hers.length === 0) return ''
  return hers.some(({ group }) => group === ask.group) ? 'hers' : 'another'
}
