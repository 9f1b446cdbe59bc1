/** One browser signs out, here or everywhere; there is another one. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts, says } from '../../../src/lab/claims.ts'
import { answered, sessionIn, visitsOf } from '../asks.ts'
import type { HttpSettings } from '../conditions.ts'
import { openBank } from '../customer.ts'

const ASVS = 'OWASP ASVS 5.0'

export const signOut: CaseOf<HttpSettings> = {
  id: 'sign-out',
  promise: 'a customer with two browsers signs out in one of them',

  async act(rig, pair) {
    for (const which of ['here', 'everywhere'] as const) {
      const { someone } = await openBank(rig, pair, which)
      const [desk, phone] = [someone('alice', {}, 'desk'), someone('alice', {}, 'phone')]
      await desk.signIn()
      await phone.signIn()
      await desk.visit()
      await phone.visit()
      const copy = await desk.cookie()
      await desk.signOut(which)
      await desk.visit()
      await phone.visit()
      // What the browser has thrown away, somebody may have kept.
      await someone('alice', {}, 'copy').visit({ cookie: copy })
    }
  },

  rows: {
    here: (cell) => [
      counts(cell, 'ended', 1, cell.b.all('http-session:ended'), 'sessions', {
        claim: 'the bank ends this one session',
        formula: 'one of two',
        because: 'each browser has a session of its own',
        source: `${ASVS} 7.4.1`,
      }),
      ...signedOutHere(cell),
      otherBrowser(cell, '200, then 200', 'the other browser goes on'),
    ],

    everywhere: (cell) => [
      counts(cell, 'ended', 2, cell.b.all('http-session:ended'), 'sessions', {
        claim: 'the bank ends every session of this customer',
        formula: 'two of two',
        because: 'it knows which sessions are hers',
        source: `${ASVS} 7.5.2`,
      }),
      ...signedOutHere(cell),
      otherBrowser(cell, '200, then 401', 'so is the other browser, which still has its cookie'),
    ],
  },
}

function signedOutHere(cell: Cell): Claims {
  const [, desk] = visitsOf(cell, 'desk')
  return [
    answered(cell, 'this-browser', '401', desk, {
      claim: 'this browser is signed out',
      formula: 'its next visit',
      because: `it sent ${sessionIn(desk)}`,
      source: `${ASVS} 7.4.1`,
    }),
    answered(cell, 'copy', '401', visitsOf(cell, 'copy')[0], {
      claim: 'and a copy of its cookie, kept from before, opens nothing any more',
      formula: 'a visit with that copy',
      because: 'the bank has no such session any more',
      source: `${ASVS} 7.4.1: a sign-out is the end of the session, and not of the cookie`,
    }),
  ]
}

function otherBrowser(cell: Cell, expected: string, claim: string) {
  const [before, after] = visitsOf(cell, 'phone')
  return says(cell, 'other-browser', expected, `${before?.outcome}, then ${after?.outcome}`, {
    claim,
    formula: 'its visits before and after',
    because: `it sent ${sessionIn(after)}`,
    source: `${ASVS} 7.5.2`,
    short: after?.outcome ?? '-',
    evidence: [before?.event, after?.event],
  })
}
