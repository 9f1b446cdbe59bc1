/** What people take for one thing, counted apart: connections of TCP, sessions of the bank, accounts shown. */
import type { Cell } from '../../src/lab/cell.ts'
import { type Claims, counts, type Words } from '../../src/lab/claims.ts'
import { type Captured, ofKind } from '../../src/lab/packets.ts'
import { sessionsAt, shownIn, visitsOf } from './asks.ts'

type Said = Pick<Words, 'claim' | 'formula'>

/** Both witnesses count: the card of the bank's host, and the bank itself. */
export function connections(cell: Cell, expected: number, words: Said): Claims {
  const { b } = cell
  const handshakes = handshakesOf(b.packets())
  return [
    counts(cell, 'handshakes', expected, handshakes, 'SYNs', {
      ...words,
      because: "SYNs that arrived at the bank's host, each connection once",
      source: 'RFC 9293 section 3.5',
      short: `${handshakes?.length ?? 0} TCP`,
    }),
    counts(cell, 'connections', expected, b.all('tcp:accepted'), 'connections', {
      claim: 'and the bank accepts as many',
      formula: words.formula ?? '',
      because: 'connections that its program was given',
      source: 'RFC 9112 section 9',
    }),
  ]
}

/** Each connection once, however often its SYN was sent. */
function handshakesOf(packets: readonly Captured[] | null): Captured[] | null {
  const syns = ofKind(packets, 'syn')
  return syns?.filter((one, index) => syns.findIndex((other) => isSame(one, other)) === index) ?? null
}

function isSame(one: Captured, other: Captured): boolean {
  return one.group_id === other.group_id
}

export function sessions(cell: Cell, expected: number, words: Said) {
  const seen = sessionsAt(cell)
  return counts(cell, 'sessions', expected, seen.length, 'sessions', {
    ...words,
    because: `session ids that the bank was shown, as digests: ${seen.join(', ')}`,
    source: 'OWASP ASVS 5.0 chapter 7; RFC 6265 section 1',
    evidence: cell.b.all('http-session:used'),
  })
}

/** @param customers how many, each of whom has visited `visitsEach` times */
export function ownAccount(cell: Cell, customers: number, visitsEach: number) {
  const right = visitsOf(cell).filter((visit) => visit.user.startsWith(`${shownIn(visit)} `))
  return counts(cell, 'own-account', customers * visitsEach, right.length, 'answers', {
    claim: 'everybody is shown their own account, and no other',
    formula: `${visitsEach} visits of ${customers} customers`,
    because: 'the cookie of each request says whose it is',
    source: 'RFC 9110 section 3.3: HTTP is stateless, no request may lean on the one before it',
    evidence: right.map(({ event }) => event),
  })
}
