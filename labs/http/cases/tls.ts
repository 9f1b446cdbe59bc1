/** HTTPS: what the cookie is then, and the session inside TLS, which is another one. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { counts, says } from '../../../src/lab/claims.ts'
import { bytesOf, type Captured } from '../../../src/lab/packets.ts'
import { type Ask, answered, visitsOf } from '../asks.ts'
import type { HttpSettings } from '../conditions.ts'
import { connections, sessions } from '../counted.ts'
import { customersOf, type How } from '../customer.ts'

/** To sign in over, and three more; two of them show a ticket. */
const TICKET_CONNECTIONS = 4
const RESUMED = 2

export const tls: CaseOf<HttpSettings> = {
  id: 'tls',
  promise: 'the same bank over HTTPS, and a session of TLS that goes on over another connection',

  async act(rig, pair) {
    const overTls = async (row: string) => {
      const at = await rig.sockets(pair.b).site.bank(row, { secure: true })
      const ca = at.certificate ?? ''
      const alice = customersOf(rig, pair, row, at)('alice', { tls: { ca, ticket: false } })
      return { alice, resumed: { tls: { ca, ticket: true } } satisfies How }
    }

    const careful = (await overTls('host-cookie')).alice
    await careful.signIn({ connection: 'one' })
    await careful.visit({ connection: 'one' })
    // The same host by its other door, which is not locked.
    const plain = await rig.sockets(pair.b).site.bank('host-cookie')
    await customersOf(rig, pair, 'host-cookie', plain)('alice').visit()

    const { alice, resumed } = await overTls('ticket')
    await alice.signIn({ connection: 'first' })
    await alice.hangUp('first')
    await alice.visit({ connection: 'second', ...resumed })
    await alice.hangUp('second')
    // The cookie without being resumed; and resumed, but without the cookie.
    await alice.visit({ connection: 'third' })
    await alice.visit({ connection: 'fourth', ...resumed, cookie: '' })
  },

  rows: {
    'host-cookie'(cell) {
      const secured = groupsOf(cell.b.all('tls:accepted'))
      const isSecured = ({ group }: Ask) => secured.has(group)
      const overTls = visitsOf(cell).filter(isSecured).at(-1)
      const overHttp = visitsOf(cell)
        .filter((visit) => !isSecured(visit))
        .at(-1)
      const given = cell.a
        .all('http:cookie_received')
        .find(({ data }) => data.cookie.startsWith('__Host-session='))
      const packets = cell.b.packets()
      const texts = packets?.filter(({ data }) => data.bytes > 0 && data.text !== undefined) ?? []
      const readable = texts.filter(({ group_id }) => secured.has(group_id))
      // The same card, and the same eyes, can read what is not encrypted.
      const isRead = packets !== null && secured.size > 0 && texts.length > readable.length
      const attributes = [...(given?.data.attributes ?? [])].sort().join(', ')
      return [
        says(cell, 'attributes', 'HttpOnly, Path=/, SameSite=Strict, Secure', attributes, {
          claim: 'over HTTPS the cookie is called __Host-session, and may go nowhere else',
          formula:
            'as Set-Cookie has it: over TLS only, not for scripts, not for other sites, without Domain',
          because: 'a browser takes a cookie of that name only with these attributes',
          source: 'RFC 6265bis sections 4.1.2 and 4.1.3.2; OWASP ASVS 5.0 3.3.1',
          short: given === undefined ? '-' : '__Host-',
          evidence: [given],
        }),
        says(cell, 'over-tls', '200, with the cookie', outcomeWithCookie(overTls), {
          claim: 'over TLS it goes with the request',
          formula: 'the last visit over HTTPS',
          because: 'the same host, the same path, and the connection is secure',
          source: 'RFC 6265 section 5.4',
          evidence: [overTls?.event],
        }),
        says(cell, 'over-http', '401, without cookie', outcomeWithCookie(overHttp), {
          claim: 'to the same host without TLS the browser does not send it',
          formula: 'the visit over HTTP',
          because: 'the cookie has the attribute Secure',
          source: 'RFC 6265 section 5.4; section 4.1.2.5',
          evidence: [overHttp?.event],
        }),
        counts(cell, 'readable', 0, isRead ? readable : null, 'packets', {
          claim: 'nobody on the path reads a request, an answer or a cookie',
          formula: 'packets of these connections that begin with text',
          because: `of the connection without TLS ${texts.length - readable.length} can be read`,
          source: 'RFC 8446 section 5',
          ...(packets === null ? {} : { unseen: 'nothing could be read at this card, encrypted or not' }),
        }),
      ]
    },

    ticket(cell) {
      const secured = cell.b.all('tls:accepted')
      const resumed = secured.filter(({ data }) => data.isResumed)
      const withTicket = groupsOf(resumed)
      const visits = visitsOf(cell)
      const bare = visits.find(({ group, session }) => withTicket.has(group) && session === undefined)
      const unresumed = visits.find(({ group }) => !withTicket.has(group))
      const atClient = cell.a.all('tls:connected')
      return [
        ...connections(cell, TICKET_CONNECTIONS, {
          claim: 'the customer comes over four TCP connections, one after the other',
          formula: 'one to sign in, then three',
        }),
        counts(cell, 'resumed', RESUMED, resumed, 'connections', {
          claim: 'two of them go on with the TLS session of an earlier one',
          formula: 'those for which the client shows a ticket',
          because: `isSessionReused() at the client: ${atClient.map(({ data }) => data.isResumed).join(', ')}`,
          source: 'RFC 8446 section 2.2',
          short: `${TICKET_CONNECTIONS - resumed.length} TLS`,
        }),
        certificate(cell),
        sessions(cell, 1, {
          claim: 'the session of the bank is one all along',
          formula: 'one: she signed in once',
        }),
        answered(cell, 'no-cookie', '401', bare, {
          claim: 'resumed, but without the cookie, nobody is signed in',
          formula: 'the visit with a ticket and no cookie',
          because: 'to the bank a ticket says nothing about who asks',
          source: 'RFC 8446 section 2.2: resumption is about keys, not about users',
        }),
        answered(cell, 'no-ticket', '200', unresumed, {
          claim: 'with the cookie, but a new TLS session, she is',
          formula: 'the visit without ticket',
          because: 'the cookie was sent, and that is all the bank asks for',
          source: 'RFC 6265 section 5.4',
        }),
      ]
    },
  },
}

/** `200, with the cookie` */
function outcomeWithCookie(visit: Ask | undefined): string {
  if (visit === undefined) return ''
  return `${visit.outcome}, ${visit.session === undefined ? 'without cookie' : 'with the cookie'}`
}

function groupsOf(events: readonly { group_id?: string | undefined }[]): Set<string | undefined> {
  return new Set(events.map(({ group_id }) => group_id))
}

function certificate(cell: Cell) {
  const secured = cell.b.all('tls:accepted')
  const [full, short] = [false, true].map((isResumed) =>
    secured
      .filter(({ data }) => data.isResumed === isResumed)
      .map(({ group_id }) => firstFlightBytes(cell.a.of(group_id).packets() ?? [])),
  ) as [number[], number[]]
  const isShorter = full.length > 0 && short.length > 0 && Math.max(...short) < Math.min(...full)
  return says(cell, 'certificate', 'shorter', cell.a.packets() && (isShorter ? 'shorter' : 'as long'), {
    claim: "on these the server's first words are shorter: it does not show its certificate again",
    formula: 'bytes of the server before the first request',
    because: `with a ticket ${short.join(', ')} bytes, without ${full.join(', ')}`,
    source: 'RFC 8446 section 2.2, figure 3',
    evidence: secured,
  })
}

/** What the server says before the client has its second turn; 0 where it says nothing. */
function firstFlightBytes(packets: readonly Captured[]): number {
  const data = packets.filter(({ data: { bytes } }) => bytes > 0)
  const answer = data.findIndex(({ data: { direction } }) => direction === 'received')
  if (answer === -1) return 0
  const next = data.findIndex(({ data: { direction } }, index) => index > answer && direction === 'sent')
  return bytesOf(data.slice(answer, next))
}
